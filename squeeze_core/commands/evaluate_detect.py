"""`evaluate detect DIR --annotations coco.json`: the detector's mean average precision."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from squeeze_core.commands import complain, print_json
from squeeze_core.detector.annotations import read_coco
from squeeze_core.detector.detect import network
from squeeze_core.detector.evaluate import evaluate
from squeeze_core.networks.engine import Engine


def add_to(subparsers: Any) -> ArgumentParser:
    parser = subparsers.add_parser("detect", help="mAP on a COCO-format folder, in percent")
    parser.add_argument("--annotations", type=Path, required=True, metavar="FILE", help="COCO JSON")
    parser.set_defaults(run=run)
    return parser


def run(options: Namespace) -> int:
    engine = Engine(options.device)
    labels = network(engine, options.weights).labels
    annotations = read_coco(options.folder, options.annotations, labels)
    result = evaluate(annotations, engine, options.weights)
    if engine.notice:
        complain(engine.notice)
    if options.json:
        print_json(vars(result))
        return 0
    print(f"{result.images:,} pictures: mAP@0.5 {result.map50:.1f} %, mAP@0.5:0.95 {result.map:.1f} %")
    for label, value in sorted(result.per_class.items(), key=lambda item: -item[1]):
        print(f"  {value:5.1f} %  {label}")
    return 0
