"""`classify FILE…`: the classes of each picture."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from squeeze_core.commands import files, network_options
from squeeze_core.commands.result_table import numbered
from squeeze_core.commands.work import Work

if TYPE_CHECKING:
    from squeeze_core.classifier import Classification
    from squeeze_core.networks.catalogue import Network


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("classify", help="name what is in each picture")
    files.add_file_argument(parser)
    files.add_table_options(parser)
    network_options.add_options(parser)
    parser.add_argument("--top", type=top, default=5, metavar="K", help="how many classes, 1–1000")
    parser.set_defaults(run=run)


def top(text: str) -> int:
    """A number of classes, as an option's value."""
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1 to 1000")
    return int(text)


def run(options: Namespace) -> int:
    return files.answer(options, work)


def work(options: Namespace) -> Work:
    """The work for every picture; weights that cannot be had are reported before any is read."""
    return work_with(options, network_options.network_of(options))


def work_with(options: Namespace, network: Network) -> Work:
    """The same with that network."""
    from squeeze_core.classifier import classify
    from squeeze_core.networks.engine import Engine

    engine = Engine(options.device)
    engine.get(network)
    return Work(
        engine,
        network.name,
        lambda pictures: classify(pictures, engine, network),
        lambda path, result: result.row(options.top),
        lambda row, result: _lines(row["file"], result, options.top),
        columns(options.top) | ({"none_of_these": bool} if network.known else {}),
        network.preprocess.least_side,
    )


def columns(count: int) -> dict[str, type]:
    """The cells of `count` predictions in a table."""
    cells = {"label": str, "index": int, "probability": float}
    return {numbered(name, place): cells[name] for place in range(1, count + 1) for name in cells}


def _lines(file: str, result: Classification, count: int) -> Iterator[str]:
    none = "  none of its classes" if result.none_of_these else "" if result.sure else "  not sure"
    yield f"{file}  ({result.milliseconds:.0f} ms){none}"
    for prediction in result.top(count):
        yield f"  {100 * prediction.probability:5.1f} %  {prediction.label}"
