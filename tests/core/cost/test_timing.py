from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

from squeeze_core.cost import timing
from squeeze_core.cost.timing import FEWEST, MOST, Timing, Timings, in_turns, time_networks
from squeeze_core.networks.catalogue import named
from squeeze_core.queue import Queue, Requester, requester


def test_works_take_turns_and_their_first_run_is_not_counted() -> None:
    calls: list[str] = []

    def slow_at_first() -> None:
        calls.append("a")
        time.sleep(0.05 if calls.count("a") == 1 else 0.001)

    times = in_turns([slow_at_first, lambda: calls.append("b")], 3)
    assert calls == ["a", "b"] * 4
    assert [len(taken) for taken in times] == [3, 3]
    assert max(times[0]) < 50


def test_no_more_rounds_than_fit_into_the_time_but_a_fewest() -> None:
    (times,) = in_turns([lambda: time.sleep(0.01)], 1000, 2, 0.05)
    assert 2 <= len(times) < 10
    (times,) = in_turns([lambda: time.sleep(0.01)], 1000, 2, 0)
    assert len(times) == 2


def inputs(picture, *names: str) -> list:
    networks = map(named, names)
    return [(network.name, network, network.preprocess([picture.image])) for network in networks]


def test_a_networks_time_is_a_median_between_its_quartiles(engine, chelsea) -> None:
    timings = time_networks(inputs(chelsea, "squeezenet1_1", "efficientnet_lite0"), engine)
    assert timings is not None and [one.model for one in timings.networks] == [
        "squeezenet1_1",
        "efficientnet_lite0",
    ]
    assert timings.device == "cpu" and (timings.load is None or timings.load >= 0)
    for one in timings.networks:
        assert 0 < one.low <= one.network <= one.high
        assert FEWEST <= one.runs <= MOST
    assert len({one.runs for one in timings.networks}) == 1


def test_a_slow_run_moves_neither_median_nor_quartiles(monkeypatch) -> None:
    monkeypatch.setattr(timing, "in_turns", lambda *_: [[1.0, 2.0, 3.0, 4.0, 100.0]])
    engine = SimpleNamespace(queue=Queue(1), run=print, device=SimpleNamespace(type="cpu"))
    assert time_networks([("one", None, None)], engine).networks == (Timing("one", 3.0, 2.0, 4.0, 5),)


def test_measuring_gives_way_and_gives_up_rather_than_hold_others_up(monkeypatch) -> None:
    taken, others, queue = [], [], Queue(1)

    def run(network: object, given: object) -> None:
        taken.append(network)
        time.sleep(0.02)

    def another() -> None:
        requester.set(Requester("another"))
        for _ in range(3):
            with queue.turn():
                others.append(len(taken))

    engine = SimpleNamespace(queue=queue, run=run, device=SimpleNamespace(type="cpu"))
    works = [("slow", None, None)]
    thread = threading.Thread(target=another)
    with queue.turn():
        thread.start()
    assert time_networks(works, engine).networks[0].network > 19
    thread.join(10)
    assert len(others) == 3 and others[-1] < len(taken)  # between the runs, not after them
    monkeypatch.setattr(timing, "PATIENCE_SECONDS", 0.2)
    with ThreadPoolExecutor(1) as threads, queue.turn(large=True):
        assert threads.submit(time_networks, works, engine).result(10) is None


def test_load_or_a_wide_spread_make_a_machine_busy() -> None:
    steady = Timing("squeezenet1_1", low=10.0, network=11.0, high=12.0, runs=5)
    assert not Timings("cpu", (steady,), 0.5).busy
    assert not Timings("cpu", (steady,), None).busy
    assert Timings("cpu", (steady,), 2.0).busy
    assert Timings("cpu", (replace(steady, high=20.0),), 0.5).busy
