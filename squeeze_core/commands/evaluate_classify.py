"""`evaluate classify DIR --labels labels.json`: the classifier's top-1 and top-5 accuracy."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

from squeeze_core.accuracy import accuracy, read_labels
from squeeze_core.classifier import Classification
from squeeze_core.commands import classify, network_options, print_json
from squeeze_core.commands.files import rows_of, understood
from squeeze_core.commands.result_table import Row
from squeeze_core.commands.work import Work
from squeeze_core.networks.catalogue import Network


def add_to(subparsers: Any) -> ArgumentParser:
    parser = subparsers.add_parser("classify", help="top-1 and top-5 accuracy, in percent")
    parser.add_argument(
        "--labels", type=Path, required=True, metavar="FILE", help="JSON: file name → class index"
    )
    network_options.add_options(parser)
    parser.set_defaults(run=run, top=5)
    return parser


def run(options: Namespace) -> int:
    network = network_options.network_of(options)
    done = _work(options, network)
    truth = read_labels(options.labels, options.folder, len(network.labels))

    def judged(path: Path, row: Row) -> Row:
        best = [prediction["index"] for prediction in row["predictions"]]
        verdict = {"truth": truth[path], "top1": int(best[0] == truth[path])}
        return row | verdict | {"top5": int(truth[path] in best)}

    rows = rows_of(options, done, list(truth), judged)
    with understood(options):
        first, among_five = (sum(int(row[name]) for row in rows) for name in ("top1", "top5"))
    result = accuracy(len(rows), first, among_five)
    if options.json:
        print_json(vars(result))
    else:
        print(f"{result.images:,} pictures: top-1 {result.top1:.1f} %, top-5 {result.top5:.1f} %")
    return 0


def work(options: Namespace) -> Work[Classification]:
    """Classification as `classify` does it."""
    return _work(options, network_options.network_of(options))


def _work(options: Namespace, network: Network) -> Work[Classification]:
    """As `classify` does it; weights that cannot be had are said before any picture is read."""
    verdict: dict[str, type] = {"truth": int, "top1": int, "top5": int}
    done = classify.work_with(options, network)
    return replace(done, columns={**verdict, **done.columns})
