"""What is kept for all sessions, within its bytes."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.server import inside_results, memory, results
from pages.server.memory import RESULTS, TRACES, Kept, kept, size_of
from pages.session import tray
from squeeze_core import gallery
from squeeze_core.networks.catalogue import DEFAULT

ROOT = Path(__file__).parents[2]


def test_bytes_are_bounded_and_the_longest_unused_goes_first() -> None:
    store = Kept(most=2500)
    for name in "abc":
        store.get(name, lambda: np.zeros(100))  # 800 bytes each
    store.get("a", lambda: pytest.fail("it is kept"))
    store.get("d", lambda: np.zeros(100))
    assert store.bytes == 2400 and "b" not in store and "a" in store and "d" in store


def test_one_result_larger_than_all_is_still_given() -> None:
    store = Kept(most=10)
    assert store.get("big", lambda: np.ones(1000)).sum() == 1000
    store.get("next", lambda: 1)
    assert "big" not in store


def test_two_who_ask_for_the_same_make_it_once() -> None:
    store, made = Kept(), []

    def slow() -> int:
        time.sleep(0.1)
        made.append(1)
        return 7

    threads = [threading.Thread(target=store.get, args=("key", slow)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
    assert not store._making  # nothing is left of keys that are known


def test_what_is_stopped_is_not_kept_and_can_be_asked_for_again() -> None:
    store = Kept()
    with pytest.raises(KeyboardInterrupt):
        store.get("key", lambda: exec("raise KeyboardInterrupt"))
    assert store.get("key", lambda: 3) == 3


def test_results_are_told_apart_by_function_picture_and_network() -> None:
    calls: list[str] = []

    @kept
    def first(picture: object, network: object) -> int:
        calls.append("first")
        return 1

    @kept
    def second(picture: object, network: object) -> int:
        calls.append("second")
        return 2

    cat, cup = (sample.picture() for sample in gallery.samples()[:2])
    answers = [
        of(picture, DEFAULT) for of, picture in ((first, cat), (second, cat), (first, cat), (first, cup))
    ]
    assert answers == [1, 2, 1, 1]
    assert calls == ["first", "second", "first"]


def test_traces_do_not_push_out_what_takes_long_to_make() -> None:
    picture = gallery.samples()[0].picture()
    assert all("inside.trace" not in str(key) for key in RESULTS._values)
    inside_results.trace(picture, DEFAULT)
    assert any("inside.trace" in str(key) for key in TRACES._values)
    assert TRACES.most + RESULTS.most <= 256_000_000


def test_sizes_are_those_of_what_a_result_holds() -> None:
    picture = gallery.samples()[0].picture()
    assert size_of(picture) >= 3 * picture.image.width * picture.image.height
    trace = inside_results.trace(picture, DEFAULT)
    assert 7.5e6 < size_of(trace) < 8.5e6  # a module's output shares its numbers with its expands
    assert 4000 < size_of(results.classification(picture, DEFAULT)) < 10_000  # 1,000 float32
    assert size_of(DEFAULT) == 0


GIVING = """
from pages.server import memory

def resident():
    return 4096 * int(open("/proc/self/statm").read().split()[1])

before = resident()
blocks = [b"x" * 100_000 for _ in range(3000)]  # each too small for a mapping of its own
keeps = blocks[-1]  # at the end of the heap, so that freeing alone gives nothing back
held = resident()
del blocks
memory.give_back()
print(held - before, held - resident())
"""


def test_memory_goes_back_to_the_system() -> None:
    # In a process of its own, whose heap nobody has used before.
    command = [sys.executable, "-c", GIVING]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    taken, given_back = map(int, told.stdout.split())
    assert taken > 250e6 and given_back > 0.9 * taken


def test_garbage_is_sought_among_what_is_new_alone() -> None:
    class Node:
        pass

    node = Node()
    node.itself = node  # type: ignore[attr-defined]
    gone = weakref.ref(node)
    memory.give_back()
    assert gc.get_freeze_count() > 100_000  # what the packages have made is not looked through again
    del node
    gc.collect()
    assert gone() is not None
    memory.give_back()
    assert gone() is None


@pytest.mark.parametrize("page", ["fire_modules", "why"])
def test_a_session_that_shows_a_page_holds_no_trace(page: str) -> None:
    """Streamlit keeps fragments, callbacks and what downloads are made of: 8 MB a person with a trace."""
    TRACES.clear()
    app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=120).run()
    assert not app.exception
    held = weakref.ref(inside_results.trace(tray.sample_entry(gallery.samples()[0].file).picture, DEFAULT))
    assert held() is not None
    TRACES.clear()
    gc.unfreeze()
    gc.collect()
    assert held() is None
    assert app.title


def test_what_was_kept_for_visitors_goes_with_the_last_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = iter([2, 1, 0, 0])
    monkeypatch.setattr(memory, "sessions", lambda: next(counts))
    monkeypatch.setattr(memory, "OFTEN", 1)
    monkeypatch.setattr(memory, "give_back", lambda: None)
    kept_then: list[bool] = []

    def rest(seconds: float) -> None:
        kept_then.append("visitor's" in RESULTS)
        if len(kept_then) == 5:
            raise InterruptedError

    monkeypatch.setattr(time, "sleep", rest)
    RESULTS.get("visitor's", lambda: 1)
    with pytest.raises(InterruptedError):
        memory.tidy(lambda: RESULTS.get("first", lambda: 2))
    assert kept_then == [True, True, True, False, False] and "first" in RESULTS
