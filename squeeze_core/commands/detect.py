"""`detect FILE…`: the objects in each picture."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from squeeze_core.commands import files
from squeeze_core.commands.work import Work
from squeeze_core.networks import DETECTOR

if TYPE_CHECKING:
    from squeeze_core.detector.detections import Candidates


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("detect", help="find and name the objects in each picture")
    files.add_file_argument(parser)
    files.add_table_options(parser)
    parser.add_argument("--weights", type=Path, metavar="FILE", help="a detector of your own training")
    parser.add_argument(
        "--threshold", type=share, metavar="T", help="least score, 0–1; the detector's own when not given"
    )
    parser.add_argument(
        "--iou",
        type=share,
        metavar="T",
        help="most overlap of two boxes of a class, 0–1; 0.5 when not given",
    )
    parser.add_argument(
        "--tiled", action="store_true", help="also search four overlapping parts: five times the time"
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
    return files.answer(options, work)


def work(options: Namespace) -> Work:
    """The work for every picture; weights that cannot be had are reported before any is read."""
    from squeeze_core.detector.detect import detect, least_side
    from squeeze_core.detector.detections import OVERLAP
    from squeeze_core.detector.pretrained import load_detector
    from squeeze_core.networks.engine import Engine

    engine = Engine(options.device)
    detector = load_detector(options.weights)
    overlap = OVERLAP if options.iou is None else options.iou
    return Work(
        engine,
        DETECTOR,
        lambda pictures: detect(pictures, engine, detector, options.tiled),
        lambda path, result: result.row(options.threshold, overlap),
        lambda row, result: _lines(row["file"], result, options.threshold, overlap),
        {"width": int, "height": int, "detections": str},
        least_side(detector, options.tiled),
    )


def _lines(file: str, result: Candidates, threshold: float | None, overlap: float) -> Iterator[str]:
    yield f"{file}  ({result.milliseconds:.0f} ms)"
    for detection in result.detections(threshold, overlap):
        x0, y0, x1, y1 = (round(value) for value in detection.box)
        other = detection.runner_up
        doubt = f"   or {other.name} {100 * other.score:.1f} %" if other else ""
        yield f"  {100 * detection.score:5.1f} %  {detection.name:12}  ({x0}, {y0}) – ({x1}, {y1}){doubt}"
