"""The log, one line a request on standard error.

It never holds names or contents of pictures. `SQUEEZE_LAB_LOG` sets the level (DEBUG, INFO, WARNING …).
"""

from __future__ import annotations

import logging
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.errors import FragmentHandledException

from squeeze_core.errors import UserError

_LOG = logging.getLogger("squeeze_lab")
_LOG.propagate = False
_HANDLER = logging.StreamHandler(sys.stderr)
_HANDLER.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
_LOG.addHandler(_HANDLER)
_LEVEL = logging.getLevelNamesMapping().get(os.environ.get("SQUEEZE_LAB_LOG", "INFO").upper(), logging.INFO)
_LOG.setLevel(_LEVEL)


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
        took = 1000 * (time.perf_counter() - begun)
        _LOG.info("page=%s milliseconds=%.0f outcome=%s", page.replace(" ", "-"), took, outcome)


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
