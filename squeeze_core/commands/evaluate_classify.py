"""`evaluate classify DIR`: the classifier's top-1 and top-5 accuracy."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

from squeeze_core.accuracy import accuracy, read_labels
from squeeze_core.classifier import Classification
from squeeze_core.commands import classify, network_options, print_json
from squeeze_core.commands.files import rows_of
from squeeze_core.commands.result_table import Row
from squeeze_core.commands.work import Work


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
    done, truth, classes = _work(options)
    rows = rows_of(options, done, list(truth), lambda row: (int(row["top1"]), int(row["top5"])))
    first, among_five = (sum(column) for column in zip(*rows, strict=True))
    result = accuracy(len(rows), first, among_five if classes > options.top else None)
    if options.json:
        print_json(vars(result))
    else:
        five = "" if result.top5 is None else f", top-5 {result.top5:.1f} %"
        print(f"{result.images:,} pictures: top-1 {result.top1:.1f} %{five}")
    return 0


def work(options: Namespace) -> Work:
    """Classification as `classify` does it, each row with the truth and whether it was found."""
    return _work(options)[0]


def _work(options: Namespace) -> tuple[Work, dict[Path, int], int]:
    """The work, the class of each picture, and the number of classes."""
    network = network_options.network_of(options)
    done = classify.work_with(options, network)
    truth = read_labels(options.labels, options.folder, network.labels)

    def row(path: Path, result: Classification) -> Row:
        answers = result.row(options.top)
        best = [prediction["index"] for prediction in answers["predictions"]]
        verdict = {"truth": truth[path], "top1": int(best[0] == truth[path])}
        return answers | verdict | {"top5": int(truth[path] in best)}

    verdict: dict[str, type] = {"truth": int, "top1": int, "top5": int}
    return (
        replace(done, row=row, columns={**verdict, **classify.columns(options.top)}),
        truth,
        len(network.labels),
    )
