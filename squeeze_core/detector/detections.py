"""Detections: frozen results, checked when they are made."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from squeeze_core import notebook
from squeeze_core.detector.calibration import UNCALIBRATED, Calibration

OVERLAP = 0.5  # IoU above which the weaker of two boxes of a class is dropped, 0–1
RIVALRY = 0.7  # IoU above which boxes of different classes are about the same object, 0–1
NAMED = 0.5  # share of the winner's score from which the runner-up at its place is named
AGREEMENT = 0.65  # IoU from which dropped boxes of a class still help to place the one kept, 0–1
FLOOR = 0.01  # uncalibrated score below which a candidate is dropped
CANDIDATES = 500  # for a picture
MOST = 100  # boxes shown for a picture, as in COCO's evaluation

# VOC's class names that are not English words.
_READABLE = {"diningtable": "dining table", "pottedplant": "potted plant", "tvmonitor": "TV monitor"}


def readable(label: str) -> str:
    """The class's name on screen: "dining table" for VOC's "diningtable", most as they are."""
    return _READABLE.get(label, label)


def iou(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The IoU of each of n boxes x0, y0, x1, y1 with each of m others, [n, m], 0–1; 0 without any area."""
    low, high = np.maximum(boxes[:, None, :2], others[:, :2]), np.minimum(boxes[:, None, 2:], others[:, 2:])
    both = (high - low).clip(0).prod(2)
    areas, other_areas = ((one[:, 2:] - one[:, :2]).prod(1) for one in (boxes, others))
    either = areas[:, None] + other_areas - both
    return np.divide(both, either, out=np.zeros_like(both), where=either > 0)


def suppress(boxes: np.ndarray, indices: np.ndarray, overlap: float) -> np.ndarray:
    """Non-maximum suppression by class: the places, int64, of the boxes that stay.

    `boxes` [n, 4], best first, of the classes `indices` [n]; a box goes when its IoU with a better one of
    its class that stays is above `overlap`.
    """
    rivals = (iou(boxes, boxes) > overlap) & (indices[:, None] == indices)
    stays = np.ones(len(boxes), bool)
    for place in range(len(boxes)):
        if stays[place]:
            stays[place + 1 :] &= ~rivals[place, place + 1 :]
    return np.flatnonzero(stays)


@dataclass(frozen=True)
class Detection:
    """One box: x0, y0, x1, y1 in pixels of the upright original picture.

    `score`: 0–1, calibrated. `runner_up`: the strongest box of another class at the same place, if it is
    not much weaker.
    """

    label: str
    index: int
    score: float
    box: tuple[float, float, float, float]
    runner_up: Detection | None = None

    @property
    def name(self) -> str:
        """The class's name on screen."""
        return readable(self.label)

    def overlap(self, other: Detection) -> float:
        """The two boxes' IoU, 0–1."""
        return iou(np.array([self.box]), np.array([other.box])).item()


class Detections(tuple[Detection, ...]):
    """Boxes of one picture, best first, as a tuple; also as arrays."""

    __slots__ = ()

    @property
    def boxes(self) -> np.ndarray:
        """x0, y0, x1, y1 in pixels of the upright original picture, float32 [n, 4]."""
        return np.array([one.box for one in self], np.float32).reshape(-1, 4)

    @property
    def scores(self) -> np.ndarray:
        """Float32 [n], 0–1."""
        return np.array([one.score for one in self], np.float32)

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(one.label for one in self)

    def _repr_html_(self) -> str:
        rows = [
            {"class": one.name, "score": one.score, "x0, y0, x1, y1": ", ".join(map(str, box))}
            for one, box in zip(self, self.boxes.round().astype(int).tolist(), strict=True)
        ]
        return notebook.table(f"{len(self)} object{'s' if len(self) != 1 else ''}", rows)


