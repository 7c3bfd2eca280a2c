from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from squeeze_core.cost import timing
from squeeze_core.cost.timing import FEWEST, MOST, Pass, Timings, in_turns, passes, time_passes
from squeeze_core.networks.catalogue import DEFAULT, named
from squeeze_core.networks.queue import Queue, Requester, requester


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


def test_a_networks_time_is_a_median_between_its_quartiles(engine, chelsea) -> None:
    timings = time_passes(
        passes(chelsea, (DEFAULT, named("efficientnet_lite0"))), chelsea.milliseconds, engine
    )
    assert [one.model for one in timings.networks] == ["squeezenet1_1", "efficientnet_lite0"]
    assert timings.device == "cpu" and (timings.load is None or timings.load >= 0)
    for one in timings.networks:
        assert 0 < one.low <= one.network <= one.high
        assert FEWEST <= one.runs <= MOST and one.prepare > 0
        assert one.decode == chelsea.milliseconds
    assert len({one.runs for one in timings.networks}) == 1


def test_measuring_gives_way_and_gives_up_rather_than_hold_others_up(engine, chelsea, monkeypatch) -> None:
    work, others = passes(chelsea, (DEFAULT,)), []

    def another() -> None:
        requester.set(Requester("another"))
        for _ in range(3):
            with engine.queue.turn():
                others.append(len(taken))

    taken: list[object] = []
    monkeypatch.setattr(engine, "queue", Queue(1))
    slow = Pass("slow", DEFAULT, lambda: (time.sleep(0.02), taken.append(1), work[0].prepare())[2])
    thread = threading.Thread(target=another)
    with engine.queue.turn():
        thread.start()
    assert time_passes([slow], 3.0, engine) is not None
    thread.join(10)
    assert len(others) == 3 and others[-1] < len(taken)  # between the runs, not after them
    monkeypatch.setattr(timing, "PATIENCE_SECONDS", 0.2)
    with ThreadPoolExecutor(1) as threads, engine.queue.turn(large=True):
        assert threads.submit(time_passes, work, 3.0, engine).result(10) is None


def test_load_or_a_wide_spread_make_a_machine_busy(engine, chelsea) -> None:
    (one,) = time_passes(passes(chelsea, (DEFAULT,)), 3.0, engine).networks
    steady = replace(one, low=10.0, network=11.0, high=12.0)
    assert not Timings("cpu", (steady,), 0.5).busy
    assert not Timings("cpu", (steady,), None).busy
    assert Timings("cpu", (steady,), 2.0).busy
    assert Timings("cpu", (replace(steady, high=20.0),), 0.5).busy
