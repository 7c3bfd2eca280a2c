"""A few sessions for a few seconds; the figures are what `python -m tests.load` is for."""

from __future__ import annotations

import argparse

from tests.browser.conftest import free_port
from tests.load.__main__ import run


def test_every_session_has_its_own_answers_and_nothing_goes_wrong() -> None:
    few = argparse.Namespace(sessions=3, seconds=6, every=1, waves=1, after=0, settle=6, port=free_port())
    (wave,) = run(few)["waves"]  # type: ignore[misc]
    assert wave["faults"] == []
    assert wave["seconds"]["upload"]["times"] >= 3 and wave["seconds"]["light"]["times"] >= 1
    assert wave["height_mb"] > 100
