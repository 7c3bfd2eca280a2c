"""The log, one line a request on standard error, and the health figures of this server.

It never holds names or contents of pictures. `SQUEEZE_LAB_LOG` sets the level (DEBUG, INFO, WARNING …).
"""

from __future__ import annotations

import logging
import os
import secrets
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import streamlit as st
from streamlit.errors import FragmentHandledException

from squeeze_core.errors import UserError

MOST_REQUESTS = 1000
_LOG = logging.getLogger("squeeze_lab")
_LOG.propagate = False
_HANDLER = logging.StreamHandler(sys.stderr)
_HANDLER.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
_LOG.addHandler(_HANDLER)
_LEVEL = logging.getLevelNamesMapping().get(os.environ.get("SQUEEZE_LAB_LOG", "INFO").upper(), logging.INFO)
_LOG.setLevel(_LEVEL)
_RECENT: deque[tuple[float, float]] = deque(maxlen=MOST_REQUESTS)


class Health(NamedTuple):
    """Of the last `minutes`: requests, and the median and 95th percentile of their seconds.

    None without requests. `memory_bytes`: resident memory of this process, None where the system does not
    say; `load`: processes that want a core, averaged over a minute, and `cores` that there are.
    """

    minutes: float
    requests: int
    median_s: float | None
    p95_s: float | None
    memory_bytes: int | None
    load: float | None
    cores: int


@contextmanager
def background(name: str) -> Iterator[None]:
    """Log an error of a background thread, which goes on."""
    try:
        yield
    except Exception as error:
        _incident(error, name)


@contextmanager
def request(page: str) -> Iterator[None]:
    """Log one run of a page. An error in it is one sentence on screen: the other pages work.

    An unexpected error gets an incident number, under which the log has its traceback.
    """
    begun = time.perf_counter()
    outcome = "interrupted"  # what Streamlit does when the person has moved on
    try:
        yield
        outcome = "done"
    except FragmentHandledException:
        outcome = "incomplete"  # `show_error` has said why
    except Exception as error:
        outcome = show_error(error, page)
    finally:
        seconds = time.perf_counter() - begun
        _RECENT.append((time.time(), seconds))
        _LOG.info("page=%s milliseconds=%.0f outcome=%s", page.replace(" ", "-"), 1000 * seconds, outcome)


def show_error(error: Exception, page: str = "a part of a page") -> str:
    """Draw an error as one sentence; an unexpected one goes to the log, under the number that the sentence
    names. Returns the outcome for the log."""
    if isinstance(error, UserError):
        st.error(str(error), icon=":material/error:")
        return "refused"
    number = _incident(error, page)
    st.error(
        f"Something went wrong here that should not have. The server's log has it as incident {number}"
        "; your pictures are still here.",
        icon=":material/error:",
    )
    return f"incident {number}"


def _incident(error: Exception, place: str) -> str:
    """Log the traceback under a new number."""
    number = secrets.token_hex(3)
    _LOG.error("incident %s on %s", number, place, exc_info=error)
    return number


def health(minutes: float = 10) -> Health:
    """Figures of the requests of the last `minutes`, and of memory and load now."""
    since = time.time() - 60 * minutes
    seconds = sorted(took for when, took in list(_RECENT) if when >= since)
    median = seconds[len(seconds) // 2] if seconds else None
    p95 = seconds[int(0.95 * len(seconds))] if seconds else None
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return Health(minutes, len(seconds), median, p95, _memory_bytes(), load, os.cpu_count() or 1)


def _memory_bytes() -> int | None:
    """Resident memory, by Linux's account."""
    try:
        pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
