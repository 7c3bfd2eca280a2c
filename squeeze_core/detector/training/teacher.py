"""Teachers: detectors that have learnt from pictures which we have not.

What a teacher says of whole pictures comes as a file (`Answers`); what it says at every position of the
very picture that is trained on comes from the network itself (`DenseTeacher`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import box_iou

from squeeze_core.detector.annotations import AnnotationError
from squeeze_core.errors import UserError

STRIDES = (8, 16, 32)
SURE = 0.3  # score from which a teacher's box that the labels do not have is left alone
DOUBT = 0.1  # score, or worth of it, below which a teacher's box is not taught
# COCO's 80 classes in its order, those that VOC spells otherwise as VOC does.
# fmt: off
COCO_CLASSES = (
    "person", "bicycle", "car", "motorbike", "aeroplane", "bus", "train", "truck", "boat",
    "traffic light", "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse",
    "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie",
    "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove",
    "skateboard", "surfboard", "tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon",
    "bowl", "banana", "apple", "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut",
    "cake", "chair", "sofa", "pottedplant", "bed", "diningtable", "toilet", "tvmonitor", "laptop",
    "mouse", "remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink", "refrigerator",
    "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)
# fmt: on


class Answers(NamedTuple):
    """A teacher's boxes of one picture: `boxes` float32 [M, 4] x0, y0, x1, y1 in the picture's pixels,
    `labels` int64 [M], `scores` float32 [M] 0–1."""

    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray


def read_results(files: Iterable[Path], category_ids: Sequence[int]) -> dict[str, Answers]:
    """COCO results files → answers by file name.

    Rows are COCO's {category_id, bbox, score} with `file_name` in place of `image_id`, since pictures
    without labels have no id. `category_ids`: those of our classes in label order; rows of others are
    passed over. AnnotationError when a file is something else.
    """
    label_of = {identifier: label for label, identifier in enumerate(category_ids)}
    rows: dict[str, list[tuple[list[float], int, float]]] = defaultdict(list)
    for file in files:
        try:
            for row in json.loads(file.read_text("utf-8")):
                if row["category_id"] in label_of:
                    x, y, width, height = map(float, row["bbox"])
                    box = [x, y, x + width, y + height]
                    rows[str(row["file_name"])].append(
                        (box, label_of[row["category_id"]], float(row["score"]))
                    )
        except OSError as error:
            raise AnnotationError(f"{file} cannot be read: {error.strerror}.") from None
        except (ValueError, KeyError, TypeError):
            raise AnnotationError(f"{file} does not hold COCO results with file names.") from None
    return {
        name: Answers(
            np.array([box for box, _, _ in found], np.float32),
            np.array([label for _, label, _ in found], np.int64),
            np.array([score for _, _, score in found], np.float32),
        )
        for name, found in rows.items()
    }


def agreed(answers: Answers, boxes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Which answers find a labelled box of their class (IoU 0.5), each box once: bool [M]."""
    overlap = box_iou(torch.from_numpy(answers.boxes), torch.from_numpy(boxes)).numpy()
    overlap[answers.labels[:, None] != labels] = 0
    right = np.zeros(len(answers.labels), bool)
    for place in np.argsort(-answers.scores) if len(boxes) else ():
        best = overlap[place].argmax()
        if overlap[place, best] >= 0.5:
            right[place] = True
            overlap[:, best] = 0
    return right


