from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from squeeze_core.detector import evaluate as module
from squeeze_core.detector.annotations import Annotations, read_coco
from squeeze_core.detector.detections import Candidates, Detection
from squeeze_core.detector.evaluate import score
from squeeze_core.networks.engine import Engine


@pytest.fixture
def annotations(coco_folder: Path) -> Annotations:
    return read_coco(coco_folder / "val", coco_folder / "val.json")


def truth(annotations: Annotations, shift: float = 0.0) -> list[list[Detection]]:
    found = []
    for example in annotations.examples:
        x0, y0, x1, y1 = example.boxes[0].tolist()
        index = int(example.labels[0])
        box = (x0 + shift, y0, x1 + shift, y1)
        found.append([Detection(annotations.classes[index], index, 0.9, box)])
    return found


def test_the_truth_scores_a_hundred(annotations: Annotations) -> None:
    result = score(annotations, truth(annotations))
    assert (result.images, result.map50, result.map) == pytest.approx((4, 100, 100))
    assert result.per_class == pytest.approx({"red": 100, "blue": 100})


def test_nothing_scores_nothing(annotations: Annotations) -> None:
    assert score(annotations, [[] for _ in annotations.examples]).map50 == 0


def test_a_shifted_box_counts_at_half_overlap_only(annotations: Annotations) -> None:
    # 40 wide, moved by 10: IoU 30/50 = 0.6, so right at 0.50, 0.55 and 0.60 of ten thresholds.
    result = score(annotations, truth(annotations, 10))
    assert result.map50 == pytest.approx(100)
    assert 20 <= result.map <= 30.1


def test_one_class_missed_halves_the_mean(annotations: Annotations) -> None:
    found = [[d for d in row if d.label == "red"] for row in truth(annotations)]
    result = score(annotations, found)
    assert result.map50 == pytest.approx(50)
    assert result.per_class == pytest.approx({"red": 100, "blue": 0})


def test_a_class_in_doubt_still_counts(
    annotations: Annotations, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each class is scored by itself, so what the picture would not show is not left out."""

    def doubtful(*_: object) -> Iterator[Candidates]:
        for example in annotations.examples:
            boxes = np.repeat(example.boxes.numpy(), 2, 0)
            right = int(example.labels[0])
            arrays = boxes, np.array([0.9, 0.8], np.float32), np.array([1 - right, right])
            yield Candidates("0.png", 80, 60, "cpu", annotations.classes, *arrays, 1.0)

    monkeypatch.setattr(module, "detect", doubtful)
    assert all(len(one.detections(0.5)) == 1 for one in doubtful())
    assert module.evaluate(annotations, engine).map50 == pytest.approx(50, abs=1)
