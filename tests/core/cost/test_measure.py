"""Measuring for real, on two small networks, and stopping it."""

from __future__ import annotations

import signal
import subprocess
from dataclasses import replace

import pytest
import torch

from squeeze_core.cost.measure import MeasureError, Measurement, MeasureStep, measure
from squeeze_core.cost.measure_process import untrained
from squeeze_core.networks.catalogue import DEFAULT, named


@pytest.mark.parametrize("name", ["swin_t", "regnet_y_400mf"])
def test_what_a_network_computes_beside_its_weights_is_kept(name: str) -> None:
    answers = untrained(named(name))(torch.zeros(1, 3, 64, 64))
    assert answers.shape == (1, 1000) and answers.isfinite().all()


def test_networks_are_measured_with_progress_and_what_cannot_run_is_one_sentence() -> None:
    events = []
    networks = [DEFAULT, named("shufflenet_v2_x0_5"), replace(DEFAULT, name="no_such_network")]
    with pytest.raises(MeasureError, match="no_such_network could not be measured"):
        for event in measure(networks):
            events.append(event)
    steps = [event for event in events if isinstance(event, MeasureStep)]
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    squeezenet, other = (event for event in events if isinstance(event, Measurement))
    assert squeezenet.trained and not other.trained
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
    first = measure([DEFAULT])
    assert isinstance(next(first), MeasureStep)
    (process,) = started
    assert process.poll() is None
    monkeypatch.setattr("squeeze_core.cost.measure.PATIENCE_S", 0.01)
    with pytest.raises(MeasureError, match="Another measurement"):
        next(measure([DEFAULT]))
    first.close()
    assert process.returncode == -signal.SIGKILL
    second = measure([DEFAULT])
    assert isinstance(next(second), MeasureStep)
    second.close()
