"""A few sessions for a few seconds; the figures are what `python -m tests.load` is for."""

from __future__ import annotations

import argparse
import os

from tests.load.__main__ import Load, finish


def test_every_session_has_its_own_answers_and_nothing_goes_wrong(app_url: str) -> None:
    load = Load(argparse.Namespace(sessions=3, seconds=6, every=1), app_url, os.getpid())
    finish(load.wave())
    wave = load.report()
    assert wave["faults"] == []
    assert wave["seconds"]["upload"]["times"] >= 3 and wave["seconds"]["light"]["times"] >= 1  # type: ignore[index]
    assert wave["height_mb"] > 100  # type: ignore[operator]
