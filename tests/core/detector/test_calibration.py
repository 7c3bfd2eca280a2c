from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from squeeze_core.detector import calibrate
from squeeze_core.detector.calibration import (
    UNCALIBRATED,
    Bin,
    Calibration,
    Judged,
    bins,
    expected_error,
    f1,
    fit,
)
from squeeze_core.detector.detections import Candidates
from squeeze_core.detector.network import Detector
from squeeze_core.detector.pretrained import load_detector, save_detector, write_calibration
from squeeze_core.errors import WeightsError


def judged(count: int = 6000, seed: int = 0) -> Judged:
    """Boxes of a detector that is right with probability s³: too sure of itself, everywhere."""
    random = np.random.default_rng(seed)
    scores = random.uniform(0.05, 1, count)
    right = random.uniform(size=count) < scores**3
    return Judged(scores, right, np.arange(count) // 10, int(right.sum()) + 100)


def test_calibrated_scores_say_how_many_are_right() -> None:
    found = fit(judged(), "made up")
    new = judged(seed=1)
    assert expected_error(bins(new.scores, new.right)) > 0.15
    assert expected_error(bins(found(new.scores), new.right)) < 0.04
    assert float(found(np.array(0.8))) == pytest.approx(0.8**3, abs=0.05)
    assert expected_error(found.after) < 0.05 < expected_error(found.before)


def test_each_half_is_judged_by_a_fit_to_the_other() -> None:
    """Even pictures' boxes are right by s³, odd ones' by s: neither fit suits the other half."""
    boxes = judged()
    random, odd = np.random.default_rng(2), boxes.pictures % 2 == 1
    right = random.uniform(size=len(odd)) < np.where(odd, boxes.scores, boxes.scores**3)
    found = fit(replace(boxes, right=right), "")
    assert expected_error(found.after) > 0.02


def test_no_two_boxes_change_places() -> None:
    scores = np.linspace(0.01, 0.999, 500)
    for calibration in (UNCALIBRATED, fit(judged(), ""), Calibration(0.0, 2.0, -1.0)):
        assert (np.diff(calibration(scores)) > 0).all()
    assert UNCALIBRATED(scores) == pytest.approx(scores)


def test_the_threshold_has_nearly_the_best_f1() -> None:
    boxes = judged()
    found = fit(boxes, "")
    calibrated = found(boxes.scores)
    every = {t: f1(calibrated >= t, boxes) for t in np.arange(0.05, 1, 0.05)}
    best = max(every.values())
    assert f1(calibrated >= found.threshold, boxes) >= best - 0.01
    assert all(value < best - 0.01 for t, value in every.items() if t > found.threshold + 0.01)


def test_boxes_that_teach_nothing_are_refused() -> None:
    scores = np.linspace(0.1, 0.9, 50)
    with pytest.raises(ValueError, match="right and boxes that are wrong"):
        fit(Judged(scores, np.ones(50, bool), np.arange(50), 50), "")
    with pytest.raises(ValueError, match="not right more often"):
        fit(Judged(scores, scores < 0.5, np.arange(50), 50), "")


def test_bins_count_every_box_once() -> None:
    rows = bins(np.array([0.02, 0.04, 0.95, 1.0]), np.array([False, True, True, True]))
    assert rows == (Bin(pytest.approx(0.03), 0.5, 2), Bin(pytest.approx(0.975), 1.0, 2))


def test_candidates_show_calibrated_scores_and_the_same_boxes() -> None:
    arrays = (
        np.array([[0, 0, 50, 50], [2, 0, 50, 50], [60, 60, 90, 90]], np.float32),
        np.array([0.8, 0.6, 0.5], np.float32),
        np.array([0, 0, 1]),
    )
    plain = Candidates("a.png", 100, 100, ("cat", "dog"), *arrays, 1.0)
    calibration = Calibration(3.0, 3.0, 0.0, threshold=0.7)
    calibrated = Candidates("a.png", 100, 100, ("cat", "dog"), *arrays, 1.0, calibration)
    assert [one.score for one in calibrated.proposals()] == pytest.approx([0.8**3 / (0.8**3 + 0.2**3), 0.5])
    assert [one.box for one in calibrated.proposals()] == [one.box for one in plain.proposals()]
    assert [one.label for one in calibrated.detections()] == ["cat"]  # its own threshold
    assert [one.label for one in plain.detections()] == ["cat", "dog"]
    best = calibrated.best()
    assert best is not None and best == calibrated.detections(0.1)[0]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "detector.safetensors"
    torch.manual_seed(0)
    save_detector(Detector(2, 32).eval(), ("red", "blue"), 64, path)
    return path


def test_a_weights_file_carries_its_calibration(weights: Path) -> None:
    assert load_detector(weights).calibration == UNCALIBRATED
    before = load_detector(weights).network.state_dict()
    calibration = Calibration(2.0, 1.5, -0.25, 0.35, (Bin(0.1, 0.2, 3),), (Bin(0.2, 0.2, 3),), "here")
    mode = weights.stat().st_mode
    write_calibration(weights, calibration)
    loaded = load_detector(weights)
    assert loaded.calibration == calibration and loaded.labels == ("red", "blue")
    assert all((loaded.network.state_dict()[name] == value).all() for name, value in before.items())
    assert weights.stat().st_mode == mode


def test_a_damaged_calibration_is_a_sentence(weights: Path, tmp_path: Path) -> None:
    write_calibration(weights, UNCALIBRATED)
    data = weights.read_bytes()
    for damage in (b"treshold", b'\\"befor'):
        whole = b"threshold" if damage[0:1] == b"t" else b'\\"before'
        (tmp_path / "a.safetensors").write_bytes(data.replace(whole, damage.ljust(len(whole))))
        with pytest.raises(WeightsError):
            load_detector(tmp_path / "a.safetensors")


def test_the_command_writes_into_the_file(
    weights: Path, coco_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(coco_folder / "val"), "--annotations", str(coco_folder / "val.json")]
    command += ["--weights", str(weights)]
    assert calibrate.main(command) == 2  # an untrained network finds nothing that is right
    assert "right and boxes that are wrong" in capsys.readouterr().err
    assert load_detector(weights).calibration == UNCALIBRATED
    monkeypatch.setattr(calibrate, "judge", lambda *_: judged())
    assert calibrate.main(command) == 0
    written = load_detector(weights).calibration
    assert written.on == "4 pictures, 1,698 boxes"
    with safe_open(weights, "pt") as opened:
        assert json.loads(opened.metadata()["calibration"])["threshold"] == written.threshold


def test_the_shipped_detector_is_calibrated() -> None:
    """Of its boxes from 30 % on, those given about 60 % are right about 60 % of the time."""
    calibration = load_detector().calibration
    assert expected_error(calibration.after) < 0.04 < expected_error(calibration.before)
    for row in calibration.after:
        assert row.right == pytest.approx(row.score, abs=0.1)
    assert 0.2 <= calibration.threshold <= 0.6


def test_boxes_that_are_never_shown_are_no_error() -> None:
    assert expected_error([Bin(0.05, 0.5, 1000), Bin(0.5, 0.4, 10)]) == pytest.approx(0.1)
