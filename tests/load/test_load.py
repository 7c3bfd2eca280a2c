"""A few sessions for a few seconds; the figures are what `python -m tests.load` is for."""

from __future__ import annotations

import argparse
import os

from tests.load.__main__ import Load, finish


def test_every_session_has_its_own_answers_and_nothing_goes_wrong(app_url: str) -> None:
    load = Load(
        argparse.Namespace(
            sessions=3, seconds=2, every=0.5, long=0, in_step=0, uploads=0, kill=0, few_pages=False
        ),
        app_url,
        os.getpid(),
    )
    finish(load.wave())
    assert load.faults == []
    assert len(load.seconds["open"]) == 3 and len(load.seconds["upload"]) >= 3
    assert set(load.seconds) & {"page", "slider", "why"}  # which of them, the dice say
    assert load.report()["height_mb"] > 100  # type: ignore[operator]
