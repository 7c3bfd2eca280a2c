from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from squeeze_core import gallery
from squeeze_core.detector import evaluate as module
from squeeze_core.detector.annotations import Annotations, read
from squeeze_core.detector.detections import Candidates, Detection
from squeeze_core.detector.evaluate import score
from squeeze_core.detector.pretrained import load_detector, shipped_detector
from squeeze_core.networks.engine import Engine


@pytest.fixture
def annotations(coco_folder: Path) -> Annotations:
    return read(coco_folder / "val", coco_folder / "val.json")


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


def test_a_box_is_right_from_half_overlap_on_and_only_once(annotations: Annotations) -> None:
    # 40 wide, moved by 10 and by 16: IoU 30/50 and 24/56.
    example = annotations.examples[0]
    near, far = (truth(annotations, shift)[0][0] for shift in (10, 16))
    assert module.right([far], example) == [False]
    assert module.right([near, near], example) == [True, False]
    assert module.right([replace(near, index=1 - near.index)], example) == [False], "another class"


def test_one_class_missed_halves_the_mean(annotations: Annotations) -> None:
    found = [[d for d in row if d.label == "red"] for row in truth(annotations)]
    result = score(annotations, found)
    assert result.map50 == pytest.approx(50)
    assert result.per_class == pytest.approx({"red": 100, "blue": 0})


def test_a_class_in_doubt_still_counts(annotations: Annotations) -> None:
    """Each class is scored by itself, so what the picture would not show is not left out."""

    def doubtful() -> Iterator[Candidates]:
        for example in annotations.examples:
            boxes = np.repeat(example.boxes, 2, 0)
            right = int(example.labels[0])
            arrays = boxes, np.array([0.9, 0.8], np.float32), np.array([1 - right, right])
            yield Candidates("0.png", 80, 60, annotations.classes, *arrays, 1.0)

    assert all(len(one.detections(0.5)) == 1 for one in doubtful())
    assert score(annotations, [one.proposals() for one in doubtful()]).map50 == pytest.approx(50, abs=1)


def candidates(annotations: Annotations, boxes: list, scores: list, indices: list) -> Candidates:
    arrays = np.array(boxes, np.float32), np.array(scores, np.float32), np.array(indices)
    return Candidates("0.png", 80, 60, annotations.classes, *arrays, 1.0)


def test_wrong_boxes_are_counted_from_the_threshold_on(annotations: Annotations) -> None:
    answers = []
    for example in annotations.examples:
        x0, y0, x1, y1 = example.boxes[0].tolist()
        label = int(example.labels[0])
        # Found, the same again (dropped), another class elsewhere, and a weak one.
        boxes = [[x0, y0, x1, y1], [x0, y0, x1, y0 + 0.55 * (y1 - y0)], [60, 0, 80, 20], [0, 50, 9, 60]]
        answers.append(
            candidates(annotations, boxes, [0.9, 0.8, 0.7, 0.3], [label, label, 1 - label, label])
        )
    seen = module.shown(annotations, [answer.detections(0.5) for answer in answers], 0.5)
    assert (seen.boxes, seen.wrong, seen.truths) == (8, 4, 4)
    more = module.shown(annotations, [answer.detections(0.2) for answer in answers], 0.2)
    assert more.wrong == seen.wrong + 4
    judged = module.judge(annotations, answers)
    assert judged.truths == 4 and judged.right.sum() == 4
    assert sorted(set(judged.pictures)) == [0, 1, 2, 3]


def test_precision_and_recall_are_percent() -> None:
    seen = module.Shown(0.5, boxes=10, wrong=4, truths=12)
    assert (seen.precision, seen.recall) == (60, 50)
    assert module.Shown(0.5, 0, 0, 0).precision == 0


def test_a_part_of_the_pictures_is_scored_alone(annotations: Annotations) -> None:
    part = replace(annotations, examples=annotations.examples[:2])
    result = score(part, truth(part))
    assert (result.images, result.map50) == (2, pytest.approx(100))


def test_the_samples_annotations_fit_the_gallery(engine: Engine) -> None:
    """`evaluate detect squeeze_core/gallery --annotations tests/core/detector/samples.json`"""
    labels = load_detector().labels
    annotations = read(gallery.FOLDER, Path(__file__).parent / "samples.json", labels)
    assert {example.path.name for example in annotations.examples} == {s.file for s in gallery.samples()}
    found = [
        answer.detections(0.4) for answer in module.answers_to(annotations, engine, shipped_detector())
    ]
    seen = module.shown(annotations, found, 0.4)
    assert seen.truths == 5 and seen.boxes - seen.wrong >= 4


def test_crowds_are_neither_missed_nor_wrongly_found(coco_folder: Path, annotations: Annotations) -> None:
    found = truth(annotations)
    file = coco_folder / "val.json"
    document = json.loads(file.read_text())
    document["annotations"][0]["iscrowd"] = 1
    file.write_text(json.dumps(document))
    marked = read(coco_folder / "val", file)
    assert score(marked, found).map == pytest.approx(100)
    assert score(marked, [[], *found[1:]]).map == pytest.approx(100)


def test_ids_of_any_kind_score_alike(coco_folder: Path, annotations: Annotations) -> None:
    found = truth(annotations)
    file = coco_folder / "val.json"
    document = json.loads(file.read_text())
    for row in document["images"]:
        row["id"] = f"picture {row['id']}"
    for row in document["annotations"]:
        row["image_id"] = f"picture {row['image_id']}"
        row["id"] = 0
    file.write_text(json.dumps(document))
    assert score(read(coco_folder / "val", file), found).map == pytest.approx(100)
