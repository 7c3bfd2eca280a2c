"""Returning memory to the system when visitors have gone."""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from collections.abc import Callable

from pages.server.cache import RESULTS, TRACES

EVERY_SECONDS = 20.0


def watch(count_sessions: Callable[[], int], seconds: float = EVERY_SECONDS) -> None:
    """For ever: give memory back each time that a session has ended, and with the last one drop results."""
    known = 0
    while True:
        time.sleep(seconds)
        before, known = known, count_sessions()
        if known < before:
            if not known:
                RESULTS.clear()
                TRACES.clear()
            give_back()


def give_back() -> None:
    """Free what nobody holds, and return it to the system where the C library can."""
    gc.collect()
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)
