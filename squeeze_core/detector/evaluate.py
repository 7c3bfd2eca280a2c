"""Mean average precision by COCO's rules (faster-coco-eval)."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster
from tqdm import tqdm

from squeeze_core.detector.annotations.checking import Annotations, Example
from squeeze_core.detector.calibration import UNCALIBRATED, Judged
from squeeze_core.detector.detect import detect, least_side
from squeeze_core.detector.detections import FLOOR, Candidates, Detection, coco_row, iou
from squeeze_core.detector.pretrained import PretrainedDetector
from squeeze_core.images import prefetch, read
from squeeze_core.networks.engine import Engine


@dataclass(frozen=True)
class DetectionScore:
    """In percent: `map50` at IoU 0.5, `map` over IoU 0.50–0.95, `per_class` at IoU 0.5 where it occurs."""

    images: int
    map50: float
    map: float
    per_class: dict[str, float]


@dataclass(frozen=True)
class Shown:
    """Counts of the boxes shown from `threshold` on, of the `wrong` ones, and of the annotated ones.

    A box is right when it overlaps an annotated box of its class, found by none before, with IoU 0.5.
    """

    threshold: float
    boxes: int
    wrong: int
    truths: int

    @property
    def precision(self) -> float:
        """Share of the boxes shown that is right, percent."""
        return 100 * (self.boxes - self.wrong) / max(1, self.boxes)

    @property
    def recall(self) -> float:
        """Share of the true boxes that is found, percent."""
        return 100 * (self.boxes - self.wrong) / max(1, self.truths)


def answers_to(
    annotations: Annotations, engine: Engine, detector: PretrainedDetector
) -> Iterable[Candidates]:
    """The detector's candidates for each picture, in order, with a progress bar on standard error."""
    side = least_side(detector)
    pictures = prefetch(lambda example: read(example.path, side), annotations.examples)
    answers = detect(pictures, engine, detector)
    return tqdm(answers, "detect", len(annotations.examples), unit="picture")


def shown(annotations: Annotations, found: Iterable[Sequence[Detection]], threshold: float) -> Shown:
    """Count right and wrong boxes; `found`: for each picture its `Candidates.detections(threshold)`."""
    boxes = wrong = 0
    for example, detections in zip(annotations.examples, found, strict=True):
        verdicts = right(detections, example)
        boxes += len(verdicts)
        wrong += verdicts.count(False)
    return Shown(threshold, boxes, wrong, sum(len(one.labels) for one in annotations.examples))


def judge(annotations: Annotations, answers: Iterable[Candidates]) -> Judged:
    """Every box that is shown at some threshold, by uncalibrated scores, and whether it is right."""
    scores: list[float] = []
    verdicts: list[bool] = []
    pictures: list[int] = []
    for number, (example, answer) in enumerate(zip(annotations.examples, answers, strict=True)):
        found = replace(answer, calibration=UNCALIBRATED).detections(FLOOR)
        scores += [one.score for one in found]
        verdicts += right(found, example)
        pictures += [number] * len(found)
    truths = sum(len(one.labels) for one in annotations.examples)
    return Judged(np.array(scores), np.array(verdicts, bool), np.array(pictures, int), truths)


def right(found: Sequence[Detection], example: Example) -> list[bool]:
    """True for each box, best first, that covers a true box of its class not covered by one before it."""
    verdicts = []
    free = np.ones(len(example.labels), bool)
    for one in found:
        (overlaps,) = iou(np.array([one.box]), example.boxes) * (free & (example.labels == one.index))
        best = int(overlaps.argmax()) if len(overlaps) else -1
        verdicts.append(best >= 0 and bool(overlaps[best] >= 0.5))
        if verdicts[-1]:
            free[best] = False
    return verdicts


def score(annotations: Annotations, found: Iterable[Iterable[Detection]]) -> DetectionScore:
    """Score each picture's `Candidates.proposals()`, in the order of `annotations`.

    They are given without a threshold: precision is averaged over every recall.
    """
    rows = [
        coco_row(detection, image_id, detection.index + 1)
        for image_id, detections in enumerate(found, 1)
        for detection in detections
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(_truth(annotations))
        results = truth.loadRes(rows) if rows else COCO({**truth.dataset, "annotations": []})
        evaluation = COCOeval_faster(truth, results, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    precision = np.where(precision < 0, np.nan, precision)
    per_class = {
        annotations.classes[category - 1]: 100 * float(np.mean(precision[0, :, k]))
        for k, category in enumerate(evaluation.params.catIds)
        if not np.isnan(precision[0, :, k]).all()
    }
    return DetectionScore(
        len(annotations.examples),
        100 * float(np.nanmean(precision[0])),
        100 * float(np.nanmean(precision)),
        per_class,
    )


def _truth(annotations: Annotations) -> dict[str, Any]:
    """The annotations as a COCO document; ignored boxes become crowds.

    All ids begin at 1: the evaluator reads a match with id 0 as none.
    """
    images: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for image_id, example in enumerate(annotations.examples, 1):
        images.append({"id": image_id, "width": example.width, "height": example.height})
        for crowd, boxes, labels in (
            (0, example.boxes, example.labels),
            (1, example.ignored_boxes, example.ignored_labels),
        ):
            for (x0, y0, x1, y1), label in zip(boxes.tolist(), labels.tolist(), strict=True):
                box = [x0, y0, x1 - x0, y1 - y0]
                row = {"id": len(rows) + 1, "image_id": image_id, "category_id": label + 1, "bbox": box}
                rows.append(row | {"area": box[2] * box[3], "iscrowd": crowd})
    categories = [{"id": place, "name": name} for place, name in enumerate(annotations.classes, 1)]
    return {"images": images, "annotations": rows, "categories": categories}
