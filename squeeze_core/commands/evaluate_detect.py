"""`evaluate detect DIR --annotations coco.json`: the detector's mean average precision."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

from squeeze_core.commands import complain, print_json
from squeeze_core.commands.detect import share
from squeeze_core.commands.files import rows_of
from squeeze_core.commands.work import Work
from squeeze_core.cost.units import percent
from squeeze_core.detector.annotations import read
from squeeze_core.detector.detect import detect, least_side
from squeeze_core.detector.evaluate import score, shown
from squeeze_core.detector.pretrained import load_detector
from squeeze_core.errors import UserError
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
    if options.last is not None:
        if options.last < 1:
            raise UserError("--last takes a number of pictures, 1 or more.")
        ordered = sorted(annotations.examples, key=lambda example: example.path.name)
        annotations = replace(annotations, examples=tuple(ordered[-options.last :]))
    engine = Engine(options.device)
    threshold = detector.calibration.threshold if options.threshold is None else options.threshold
    work = Work(
        engine,
        DETECTOR,
        lambda pictures: detect(pictures, engine, detector, options.tiled),
        lambda path, found: {"proposals": found.proposals(), "shown": found.detections(threshold)},
        lambda row, found: (),
        None,
        least_side(detector, options.tiled),
    )
    rows = rows_of(work, [example.path for example in annotations.examples])
    proposals, found = zip(*((row["proposals"], row["shown"]) for row in rows), strict=True)
    result = score(annotations, proposals)
    seen = shown(annotations, found, threshold)
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
