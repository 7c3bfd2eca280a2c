"""Sessions of one visitor, without a browser."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[1]


def opened(script: str = "app.py", said: Mapping[str, str] | None = None, **state: object) -> AppTest:
    """A new session on that script, without an error; `said`: by the address, `state`: the session's."""
    at = AppTest.from_file(str(ROOT / script), default_timeout=180)
    for name, value in (said or {}).items():
        at.query_params[name] = value
    for name, value in state.items():
        at.session_state[name] = value
    at.run()
    assert not at.exception
    return at
