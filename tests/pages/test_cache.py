"""The cache of results that all sessions share, bounded in bytes."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from pages.server import cache as cache_module
from pages.server import inside_results, results
from pages.server.cache import RESULTS, TRACES, ByteBoundedCache, cache_key, cached, size_of
from pages.session import tray
from squeeze_core import gallery
from squeeze_core.errors import UserError
from squeeze_core.networks.catalogue import DEFAULT
from tests.sessions import opened

ROOT = Path(__file__).parents[2]


def holds(cache: ByteBoundedCache, key: str) -> bool:
    return cache.get(key, lambda: None) is not None


def test_bytes_are_bounded_and_the_least_recently_used_goes_first() -> None:
    cache = ByteBoundedCache(2500)
    for name in "abc":
        cache.get(name, lambda: np.zeros(100))  # 800 bytes each
    cache.get("a", lambda: pytest.fail("it is kept"))
    cache.get("d", lambda: np.zeros(100))
    assert cache.bytes == 2400 and not holds(cache, "b") and holds(cache, "a") and holds(cache, "d")


def test_one_result_larger_than_the_bound_is_still_given() -> None:
    cache = ByteBoundedCache(10)
    assert cache.get("big", lambda: np.ones(1000)).sum() == 1000
    cache.get("next", lambda: 1)
    assert not holds(cache, "big")


def test_a_result_that_is_too_old_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now, made = [0.0], []
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    cache = ByteBoundedCache(1000)
    for now[0] in (0.0, 59.0, 61.0):
        cache.get("key", lambda: made.append(now[0]) or 1, seconds=60)
    assert made == [0.0, 61.0]
    assert cache.bytes == size_of(1)  # the old one is counted no more


def test_two_requests_for_the_same_make_it_once() -> None:
    cache, made = ByteBoundedCache(1000), []

    def slow() -> int:
        time.sleep(0.1)
        made.append(1)
        return 7

    threads = [threading.Thread(target=cache.get, args=("key", slow)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert made == [1]
    assert not cache._making  # nothing is left of keys that are known


def test_what_is_stopped_is_not_kept_and_can_be_asked_for_again() -> None:
    cache = ByteBoundedCache(1000)
    with pytest.raises(KeyboardInterrupt):
        cache.get("key", lambda: exec("raise KeyboardInterrupt"))
    assert cache.get("key", lambda: 3) == 3


def test_none_is_not_kept() -> None:
    cache, answers = ByteBoundedCache(1000), iter([None, 3])
    assert [cache.get("key", lambda: next(answers)) for _ in range(3)] == [None, 3, 3]


@pytest.mark.parametrize("error", [UserError("The weights are missing."), InterruptedError()])
def test_who_waits_for_another_session_gets_its_error_or_makes_it_or_leaves(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    cache, begun, go_on = ByteBoundedCache(1000), threading.Event(), threading.Event()
    polled = threading.Semaphore(0)

    def end_unwanted_run() -> None:
        polled.release()
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt

    monkeypatch.setattr(cache_module, "end_unwanted_run", end_unwanted_run)

    def fail() -> int:
        begun.set()
        go_on.wait(10)
        raise error

    with ThreadPoolExecutor(2) as threads:
        maker = threads.submit(cache.get, "key", fail)
        begun.wait(10)
        waiter = threads.submit(cache.get, "key", lambda: 5)
        assert polled.acquire(timeout=10)
        with pytest.raises(KeyboardInterrupt):
            cache.get("key", lambda: 6)
        go_on.set()
        assert maker.exception(10) is error
        if isinstance(error, UserError):
            assert waiter.exception(10) is error and not holds(cache, "key")
        else:
            assert waiter.result(10) == 5 == cache.get("key", lambda: 7)


def test_results_are_told_apart_by_function_and_arguments_but_not_by_a_callback() -> None:
    calls: list[str] = []

    @cached()
    def first(picture: object, network: object = DEFAULT, _progress: object = None) -> int:
        calls.append("first")
        return 1

    @cached()
    def second(picture: object, network: object = DEFAULT) -> int:
        calls.append("second")
        return 2

    cat, cup = (sample.picture() for sample in gallery.samples()[:2])
    answers = [first(cat), second(cat), first(cat, network=DEFAULT, _progress=print), first(cup)]
    assert answers == [1, 2, 1, 1]
    assert calls == ["first", "second", "first"]


def test_a_key_tells_content_and_name_apart_also_inside_a_tuple() -> None:
    one, other = (sample.picture() for sample in gallery.samples()[:2])
    assert cache_key(one) == cache_key(gallery.samples()[0].picture()) != cache_key(other)
    assert cache_key((one, 3)) != cache_key((other, 3))
    hash(cache_key((one, DEFAULT)))


def test_traces_do_not_push_out_what_takes_long_to_make() -> None:
    before = RESULTS.bytes
    inside_results.trace(gallery.samples()[0].picture(), DEFAULT)
    assert TRACES.bytes > 7e6 and RESULTS.bytes == before
    assert TRACES.limit + RESULTS.limit <= 256_000_000


def test_sizes_are_those_of_what_a_result_holds() -> None:
    picture = gallery.samples()[0].picture()
    assert size_of(picture) >= 3 * picture.image.width * picture.image.height
    trace = inside_results.trace(picture, DEFAULT)
    assert 8e6 < size_of(trace) < 10e6  # a module's output shares its numbers with its expands
    assert 4000 < size_of(results.classification(picture, DEFAULT)) < 10_000  # 1,000 float32
    assert size_of(DEFAULT) == 0


@pytest.mark.parametrize("page", ["fire_modules", "why"])
def test_a_session_that_shows_a_page_holds_no_trace(page: str) -> None:
    """Streamlit keeps fragments, callbacks and what downloads are made of: 8 MB a person with a trace."""
    TRACES.clear()
    app = opened(f"pages/{page}.py")
    assert not app.exception
    held = weakref.ref(inside_results.trace(tray.sample_entry(gallery.samples()[0].file).picture, DEFAULT))
    assert held() is not None
    TRACES.clear()

    gc.collect()
    assert held() is None
    assert app.title