@dataclass(frozen=True)
class Candidates:
    """All boxes that the network proposes for one picture; thresholds are applied afterwards.

    `boxes` float32 [n, 4] x0, y0, x1, y1 in pixels of the upright `width`×`height` original, within
    it; `scores` float32 [n] 0–1, uncalibrated, best first; `indices` int64 [n] into `labels`.
    `milliseconds`: from encoded bytes to candidates. ValueError when the arrays differ in length.
    """

    file: str
    width: int
    height: int
    labels: tuple[str, ...]
    boxes: np.ndarray
    scores: np.ndarray
    indices: np.ndarray
    milliseconds: float
    calibration: Calibration = UNCALIBRATED

    def __post_init__(self) -> None:
        count = len(self.scores)
        if self.boxes.shape != (count, 4) or self.indices.shape != (count,):
            raise ValueError("boxes, scores and indices differ in length.")
        for array in (self.boxes, self.scores, self.indices):
            array.setflags(write=False)

    def _repr_html_(self) -> str:
        return self.detections()._repr_html_()

    @cached_property
    def confidences(self) -> np.ndarray:
        """The calibrated scores, float64 [n], 0–1."""
        return self.calibration(self.scores)

    def proposals(self, threshold: float = 0.0, overlap: float = OVERLAP) -> Detections:
        """Boxes scoring at least `threshold`, after non-maximum suppression by class, best first.

        `overlap`: IoU, 0–1, above which the weaker of two boxes of one class is dropped. A box that stays
        is placed at the mean of those that agree with it, dropped ones included. COCO's evaluation, which
        scores each class by itself, takes these.
        """
        chosen = np.flatnonzero(self.confidences >= threshold)
        kept = chosen[suppress(self.boxes[chosen], self.indices[chosen], overlap)[:MOST]]
        placed = self._placed(kept, max(overlap, AGREEMENT))
        return Detections(self._detection(i, box) for i, box in zip(kept, placed, strict=True))

    def detections(
        self,
        threshold: float | None = None,
        overlap: float = OVERLAP,
        only: Collection[str] | None = None,
    ) -> Detections:
        """The boxes to show: of `proposals` one class a place, best first.

        `threshold`: calibrated score, 0–1, None for the detector's own. Of boxes of different classes
        whose IoU is over RIVALRY only the strongest stays; the next strongest is its `runner_up`, from
        NAMED of its score, whatever the threshold. `only`: class names to show of these, None for all.
        """
        if threshold is None:
            threshold = self.calibration.threshold
        proposals = self.proposals(NAMED * threshold, overlap)
        rivals = iou(proposals.boxes, proposals.boxes) > RIVALRY
        found: dict[int, Detection] = {}
        for number, one in enumerate(proposals):
            by = [k for k, other in found.items() if rivals[k, number] and other.index != one.index]
            if not by and one.score >= threshold:
                found[number] = one
            for k in by[:1]:
                if found[k].runner_up is None and one.score >= NAMED * found[k].score:
                    found[k] = replace(found[k], runner_up=one)
        return Detections(one for one in found.values() if only is None or one.label in only)

    def row(self, threshold: float | None = None, overlap: float = OVERLAP) -> dict[str, Any]:
        """This picture's result in the command line's JSON."""
        found = [
            _row(one) | ({"runner_up": _row(one.runner_up)} if one.runner_up else {})
            for one in self.detections(threshold, overlap)
        ]
        size = {"width": self.width, "height": self.height}
        return {"file": self.file, **size, "detections": found, "milliseconds": round(self.milliseconds, 2)}

    def best(self) -> Detection | None:
        """The strongest candidate, whatever its score, or None without candidates."""
        return self.detections(float(self.confidences[0]))[0] if len(self.scores) else None

    def _placed(self, kept: np.ndarray, agreement: float) -> np.ndarray:
        """Each kept box as the mean, weighted by score, of the boxes of its class with that IoU.

        Box voting: Gidaris and Komodakis 2015 (arXiv:1505.01749), section 3.
        """
        of_class = self.indices[kept][:, None] == self.indices
        agree = (iou(self.boxes[kept], self.boxes) >= agreement) & of_class
        agree[np.arange(len(kept)), kept] = True  # a box without area does not even overlap itself
        weights = agree * self.scores
        mean = weights @ self.boxes / weights.sum(1, keepdims=True)
        return mean.clip(0, [self.width, self.height] * 2)  # rounding may leave the picture

    def _detection(self, i: int, box: np.ndarray) -> Detection:
        x0, y0, x1, y1 = (float(value) for value in box)
        index = int(self.indices[i])
        return Detection(self.labels[index], index, float(self.confidences[i]), (x0, y0, x1, y1))


def _row(detection: Detection) -> dict[str, Any]:
    box = [round(value, 1) for value in detection.box]
    return {"label": detection.label, "score": round(detection.score, 4), "box": box}


def coco_row(detection: Detection, image_id: int, category_id: int) -> dict[str, Any]:
    """A detection in COCO's results format: its box as x, y, width, height."""
    x0, y0, x1, y1 = detection.box
    box = [x0, y0, x1 - x0, y1 - y0]
    return {"image_id": image_id, "category_id": category_id, "bbox": box, "score": detection.score}


def coco_document(found: Sequence[tuple[Candidates, Sequence[Detection]]]) -> dict[str, Any]:
    """A whole COCO file: pictures, categories, and the detections as annotations with scores."""
    labels = found[0][0].labels if found else ()
    rows = [
        coco_row(detection, image_id, detection.index + 1)
        for image_id, (_, detections) in enumerate(found, 1)
        for detection in detections
    ]
    for number, row in enumerate(rows, 1):
        row |= {"id": number, "area": row["bbox"][2] * row["bbox"][3], "iscrowd": 0}
    return {
        "images": [
            {"id": number, "file_name": one.file, "width": one.width, "height": one.height}
            for number, (one, _) in enumerate(found, 1)
        ],
        "categories": [{"id": number, "name": label} for number, label in enumerate(labels, 1)],
        "annotations": rows,
    }
