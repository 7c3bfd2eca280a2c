"""Train the detector also on unlabelled pictures, taught by detectors that others have trained.

    python -m tools.train_with_teachers --data FOLDER --more FOLDER… --teacher-results FILE… --teacher FILE

It takes all options of `python -m squeeze_core.detector.train` and these: `--more`, further pictures,
labelled by a COCO file of the folder's name or not at all; `--teacher-results`, boxes that a teacher found,
as COCO results with `file_name`; `--teacher`, the ONNX file of a YOLOX that is asked at every position of
every augmented picture. The weight of a teacher's box is measured on the labelled pictures; where a label
and a teacher disagree, the label rules. The last runs of the shipped detector had teachers
(docs/detector.md).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
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

import squeeze_core.own_process  # noqa: F401
from squeeze_core import images
from squeeze_core.detector.annotations import AnnotationError, Annotations, read
from squeeze_core.detector.network import positions
from squeeze_core.detector.training import train
from squeeze_core.detector.training.augment import Batch, Batches, Canvas
from squeeze_core.detector.training.loss import (
    assign,
    box_loss,
    by_class,
    losses_of,
    pairwise_iou,
    silence_weight,
)
from squeeze_core.detector.training.pictures import Scene, labelled_scenes, sampling_weights
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
AGREEMENT = 0.5  # IoU from which a teacher's box is that of a label


@dataclass(frozen=True)
class TaughtScene(Scene):
    """A scene; `labelled`: whether people drew the boxes, and all of them."""

    labelled: bool = True


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
    """bool [M]: the answers that find a labelled box of their class (IoU 0.5), each box once."""
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
    """The measured share of right answers by score: a function float [M] → float32 [M], 0–1.

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


def unlabelled_scenes(folder: Path) -> list[TaughtScene]:
    """Every picture in a folder as a scene without boxes; UserError when there is none."""
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}.")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in images.SUFFIXES)
    if not paths:
        raise UserError(f"{folder} holds no picture.")
    nothing = Answers(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32))
    return [TaughtScene(path, *nothing, labelled=False) for path in paths]


def taught(scenes: Sequence[TaughtScene], results: dict[str, Answers]) -> list[TaughtScene]:
    """Scenes with a teacher's answers, found by file name, taken in.

    How often answers of a score are right is measured on the labelled pictures. In pictures without
    labels each is worth that much; in labelled ones it is left alone when it is sure of a box that the
    labels do not have, and says nothing otherwise.
    """
    right = {
        s.path.name: agreed(results[s.path.name], s.boxes, s.labels)
        for s in scenes
        if s.labelled and s.path.name in results
    }
    scores = [results[name].scores for name in right]
    empty = np.zeros(0, np.float32)
    worth = worth_of(
        np.concatenate([empty, *scores]), np.concatenate([empty.astype(bool), *right.values()])
    )
    return [
        _with_answers(scene, results[scene.path.name], worth(results[scene.path.name].scores), right)
        if scene.path.name in results
        else scene
        for scene in scenes
    ]


def _with_answers(
    scene: TaughtScene, answers: Answers, worth: np.ndarray, right: dict[str, np.ndarray]
) -> TaughtScene:
    if scene.labelled:
        keep = (answers.scores >= SURE) & ~right[scene.path.name]
        worth = np.zeros_like(worth)
    else:
        keep = worth >= DOUBT
    return replace(
        scene,
        boxes=np.concatenate([scene.boxes, answers.boxes[keep]]),
        labels=np.concatenate([scene.labels, answers.labels[keep]]),
        worth=np.concatenate([scene.worth, worth[keep]]),
    )


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


@torch.no_grad()
def teaching(
    taught: Dense, boxes: Tensor, labels: Tensor, worth: Tensor, labelled: Tensor
) -> tuple[Dense, Tensor]:
    """The targets that a teacher's answer gives, and bool [N, P, C] where they count.

    `labelled` bool [N]: in those pictures labels rule; only where the teacher's box is a label's of its
    class (IoU over AGREEMENT) does its score count, and the label's box takes the place of its own.
    """
    overlap = pairwise_iou(boxes, taught.boxes) * (worth > 0)[..., None]
    counts = by_class(overlap > AGREEMENT, labels, taught.scores.shape[2]) | ~labelled[:, None, None]
    best = overlap.argmax(1)[..., None].expand(-1, -1, 4)
    own = torch.where(labelled[:, None, None], boxes.gather(1, best), taught.boxes)
    return Dense(taught.scores * counts, own), counts


def taught_loss(
    output: Tensor,
    centres: Tensor,
    boxes: Tensor,
    labels: Tensor,
    worth: Tensor,
    labelled: Tensor,
    taught: Dense,
) -> dict[str, Tensor]:
    """{"class", "box", "taught class", "taught box"}: scalars to add up.

    Arguments as for `loss.assign` and `teaching`; the teacher answers for the first positions, as many as
    it has. Where it sees something that the labels do not, silence costs less. What it says of each
    position is learnt with the quality focal loss, as in CrossKD (Wang et al. 2023, arXiv:2306.11369,
    section 3.3; there through the teacher's head, here in our own).
    """
    truths = (output, centres, boxes, labels, worth)
    silence = silence_weight(*truths)
    count = taught.scores.shape[1]
    silence[:, :count] *= 1 - taught.scores
    losses = losses_of(output, assign(*truths), silence)
    lesson, counts = teaching(taught, boxes, labels, worth, labelled)
    first = output[:, :count]
    distance = (lesson.scores - first[..., 4:].detach().sigmoid()).abs()
    cross_entropy = F.binary_cross_entropy_with_logits(
        first[..., 4:], lesson.scores, distance * counts, reduction="sum"
    )
    total = lesson.scores.sum().clamp(min=1.0)
    strength = lesson.scores.amax(2)
    strength = strength * (strength > DOUBT)
    losses["taught class"] = cross_entropy / total
    losses["taught box"] = box_loss(first[..., :4], lesson.boxes, strength) / total
    return losses


