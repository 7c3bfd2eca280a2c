"""`detect FILE…`: where is what in each picture?"""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from squeeze_core import images
from squeeze_core.commands import files
from squeeze_core.commands.work import Work
from squeeze_core.detector import pretrained
from squeeze_core.detector.detect import detect, least_side
from squeeze_core.detector.detections import OVERLAP, Candidates
from squeeze_core.networks.engine import Engine


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("detect", help="find and name the objects in each picture")
    files.add_options(parser)
    parser.add_argument("--weights", type=Path, metavar="FILE", help="a detector of your own training")
    parser.add_argument(
        "--threshold", type=share, metavar="T", help="least score, 0–1; the detector's own when not given"
    )
    parser.add_argument("--iou", type=share, default=OVERLAP, metavar="T", help="most overlap, 0–1")
    parser.add_argument(
        "--closely", action="store_true", help="also search four overlapping parts: five times the time"
    )
    parser.set_defaults(run=run)


def share(text: str) -> float:
    """A number from 0 to 1, as an option's value."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return value


def run(options: Namespace) -> int:
    return files.answer(options, work(options))


def work(options: Namespace) -> Work[Candidates]:
    """What is done with every picture; weights that cannot be had are said before any is read."""
    images.warm()
    engine = Engine(options.device)
    detector = pretrained.load_detector(options.weights)
    return Work(
        engine,
        pretrained.NAME,
        lambda pictures: detect(pictures, engine, detector, options.closely),
        lambda result: result.row(options.threshold, options.iou),
        lambda result: _lines(result, options.threshold, options.iou),
        {"width": int, "height": int, "detections": str},
        least_side(detector, options.closely),
    )


def _lines(result: Candidates, threshold: float | None, overlap: float) -> Iterator[str]:
    for detection in result.detections(threshold, overlap):
        x0, y0, x1, y1 = (round(value) for value in detection.box)
        other = detection.runner_up
        doubt = f"   or {other.name} {other.score:.1%}" if other else ""
        yield f"{detection.score:6.1%}  {detection.name:12}  ({x0}, {y0}) – ({x1}, {y1}){doubt}"
