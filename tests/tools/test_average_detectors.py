from __future__ import annotations

from pathlib import Path

import pytest
import torch

from squeeze_core.detector.network import Detector
from squeeze_core.detector.pretrained import load_detector, save_detector
from tools.average_detectors import main


def saved(path: Path, labels: tuple[str, ...] = ("a", "b"), size: int = 64) -> Detector:
    network = Detector(len(labels), 32)
    save_detector(network, labels, size, path)
    return network


def test_every_weight_is_the_mean(tmp_path: Path) -> None:
    files = [tmp_path / "one", tmp_path / "two"]
    one, two = saved(files[0], size=96), saved(files[1])
    assert main([*map(str, files), "--out", str(tmp_path / "mean")]) == 0
    mean = load_detector(tmp_path / "mean")
    assert mean.preprocess.size == 64 and mean.labels == ("a", "b")
    for a, b, c in zip(one.parameters(), two.parameters(), mean.network.parameters(), strict=True):
        assert torch.allclose((a + b) / 2, c, atol=2e-3)


def test_other_classes_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(tmp_path / "one")
    saved(tmp_path / "two", ("a", "c"))
    assert main([str(tmp_path / "one"), str(tmp_path / "two"), "--out", str(tmp_path / "mean")]) == 2
    assert "other classes" in capsys.readouterr().err and not (tmp_path / "mean").exists()


def test_the_input_side_can_be_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(tmp_path / "one")
    command = [str(tmp_path / "one"), "--out", str(tmp_path / "mean"), "--size"]
    assert main([*command, "96"]) == 0
    assert load_detector(tmp_path / "mean").preprocess.size == 96
    assert main([*command, "100"]) == 2
    assert "multiple of 32" in capsys.readouterr().err
