"""`evaluate classify DIR --labels labels.json`: the classifier's top-1 and top-5 accuracy."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from squeeze_core.accuracy import read_labels, score
from squeeze_core.classifier import classify
from squeeze_core.commands import complain, networks, print_json
from squeeze_core.images import ahead, read
from squeeze_core.networks.engine import Engine


def add_to(subparsers: Any) -> ArgumentParser:
    parser = subparsers.add_parser("classify", help="top-1 and top-5 accuracy, in percent")
    parser.add_argument(
        "--labels", type=Path, required=True, metavar="FILE", help="JSON: file name → class index"
    )
    networks.add_options(parser)
    parser.set_defaults(run=run)
    return parser


def run(options: Namespace) -> int:
    engine = Engine(options.device)
    network = networks.network_of(options)
    engine.get(network)  # weights that cannot be had are said before any picture is read
    truth = read_labels(options.labels, options.folder, len(network.labels))
    answers = classify(
        ahead(lambda path: read(path, network.preprocess.least_side), truth), engine, network
    )
    result = score(tqdm(answers, "classify", len(truth), unit="picture"), truth)
    if engine.notice:
        complain(engine.notice)
    if options.json:
        print_json(vars(result))
    else:
        print(f"{result.images:,} pictures: top-1 {result.top1:.1f} %, top-5 {result.top5:.1f} %")
    return 0
