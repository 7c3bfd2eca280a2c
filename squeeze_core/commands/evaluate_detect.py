"""`evaluate detect DIR --annotations coco.json`: the detector's mean average precision."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from squeeze_core.commands import complain, print_json
from squeeze_core.commands.detect import share
from squeeze_core.commands.files import rows_of
from squeeze_core.commands.result_table import Row
from squeeze_core.commands.work import Work
from squeeze_core.cost.units import percent
from squeeze_core.detector.annotations import read
from squeeze_core.detector.detect import detect, least_side
from squeeze_core.detector.detections import Candidates, Detection
from squeeze_core.detector.evaluate import score, shown
from squeeze_core.detector.pretrained import PretrainedDetector, load_detector
from squeeze_core.networks import DETECTOR
from squeeze_core.networks.engine import Engine


def add_to(subparsers: Any) -> ArgumentParser:
    parser = subparsers.add_parser("detect", help="mAP on an annotated folder, in percent")
    parser.add_argument(
        "--annotations",
        type=Path,
        required=True,
        metavar="FILE",
        help="COCO's JSON, YOLO's data.yaml, or a folder with PASCAL VOC's XML files",
    )
    parser.add_argument("--split", default="val", metavar="NAME", help="of a data.yaml; val when not given")
    parser.add_argument(
        "--rename",
        type=pair,
        action="append",
        default=[],
        metavar="OLD=NEW",
        help="a class of the annotations by the detector's name, such as airplane=aeroplane",
    )
    parser.add_argument(
        "--threshold", type=share, metavar="T", help="score from which boxes are shown; the detector's own"
    )
    parser.add_argument("--last", type=int, metavar="N", help="only the last N pictures by file name")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="a detector of your own training")
    parser.add_argument("--tiled", action="store_true", help="search for small objects, as detect does")
    parser.set_defaults(run=run)
    return parser


def pair(text: str) -> tuple[str, str]:
    """OLD=NEW, as an option's value."""
    old, equals, new = text.partition("=")
    if not (old.strip() and equals and new.strip()):
        raise ArgumentTypeError(f"{text!r} is not of the form OLD=NEW")
    return old.strip(), new.strip()


def run(options: Namespace) -> int:
    detector = load_detector(options.weights)
    annotations = read(
        options.folder, options.annotations, detector.labels, dict(options.rename), options.split
    )
    for notice in annotations.notices:
        complain(notice)
    if options.last:
        ordered = sorted(annotations.examples, key=lambda example: example.path.name)
        annotations = replace(annotations, examples=tuple(ordered[-options.last :]))
    done = _work(options, detector)

    def cells(row: Row) -> list[list[Detection]]:
        return [_boxes(row[name], detector.labels) for name in ("proposals", "shown")]

    rows = rows_of(options, done, [example.path for example in annotations.examples], cells)
    proposals, found = zip(*rows, strict=True)
    result = score(annotations, proposals)
    seen = shown(annotations, found, _threshold(options, detector))
    if options.json:
        on_screen = vars(seen) | {"precision": seen.precision, "recall": seen.recall}
        print_json(vars(result) | {"shown": on_screen})
        return 0
    print(f"{result.images:,} pictures: mAP@0.5 {result.map50:.1f} %, mAP@0.5:0.95 {result.map:.1f} %")
    print(
        f"Shown from {percent(seen.threshold, 0)} on: {seen.boxes:,} boxes, {seen.wrong:,} of them wrong "
        f"({seen.wrong / result.images:.2f} a picture); precision {seen.precision:.1f} %, "
        f"recall {seen.recall:.1f} % of {seen.truths:,}"
    )
    for label, value in sorted(result.per_class.items(), key=lambda item: -item[1]):
        print(f"  {value:5.1f} %  {label}")
    return 0


def work(options: Namespace) -> Work:
    """Detection with every proposal kept."""
    return _work(options, load_detector(options.weights))


def _work(options: Namespace, detector: PretrainedDetector) -> Work:
    engine, threshold = Engine(options.device), _threshold(options, detector)

    def row(path: Path, result: Candidates) -> Row:
        return {
            "proposals": [_cells(one) for one in result.proposals()],
            "shown": [_cells(one) for one in result.detections(threshold)],
            "milliseconds": round(result.milliseconds, 2),
        }

    name = options.weights.name if options.weights else DETECTOR
    return Work(
        engine,
        # Rows that another threshold or way of searching gave are another model's.
        f"{name}, {'tiled, ' if options.tiled else ''}shown from {threshold:g}",
        lambda pictures: detect(pictures, engine, detector, options.tiled),
        row,
        lambda row, result: (),
        {"proposals": str, "shown": str},
        least_side(detector, options.tiled),
    )


def _threshold(options: Namespace, detector: PretrainedDetector) -> float:
    return detector.calibration.threshold if options.threshold is None else float(options.threshold)


def _cells(one: Detection) -> list[float]:
    """A box in a row: index of its class, score, x0, y0, x1, y1."""
    return [one.index, one.score, *one.box]


def _boxes(cell: Any, labels: Sequence[str]) -> list[Detection]:
    """The boxes of a row, also of one that was read from a table, where they are JSON."""
    rows = json.loads(cell) if isinstance(cell, str) else cell
    return [
        Detection(labels[index], index, score, (x0, y0, x1, y1)) for index, score, x0, y0, x1, y1 in rows
    ]
