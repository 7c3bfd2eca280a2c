"""Less memory taken from the system, and given back when visitors have gone."""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from collections.abc import Callable

from pages.server import log
from pages.server.cache import RESULTS, TRACES

EVERY_SECONDS = 20.0
# For mallopt(3): M_ARENA_MAX; M_MMAP_THRESHOLD, above activations and below pictures; M_TRIM_THRESHOLD.
_LIMITS = {-8: 2, -3: 4_000_000, -1: 64_000_000}


def limit_allocator() -> None:
    """Have glibc keep less for later: ten sessions for a minute took 1,520 MB at most instead of 1,850.

    By default each thread has a heap of its own, and what one frees the others cannot use; and once a block
    of many megabytes was freed, blocks as large are kept from then on.
    """
    if sys.platform == "linux" and (limit := getattr(ctypes.CDLL(None), "mallopt", None)):
        for name, value in _LIMITS.items():
            limit(name, value)


def watch(count_sessions: Callable[[], int], seconds: float = EVERY_SECONDS) -> None:
    """For ever: give memory back each time that a session has ended, and with the last one drop results."""
    known = 0
    while True:
        time.sleep(seconds)
        with log.background("memory"):
            before, known = known, count_sessions()
            if known < before:
                if not known:
                    RESULTS.clear()
                    TRACES.clear()
                give_back()


def give_back() -> None:
    """Free what is no longer used, and return it to the system where the C library can."""
    gc.collect()
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)