class MixedBatches(Batches):
    """Canvases of labelled pictures, and with the chance `share` of unlabelled ones; None: as they occur.

    A mosaic holds either kind alone, since the two are learnt differently.
    """

    def __init__(self, scenes: Sequence[TaughtScene], share: float | None, *settings: Any) -> None:
        unlabelled = np.array([not scene.labelled for scene in scenes])
        weights = np.ones(len(scenes))
        weights[~unlabelled] = sampling_weights([scene for scene in scenes if scene.labelled])
        occurring = weights[unlabelled].sum() / weights.sum()
        self.share = occurring if share is None or occurring in (0, 1) else share
        super().__init__(scenes, (weights * ~unlabelled).tolist(), *settings)
        self.others = Batches(scenes, (weights * unlabelled).tolist(), *settings)

    def canvas(self, side: int, mosaic: float) -> Canvas:
        if torch.rand(()) < self.share:
            return self.others.canvas(side, mosaic)
        return super().canvas(side, mosaic)


class TaughtTraining(train.Training):
    """A run with teachers."""

    def __init__(self, options: argparse.Namespace, scenes: list[Scene], classes: Sequence[str]) -> None:
        self.teacher = DenseTeacher(options.teacher, classes) if options.teacher else None
        super().__init__(options, scenes, classes)
        if self.teacher:
            self.teacher.to(self.device, torch.float16 if self.device.type == "cuda" else torch.float32)

    def batches_of(self, scenes: Sequence[Scene]) -> Batches:
        known, o = [scene for scene in scenes if isinstance(scene, TaughtScene)], self.options
        self.labelled = torch.tensor([scene.labelled for scene in known], device=self.device)
        return MixedBatches(known, o.unlabelled, o.batch, o.sides, o.mosaic, self.progress)

    def losses(self, batch: Batch, output: Tensor) -> dict[str, Tensor]:
        if self.teacher is None:
            return super().losses(batch, output)
        dtype = next(self.teacher.buffers()).dtype
        answers = self.teacher(batch.pictures.to(dtype, memory_format=torch.channels_last))
        labelled = self.labelled[batch.source]  # all pictures of a canvas are of one kind
        side = batch.pictures.shape[-1]
        truths = (positions(side, side, self.device), batch.boxes, batch.labels, batch.worth)
        losses = taught_loss(output, *truths, labelled, answers)
        weight = self.options.teacher_weight
        return {key: value * (weight if key.startswith("taught") else 1) for key, value in losses.items()}


def gather(options: argparse.Namespace) -> tuple[list[Scene], Annotations, Annotations | None]:
    """As `train.gather`, with the pictures of `--more` and the boxes of `--teacher-results`."""

    def labelled(annotations: Annotations) -> list[TaughtScene]:
        return [TaughtScene(s.path, s.boxes, s.labels, s.worth) for s in labelled_scenes(annotations)]

    _, data, validation = train.gather(options)
    scenes = labelled(data)
    for folder in options.more:
        labels = folder.with_name(folder.name + ".json")
        if labels.exists():
            further = sorted(labelled(read(folder, labels, data.classes)), key=lambda s: s.path.name)
            scenes += further[: len(further) - options.hold_back]
        else:
            scenes += unlabelled_scenes(folder)
    if options.teacher_results:
        categories = json.loads(data.source.read_text("utf-8"))["categories"]
        ids = {category["name"]: category["id"] for category in categories}
        category_ids = [ids[name] for name in data.classes]
        scenes = taught(scenes, read_results(options.teacher_results, category_ids))
    return list(scenes), data, validation


def options_parser() -> argparse.ArgumentParser:
    parser = train.options_parser()
    parser.prog, parser.description = "python -m tools.train_with_teachers", __doc__
    add = parser.add_argument
    add("--more", type=Path, nargs="*", default=[], help="further folders of pictures; F.json labels F/")
    add("--hold-back", type=int, default=0, help="last pictures by name of each labelled --more left out")
    add("--teacher-results", type=Path, nargs="*", default=[], help="a teacher's boxes as COCO results")
    add("--teacher", type=Path, help="ONNX file of a YOLOX that teaches every position of every picture")
    add("--teacher-weight", type=float, default=1.0, help="of the teacher's losses; labels have 1")
    add("--unlabelled", type=float, help="share of pictures without labels; as they occur when not given")
    return parser


def main(arguments: list[str] | None = None) -> int:
    return train.run(options_parser().parse_args(arguments), gather, TaughtTraining)


if __name__ == "__main__":
    sys.exit(main())
