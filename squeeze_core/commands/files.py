"""What `classify FILE…` and `detect FILE…` share: a bad file is reported in its place, the rest is done."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from squeeze_core.commands import add_device_option, add_json_option, complain, print_json
from squeeze_core.images import ImageError, Picture, read
from squeeze_core.networks.catalogue import Network, named
from squeeze_core.networks.engine import Engine
from squeeze_core.networks.own import open_own_file, reweighted


class Timed(Protocol):
    """A result of one picture."""

    @property
    def milliseconds(self) -> float: ...


Result = TypeVar("Result", bound=Timed)


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="a weights file of your own")
    add_device_option(parser)
    add_json_option(parser)


def network_of(options: Namespace) -> Network:
    """The classifier that `--model` and `--weights` name; WeightsError when there is none."""
    network = named(options.model)
    if options.weights is None:
        return network
    return open_own_file(options.weights) if network.plan else reweighted(network, options.weights)


def answer(
    options: Namespace,
    engine: Engine,
    model: str,
    task: Callable[[Sequence[Picture]], Iterable[Result]],
    row: Callable[[Result], dict[str, Any]],
    lines: Callable[[Result], Iterable[str]],
) -> int:
    """Run `task` on every file and print its results: `row` as JSON, `lines` for people.

    The exit code: 2 when any file was no picture.
    """
    results: list[dict[str, Any]] = []
    for path, result in _each(options.files, engine, task):
        if isinstance(result, ImageError):
            complain(result)
            results.append({"file": str(path), "error": str(result)})
            continue
        results.append(row(result) | {"file": str(path)})
        if not options.json:
            print(f"{path}  ({result.milliseconds:.0f} ms)")
            for line in lines(result):
                print(f"  {line}")
    if engine.notice:
        complain(engine.notice)
    if options.json:
        print_json({"model": model, "device": engine.device.type, "results": results})
    return 2 if any("error" in result for result in results) else 0


def _each(
    files: Sequence[Path], engine: Engine, task: Callable[[Sequence[Picture]], Iterable[Result]]
) -> Iterator[tuple[Path, Result | ImageError]]:
    start = 0
    while group := files[start : start + engine.batch_size]:
        start += len(group)
        pictures = [_read(path) for path in group]
        results = iter(task([picture for picture in pictures if isinstance(picture, Picture)]))
        for path, picture in zip(group, pictures, strict=True):
            yield path, picture if isinstance(picture, ImageError) else next(results)


def _read(path: Path) -> Picture | ImageError:
    try:
        return read(path)
    except ImageError as error:
        return error
