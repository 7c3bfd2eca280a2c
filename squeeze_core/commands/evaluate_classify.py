"""`evaluate classify DIR`: the classifier's top-1 and top-5 accuracy."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from squeeze_core.accuracy import accuracy, read_labels
from squeeze_core.commands import classify, network_options, print_json
from squeeze_core.commands.files import rows_of


def add_to(subparsers: Any) -> ArgumentParser:
    parser = subparsers.add_parser("classify", help="top-1 and top-5 accuracy, in percent")
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="JSON or CSV: file name → class index or name; one sub-folder a class when not given",
    )
    network_options.add_options(parser)
    parser.set_defaults(run=run, top=5)
    return parser


def run(options: Namespace) -> int:
    network = network_options.network_of(options)
    work = classify.work_with(options, network)
    truth = read_labels(options.labels, options.folder, network.labels)
    first = among_five = 0
    for index, row in zip(truth.values(), rows_of(work, list(truth)), strict=True):
        best = [prediction["index"] for prediction in row["predictions"]]
        first += best[0] == index
        among_five += index in best
    result = accuracy(len(truth), first, among_five if len(network.labels) > options.top else None)
    if options.json:
        print_json(vars(result))
    else:
        five = "" if result.top5 is None else f", top-5 {result.top5:.1f} %"
        print(f"{result.images:,} pictures: top-1 {result.top1:.1f} %{five}")
    return 0