def worth_of(scores: np.ndarray, right: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """How often answers of about a score are right, measured: a function float [M] → float32 [M], 0–1.

    It never falls as the score rises. Without answers to measure by, a score is worth itself.
    """
    edges = np.linspace(0, 1, 21)
    counts = np.histogram(scores, edges)[0]
    hits = np.histogram(scores, edges, weights=right.astype(float))[0]
    there = counts > 0
    middle, share = ((edges[:-1] + edges[1:]) / 2)[there], hits[there] / counts[there]
    if not there.any():
        return lambda asked: asked.astype(np.float32)
    rising = np.maximum.accumulate(share)
    return lambda asked: np.interp(asked, middle, rising).astype(np.float32)


class Dense(NamedTuple):
    """At every position: `scores` float32 [N, P, C] 0–1; `boxes` float32 [N, P, 4], pixels."""

    scores: Tensor
    boxes: Tensor


class Step(NamedTuple):
    """One node of a teacher's graph."""

    operation: Callable[[list[Any], dict[str, Any]], Tensor]
    inputs: list[str]
    output: str
    attributes: dict[str, Any]


class DenseTeacher(nn.Module):
    """A network of YOLOX's form (Ge et al. 2021, arXiv:2107.08430) from its ONNX file, for any side.

    float32 [N, 3, S, S], RGB 0–255, S a multiple of 32 → `Dense`, row by row over strides 8, 16 and 32,
    as the detector's first three levels, for the classes `classes`, of which COCO must have each.
    """

    def __init__(self, file: Path, classes: Sequence[str]) -> None:
        super().__init__()
        try:
            graph = onnx.load(file).graph
        except (OSError, DecodeError):
            raise UserError(f"{file} is not an ONNX file.") from None
        for name in classes:
            if name not in COCO_CLASSES:
                raise UserError(f"A teacher from COCO does not know the class {name!r}.")
        self.first = graph.input[0].name
        # The network ends in three levels; what follows only flattens them, for one side.
        self.levels = [node.input[0] for node in graph.node if node.op_type == "Reshape"]
        unknown = {node.op_type for node in graph.node} - {*OPERATIONS, "Reshape", "Transpose"}
        if unknown or len(self.levels) != len(STRIDES):
            raise UserError(f"{file} is not a YOLOX network as its authors export it.")
        self.steps = [
            Step(
                OPERATIONS[node.op_type],
                list(node.input),
                node.output[0],
                {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute},
            )
            for node in graph.node
            if node.op_type in OPERATIONS
        ]
        # Where to cut and how far to enlarge are numbers for Python, all else is for the device.
        plain = [node for node in graph.node if node.op_type in ("Slice", "Resize", "Reshape")]
        self.numbers: dict[str, Any] = {"": None}
        for initializer in graph.initializer:
            value = numpy_helper.to_array(initializer)
            if any(initializer.name in node.input for node in plain):
                self.numbers[initializer.name] = value
            else:
                self.register_buffer(_name(initializer.name), torch.from_numpy(value.copy()))
        columns = torch.tensor([5 + COCO_CLASSES.index(name) for name in classes])
        self.register_buffer("columns", columns)

    @torch.no_grad()
    def forward(self, pictures: Tensor) -> Dense:
        values: dict[str, Any] = {self.first: pictures.flip(1)}
        for step in self.steps:
            inputs = [self._value(name, values) for name in step.inputs]
            values[step.output] = step.operation(inputs, step.attributes)
            if step.output == self.levels[-1]:
                break
        scores, boxes = [], []
        for stride, name in zip(STRIDES, self.levels, strict=True):
            level = values[name].float()
            rows, columns = level.shape[2:]
            level = level.flatten(2).transpose(1, 2)
            y = torch.arange(rows, device=level.device).repeat_interleave(columns)
            x = torch.arange(columns, device=level.device).repeat(rows)
            middle = (level[..., :2] + torch.stack([x, y], 1)) * stride
            half = level[..., 2:4].clamp(max=7).exp() * (stride / 2)
            boxes.append(torch.cat([middle - half, middle + half], 2))
            scores.append(level[..., 4:5] * level[..., self.columns])
        return Dense(torch.cat(scores, 1), torch.cat(boxes, 1))

    def _value(self, name: str, values: dict[str, Any]) -> Any:
        if name in values:
            return values[name]
        return self.numbers[name] if name in self.numbers else self.get_buffer(_name(name))


def _name(name: str) -> str:
    """A buffer's name, which must not hold a dot."""
    return "weight:" + name.replace(".", "/")


def _convolve(inputs: list[Any], a: dict[str, Any]) -> Tensor:
    picture, weight, bias = inputs
    return F.conv2d(picture, weight, bias, a["strides"], a["pads"][:2], groups=a["group"])


def _pool(inputs: list[Any], a: dict[str, Any]) -> Tensor:
    return F.max_pool2d(inputs[0], a["kernel_shape"], a["strides"], a["pads"][:2])


def _slice(inputs: list[Any], a: dict[str, Any]) -> Tensor:
    picture, starts, ends, axes, steps = inputs
    places = [slice(None)] * picture.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        places[int(axis)] = slice(int(start), int(end), int(step))
    return picture[tuple(places)]


OPERATIONS: dict[str, Callable[[list[Any], dict[str, Any]], Tensor]] = {
    "Conv": _convolve,
    "MaxPool": _pool,
    "Slice": _slice,
    "Sigmoid": lambda inputs, a: inputs[0].sigmoid(),
    "Mul": lambda inputs, a: inputs[0] * inputs[1],
    "Add": lambda inputs, a: inputs[0] + inputs[1],
    "Concat": lambda inputs, a: torch.cat(inputs, a["axis"]),
    "Resize": lambda inputs, a: F.interpolate(inputs[0], scale_factor=[float(s) for s in inputs[2][2:]]),
}
