from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper

from squeeze_core.detector.annotations import AnnotationError
from squeeze_core.detector.training.teacher import (
    COCO_CLASSES,
    Answers,
    DenseTeacher,
    agreed,
    read_results,
    worth_of,
)
from squeeze_core.errors import UserError


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
