"""Measuring for real, on the two smallest subjects, and stopping it."""

from __future__ import annotations

import signal
import subprocess

import pytest

from squeeze_core.cost import handmade
from squeeze_core.cost.measure import MeasureError, Measurement, MeasureStep, measure


def test_squeezenet_and_hog_are_measured_with_progress_and_what_cannot_run_is_one_sentence() -> None:
    events = []
    with pytest.raises(MeasureError, match="no_such_network could not be measured"):
        for event in measure(["squeezenet1_1", handmade.NAME, "no_such_network"]):
            events.append(event)
    steps = [event for event in events if isinstance(event, MeasureStep)]
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    squeezenet, hog = (event for event in events if isinstance(event, Measurement))
    assert squeezenet.trained and not hog.trained
    assert 0 < squeezenet.fastest <= squeezenet.milliseconds <= squeezenet.slowest
    assert squeezenet.images_per_second > 0
    if squeezenet.peak_memory_bytes is not None:
        # At least its 5 MB of weights and 6 MB of activations, far less than PyTorch itself.
        assert 8e6 < squeezenet.peak_memory_bytes < 300e6
    assert squeezenet.threads >= 1
    assert "PyTorch" in squeezenet.conditions and squeezenet.day in squeezenet.conditions


def test_closing_ends_the_process_and_two_do_not_run_together(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[str]] = []

    class Noted(subprocess.Popen):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr("squeeze_core.cost.measure.subprocess.Popen", Noted)
    first = measure(["squeezenet1_1"])
    assert isinstance(next(first), MeasureStep)
    (process,) = started
    assert process.poll() is None
    monkeypatch.setattr("squeeze_core.cost.measure.PATIENCE_S", 0.01)
    with pytest.raises(MeasureError, match="Another measurement"):
        next(measure(["squeezenet1_1"]))
    first.close()
    assert process.returncode == -signal.SIGKILL
    second = measure(["squeezenet1_1"])
    assert isinstance(next(second), MeasureStep)
    second.close()
