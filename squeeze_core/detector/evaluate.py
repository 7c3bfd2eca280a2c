"""Mean average precision by COCO's rules (faster-coco-eval)."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster
from tqdm import tqdm

from squeeze_core.detector.annotations import Annotations
from squeeze_core.detector.detect import detect
from squeeze_core.detector.detections import Detection, coco_row
from squeeze_core.images import read
from squeeze_core.networks.engine import Engine


@dataclass(frozen=True)
class DetectionScore:
    """In percent: `map50` at IoU 0.5, `map` over IoU 0.50–0.95, `per_class` at IoU 0.5 for every
    class that occurs."""

    images: int
    map50: float
    map: float
    per_class: dict[str, float]


def evaluate(annotations: Annotations, engine: Engine, file: Path | None = None) -> DetectionScore:
    """Run the detector (the shipped one, or `file`) on every picture and score what it finds."""
    pictures = (read(example.path) for example in annotations.examples)
    answers = tqdm(detect(pictures, engine, file), "detect", len(annotations.examples), unit="picture")
    return score(annotations, [answer.proposals() for answer in answers])


def score(annotations: Annotations, found: Iterable[Iterable[Detection]]) -> DetectionScore:
    """Score the detections of each picture of `annotations`, in its order.

    They should be `Candidates.proposals()`, as low as they go: precision is averaged over every recall.
    """
    rows = [
        coco_row(detection, example.image_id, annotations.category_ids[detection.index])
        for example, detections in zip(annotations.examples, found, strict=True)
        for detection in detections
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(_with_areas(json.loads(annotations.file.read_text())))
        evaluation = COCOeval_faster(truth, truth.loadRes(rows) if rows else COCO(_nothing(truth)), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    precision = np.where(precision < 0, np.nan, precision)
    names = {row["id"]: row["name"] for row in truth.dataset["categories"]}
    per_class = {
        names[category]: 100 * float(np.mean(precision[0, :, k]))
        for k, category in enumerate(evaluation.params.catIds)
        if not np.isnan(precision[0, :, k]).all()
    }
    return DetectionScore(
        len(annotations.examples),
        100 * float(np.nanmean(precision[0])),
        100 * float(np.nanmean(precision)),
        per_class,
    )


def _with_areas(document: dict[str, Any]) -> dict[str, Any]:
    """COCO's evaluator wants fields that plain annotation files leave out."""
    for number, row in enumerate(document["annotations"], start=1):
        row["id"] = number  # from 1: the evaluator takes a match with annotation 0 for none
        row.setdefault("iscrowd", 0)
        row.setdefault("area", row["bbox"][2] * row["bbox"][3])
    return document


def _nothing(truth: COCO) -> dict[str, Any]:
    return {**truth.dataset, "annotations": []}
