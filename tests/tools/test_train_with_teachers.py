"""Boxes from files, answers at every position, and a training that learns from both."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper

from squeeze_core.detector.annotations import AnnotationError, read
from squeeze_core.detector.network import positions
from squeeze_core.detector.training.loss import detection_loss
from squeeze_core.detector.training.pictures import decoded, labelled_scenes
from squeeze_core.errors import UserError
from tests.core.detector.training.truths import BOXES, CPU, TRUTH, answer
from tools import train_with_teachers
from tools.train_with_teachers import (
    COCO_CLASSES,
    Answers,
    Dense,
    DenseTeacher,
    MixedBatches,
    TaughtScene,
    agreed,
    read_results,
    taught,
    taught_loss,
    teaching,
    unlabelled_scenes,
    worth_of,
)


def scenes_of(folder: Path) -> list[TaughtScene]:
    scenes = labelled_scenes(read(folder / "train", folder / "train.json"))
    return [TaughtScene(scene.path, scene.boxes, scene.labels, scene.worth) for scene in scenes]


def answers(*rows: tuple[list[float], int, float]) -> Answers:
    boxes, labels, scores = zip(*rows, strict=True)
    return Answers(np.array(boxes, np.float32), np.array(labels), np.array(scores, np.float32))


def run(folder: Path, out: Path, *more: str) -> int:
    fixed = ["--size", "64", "--stored-side", "80", "--width", "32", "--batch", "4", "--workers", "0"]
    return train_with_teachers.main(
        ["--data", str(folder), "--out", str(out), "--device", "cpu", "--every", "1", *fixed, *more]
    )


def test_results_become_corners_and_our_labels(tmp_path: Path) -> None:
    rows = [
        {"file_name": "a.jpg", "category_id": 7, "bbox": [1, 2, 3, 4], "score": 0.5},
        {"file_name": "a.jpg", "category_id": 8, "bbox": [1, 2, 3, 4], "score": 0.5},
        {"file_name": "b.jpg", "category_id": 3, "bbox": [0, 0, 9, 9], "score": 0.25},
    ]
    (tmp_path / "r.json").write_text(json.dumps(rows))
    found = read_results([tmp_path / "r.json"], (3, 7))
    assert found.keys() == {"a.jpg", "b.jpg"}
    assert found["a.jpg"].boxes.tolist() == [[1, 2, 4, 6]] and found["a.jpg"].labels.tolist() == [1]
    assert found["b.jpg"].labels.tolist() == [0] and found["b.jpg"].scores.tolist() == [0.25]


@pytest.mark.parametrize("content", ["{}}", "[3]", '[{"category_id": 3, "score": 1, "bbox": [1, 2]}]'])
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "r.json").write_text(content)
    with pytest.raises(AnnotationError, match=r"r\.json"):
        read_results([tmp_path / "r.json"], (3, 7))
    with pytest.raises(AnnotationError, match="cannot be read"):
        read_results([tmp_path / "gone.json"], (3, 7))


def test_each_box_is_found_once_by_the_surest_answer_of_its_class() -> None:
    box = [0.0, 0.0, 10.0, 10.0]
    boxes = np.array([box, box, box, [0, 0, 10, 4]], np.float32)
    found = Answers(boxes, np.array([0, 0, 1, 0]), np.array([0.5, 0.9, 0.95, 0.99], np.float32))
    assert agreed(found, np.array([box], np.float32), np.array([0])).tolist() == [False, True, False, False]


def test_worth_is_how_often_a_score_was_right() -> None:
    scores = np.repeat([0.125, 0.425, 0.925], 10).astype(np.float32)
    right = np.array([False] * 10 + [True] * 6 + [False] * 4 + [True] * 10)
    worth = worth_of(scores, right)
    assert worth(np.array([0.05, 0.125, 0.425, 0.925, 1.0])) == pytest.approx([0, 0, 0.6, 1, 1])
    assert worth_of(scores[:0], right[:0])(scores) == pytest.approx(scores)


def test_answers_as_onnx_runtime_does_decoded_and_for_any_side(yolox: Path) -> None:
    names = ("person", "tvmonitor", "bottle")
    teacher = DenseTeacher(yolox, names)
    pictures = 255 * torch.rand(2, 3, 64, 64)
    found = teacher(pictures)
    session = onnxruntime.InferenceSession(yolox)
    for picture, scores, boxes in zip(pictures, *found, strict=True):
        (expected,) = session.run(None, {"pictures": picture.flip(0)[None].numpy()})
        wanted = expected[0, :, 4:5] * expected[0, :, [5 + COCO_CLASSES.index(name) for name in names]].T
        assert scores.numpy() == pytest.approx(wanted, abs=1e-4)
        place = 64 + 1 * 4 + 2  # stride 16, second row, third column
        x, y, width, height = expected[0, place, :4]
        middle, half = np.array([x + 2, y + 1]) * 16, np.exp([width, height]) * 8
        corners = np.concatenate([middle - half, middle + half])
        assert boxes[place].numpy() == pytest.approx(corners, rel=1e-3, abs=1e-2)
    assert teacher(torch.zeros(1, 3, 96, 96)).scores.shape == (1, 12**2 + 6**2 + 3**2, 3)


def test_another_network_is_refused(tmp_path: Path, yolox: Path) -> None:
    pictures = helper.make_tensor_value_info("pictures", TensorProto.FLOAT, [1])
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1])
    graph = helper.make_graph(
        [helper.make_node("Relu", ["pictures"], ["output"])], "g", [pictures], [output]
    )
    onnx.save(helper.make_model(graph), tmp_path / "other.onnx")
    with pytest.raises(UserError, match="not a YOLOX"):
        DenseTeacher(tmp_path / "other.onnx", ("person",))
    with pytest.raises(UserError, match="not an ONNX"):
        DenseTeacher(tmp_path / "gone.onnx", ("person",))
    with pytest.raises(UserError, match="unicorn"):
        DenseTeacher(yolox, ("unicorn",))


def test_a_teacher_is_believed_as_often_as_it_is_right(coco_folder: Path) -> None:
    """On the labelled pictures its answers of 0.9 are right, those of 0.4 half the time, 0.2 never."""
    scenes = scenes_of(coco_folder)
    results = {}
    for place, scene in enumerate(scenes):
        box, label = scene.boxes[0].tolist(), int(scene.labels[0])
        sure = (box, label, 0.93) if place < 4 else (box, label if place < 6 else 1 - label, 0.43)
        results[f"{place}.png"] = answers(sure, ([60, 40, 79, 59], 0, 0.22))
    nothing = np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32)
    unlabelled = TaughtScene(Path("new.png"), *nothing, labelled=False)
    results["new.png"] = answers(
        ([0, 0, 9, 9], 1, 0.93), ([9, 9, 20, 20], 0, 0.43), ([1, 1, 5, 5], 0, 0.22)
    )
    lesson = taught([*scenes, unlabelled], results)
    assert lesson[8].worth == pytest.approx([1.0, 0.5], abs=0.06)
    assert lesson[8].labels.tolist() == [1, 0]
    # Where labels and teacher agree, labels stay; what it alone is sure of is left alone.
    assert lesson[0].worth.tolist() == [1] and lesson[5].worth.tolist() == [1]
    assert lesson[7].worth.tolist() == [1, 0] and lesson[7].labels.tolist() == [1, 0]


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no picture"):
        unlabelled_scenes(tmp_path)
    with pytest.raises(UserError, match="no folder"):
        unlabelled_scenes(tmp_path / "gone")


def test_labelled_and_unlabelled_pictures_are_not_mixed(coco_folder: Path) -> None:
    nothing = np.zeros((0, 4), np.float32), np.zeros(0, int), np.zeros(0, np.float32)
    grey = TaughtScene(Path("a"), *nothing, torch.full((3, 60, 80), 99, dtype=torch.uint8), False)
    scenes = decoded(scenes_of(coco_folder)[:4], 80)
    made = MixedBatches([*scenes, grey, grey], 0.5, 64, (64,), 0.5, torch.zeros(1))[0]
    labelled = made.source < 4
    assert 16 < labelled.sum() < 48
    objects = (made.worth >= 0).sum(1)
    assert objects[labelled].float().mean() > 1 and not objects[~labelled].any()


def test_a_teacher_rules_without_labels_and_gives_way_to_them() -> None:
    """It sees BOXES[0] rightly, at BOXES[1] another class, and something where there is no label."""
    third = torch.tensor([90.0, 4.0, 120.0, 30.0])
    taught = Dense(torch.zeros(1, 3, 2), torch.stack([BOXES[0] + 2, BOXES[1], third])[None])
    taught.scores[0] = torch.tensor([[0.1, 0.8], [0.3, 0.9], [0.7, 0.0]])
    lesson, counts = teaching(taught, *TRUTH, torch.tensor([True]))
    assert lesson.scores[0].tolist() == [[0, pytest.approx(0.8)], [pytest.approx(0.3), 0], [0, 0]]
    assert counts[0].tolist() == [[False, True], [True, False], [False, False]]
    assert torch.equal(lesson.boxes[0, :2], BOXES)  # the labels' boxes, not the teacher's
    lesson, counts = teaching(taught, *TRUTH, torch.tensor([False]))
    assert torch.equal(lesson.scores, taught.scores) and counts.all()
    assert torch.equal(lesson.boxes, taught.boxes)


def test_agreeing_with_the_teacher_costs_least() -> None:
    centres = positions(128, 128, CPU)
    third = torch.tensor([[60.0, 4.0, 120.0, 60.0]])
    seen = answer(third, torch.tensor([0]), centres)
    taught = Dense(seen[:, : 16**2 + 8**2 + 4**2, 4:].sigmoid(), seen[:, : 16**2 + 8**2 + 4**2, :4])
    nothing = TRUTH[0], TRUTH[1], torch.full((1, 2), -1.0)
    unlabelled, labelled = torch.tensor([False]), torch.tensor([True])
    same, silent = seen.clone(), seen.clone()
    silent[..., 4:] = -9.0
    agreeing, missing = (taught_loss(o, centres, *nothing, unlabelled, taught) for o in (same, silent))
    assert agreeing["taught class"] < 0.01 < 1 < missing["taught class"]
    assert agreeing["taught box"] < 1e-3
    # Labels that say there is nothing: the teacher is not followed, but what it saw costs next to nothing.
    said = taught_loss(same, centres, *nothing, labelled, taught)
    alone = detection_loss(same, centres, *nothing)
    assert said["taught class"] == 0 and said["class"] < 0.02 * alone["class"]


def test_learns_from_labels_a_teachers_file_and_a_teacher(
    coco_folder: Path, tmp_path: Path, yolox: Path
) -> None:
    """Everything at once: a labelled folder with the last picture held back, one without labels."""
    document = json.loads((coco_folder / "train.json").read_text().replace('"red"', '"cat"'))
    for category in document["categories"]:
        category["name"] = {"cat": "cat", "blue": "dog"}[category["name"]]
    (coco_folder / "train.json").write_text(json.dumps(document))
    (coco_folder / "val.json").rename(coco_folder / "later.json")
    shutil.copytree(coco_folder / "train", coco_folder / "labelled")
    shutil.copy(coco_folder / "train.json", coco_folder / "labelled.json")
    results = [{"file_name": "0.png", "category_id": 7, "bbox": [1, 2, 30, 40], "score": 0.9}]
    (coco_folder / "results.json").write_text(json.dumps(results))
    more = ["--more", str(coco_folder / "labelled"), str(coco_folder / "val"), "--hold-back", "1"]
    more += ["--teacher-results", str(coco_folder / "results.json"), "--teacher", str(yolox)]
    more += ["--epochs", "1", "--mosaic", "0.5", "--unlabelled", "0.5"]
    out = tmp_path / "run"
    assert run(coco_folder, out, *more) == 0
    (row,) = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()][1:]
    assert row["step"] == (8 + 7 + 4) // 4
    assert row["taught class"] > 0 and row["taught box"] > 0
    options = train_with_teachers.options_parser().parse_args(
        ["--data", str(coco_folder), "--batch", "4", *more]
    )
    scenes, _, validation = train_with_teachers.gather(options)
    names = [str(scene.path.relative_to(coco_folder)) for scene in scenes if scene.path.stem == "7"]
    assert names == ["train/7.png"] and validation is None


@pytest.mark.parametrize(
    "more", [("--more", "gone"), ("--teacher", "gone.onnx"), ("--teacher-results", "gone.json")]
)
def test_impossible_settings_are_one_sentence(
    coco_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, str]
) -> None:
    assert run(coco_folder, tmp_path / "run", "--epochs", "1", *more) == 2
    assert capsys.readouterr().err.count("\n") == 1
