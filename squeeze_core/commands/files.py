"""What `classify FILE…` and `detect FILE…` share: results come one by one, and a bad file is reported
in its place while the rest is done."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tqdm import tqdm

from squeeze_core.commands import add_device_option, add_json_option, complain, legible
from squeeze_core.commands.inputs import paths
from squeeze_core.commands.tables import Columns, Table, open_table
from squeeze_core.images import ImageError, Picture, ahead, read
from squeeze_core.networks.engine import Engine


class Timed(Protocol):
    """A result of one picture."""

    @property
    def milliseconds(self) -> float: ...


Result = TypeVar("Result", bound=Timed)
Row = dict[str, Any]


def add_file_argument(parser: ArgumentParser) -> None:
    """FILE…, as `inputs.paths` takes it."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a picture, a folder of them, a pattern such as '*.jpg', or - for a list on standard input",
    )


def add_options(parser: ArgumentParser) -> None:
    add_file_argument(parser)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="TABLE",
        help="write a .csv, .jsonl or .parquet file; one that is there already is gone on with",
    )
    add_device_option(parser)
    add_json_option(parser)


def answer(
    options: Namespace,
    engine: Engine,
    model: str,
    task: Callable[[Iterable[Picture]], Iterable[Result]],
    row: Callable[[Result], Row],
    lines: Callable[[Result], Iterable[str]],
    columns: Columns,
    least_side: int,
) -> int:
    """Run `task` on every file; `row` is its result for JSON and tables, `lines` for people.

    `least_side`: pixels a side that its network sees.

    Results are printed or written one by one, so that memory does not grow with their number. The
    exit code: 2 when any file was no picture.
    """
    with ExitStack() as stack:
        table = None
        if options.out:
            every = {"file": str, "model": str, **columns, "milliseconds": float, "error": str}
            table = stack.enter_context(open_table(options.out, every, model))
        document = stack.enter_context(Document(model, engine)) if options.json else None
        watched = sys.stderr.isatty() and not sys.stdout.isatty()
        rows = table.rows if table else 0
        bar = stack.enter_context(progress(options.command, rows, hidden=not (table or watched)))
        failed = table.errors if table else 0
        try:
            for path, result in each(_remaining(options.files, table), engine, task, least_side):
                file = legible(path)
                if isinstance(result, ImageError):
                    bar.write(legible(result), file=sys.stderr)
                    found: Row = {"file": file, "error": legible(result)}
                    failed += 1
                else:
                    found = {**row(result), "file": file}
                if table:
                    table.add({"file": file, "model": model, **found})
                if document:
                    document.add(found)
                elif not table and not isinstance(result, ImageError):
                    text = "\n  ".join([f"{file}  ({result.milliseconds:.0f} ms)", *lines(result)])
                    print(text, flush=True)
                bar.update()
        except KeyboardInterrupt:
            if table:
                bar.write(
                    f"Stopped: {options.out} holds {table.rows:,} files, and the same command goes on.",
                    file=sys.stderr,
                )
                return 130
            raise
    if engine.notice:
        complain(engine.notice)
    if table and not options.json:
        print(f"{table.rows:,} files in {options.out}")
    return 2 if failed else 0


class Document:
    """One JSON document on standard output, written as its results come, and closed whatever happens."""

    def __init__(self, model: str, engine: Engine) -> None:
        self.model, self.engine, self.count = model, engine, 0

    def __enter__(self) -> Document:
        print(f'{{"model": {json.dumps(self.model)}, "results": [', end="")
        return self

    def add(self, row: Mapping[str, Any]) -> None:
        text = json.dumps(row, allow_nan=False)
        # One write, so that Ctrl-C comes before or after it.
        sys.stdout.write(f"{',' if self.count else ''}\n{text}")
        self.count += 1
        sys.stdout.flush()

    def __exit__(self, *_: object) -> None:
        print(f'\n], "device": {json.dumps(self.engine.device.type)}}}')


def each(
    files: Iterable[Path],
    engine: Engine,
    task: Callable[[Iterable[Picture]], Iterable[Result]],
    least_side: int,
) -> Iterator[tuple[Path, Result | ImageError]]:
    """Every file and what `task` finds in it, or why it is no picture, in order; a batch at a time.

    `least_side`: pixels a side that the task's network sees. Pictures are decoded meanwhile.
    """
    waiting = ahead(lambda path: (path, read_or_error(path, least_side)), files)
    while group := list(islice(waiting, engine.batch_size)):
        results = iter(task([picture for _, picture in group if isinstance(picture, Picture)]))
        for path, picture in group:
            yield path, picture if isinstance(picture, ImageError) else next(results)


def _remaining(files: Iterable[str], table: Table | None) -> Iterator[Path]:
    """The files, without those that the table holds already, each once."""
    taken: set[str] = set()  # before they are in the table: pictures are read ahead
    for path in paths(files):
        if table is None:
            yield path
        elif (file := legible(path)) not in table and file not in taken:
            taken.add(file)
            yield path


def progress(title: str, done: int = 0, hidden: bool = False) -> tqdm:
    """Files on standard error as they are done; rarely where nobody watches, as in a log."""
    seconds = 0.1 if sys.stderr.isatty() else 10
    return tqdm(
        desc=title, unit=" files", initial=done, disable=hidden, mininterval=seconds, file=sys.stderr
    )


def read_or_error(path: Path, least_side: int | None = None) -> Picture | ImageError:
    """The picture in that file, or why there is none, for a report in its place."""
    if path.is_dir():
        which = "without a picture" if os.access(path, os.R_OK | os.X_OK) else "that cannot be opened"
        return ImageError(f"{path} is a folder {which}.")
    try:
        return read(path, least_side)
    except ImageError as error:
        return error
