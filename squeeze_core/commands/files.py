"""What `classify FILE…` and `detect FILE…` share: results come one by one, and a bad file is reported
in its place while the rest is done."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from tqdm import tqdm

from squeeze_core import images
from squeeze_core.commands import add_device_option, add_json_option, complain, legible
from squeeze_core.commands.cluster import found_on_ray
from squeeze_core.commands.inputs import paths
from squeeze_core.commands.tables import Table, open_table
from squeeze_core.commands.work import Found, Seen, Work, read_or_error, refused

LOOKED_AT = 8  # files that are read before a network is loaded, while none is a picture


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
    add_table_options(parser)
    add_device_option(parser)
    add_json_option(parser)


def add_table_options(parser: ArgumentParser) -> None:
    """Where the rows go, and where they are made."""
    parser.add_argument(
        "--out",
        type=Path,
        metavar="TABLE",
        help="write a .csv, .jsonl or .parquet file; one that is there already is gone on with",
    )
    add_engine_options(parser)


def add_engine_options(parser: ArgumentParser) -> None:
    """Where the work is done."""
    parser.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="where: in this process, or on a Ray cluster whose machines see the same files",
    )
    parser.add_argument("--address", help="the Ray cluster's; one on this machine when not given")


def answer(options: Namespace, make: Callable[[Namespace], Work[Any]], model: str, side: int) -> int:
    """Do the work that `make` has on every file, here or on a cluster, and print or write what is found.

    That happens one by one, so that memory does not grow with the number of files. `model`, `side`: the
    network's name and the pixels that it sees a side, where the options say nothing else. The exit code: 2
    when any file was no picture.
    """
    if len(options.files) > 1 or not Path(options.files[0]).is_file():
        images.warm()
    seen = look(options, side)
    if seen and len(seen) == len(options.files) and isinstance(seen[-1].picture, images.ImageError):
        return _none_is_a_picture(options, seen, model)
    work = make(options)
    with ExitStack() as stack:
        table = None
        if options.out:
            table = stack.enter_context(open_table_of(work, options.out))
        document = None
        if options.json:
            document = stack.enter_context(Document(work.model, lambda: work.engine.device.type))
        watched = sys.stderr.isatty() and not sys.stdout.isatty()
        rows = table.rows if table else 0
        bar = stack.enter_context(progress(options.command, rows, hidden=not (table or watched)))
        failed = table.errors if table else 0
        waiting = _remaining(options.files, table)
        try:
            for one in found(options, work, waiting, seen[-1] if seen else None):
                if one.error:
                    bar.write(one.error, file=sys.stderr)
                    failed += 1
                if table:
                    table.add({"file": one.row["file"], "model": work.model, **one.row})
                if document:
                    document.add(one.row)
                elif not table and one.lines:
                    print(*one.lines, sep="\n", flush=True)
                bar.update()
        except KeyboardInterrupt:
            if table:
                say_stopped(table, bar)
                return 130
            raise
    if work.engine.notice:
        complain(work.engine.notice)
    if table and not options.json:
        print(f"{table.rows:,} files in {options.out}")
    return 2 if failed else 0


def open_table_of(work: Work[Any], out: Path) -> Table:
    """The table for a command's rows."""
    every = {"file": str, "model": str, **work.columns, "milliseconds": float, "error": str}
    return open_table(out, every, work.model)


class Finds(Protocol):
    """What a command does with files, such as a `Work`."""

    def found(self, files: Iterable[Path], seen: Seen | None = None) -> Iterator[Found]: ...


def found(
    options: Namespace, work: Finds, waiting: Iterable[Path], seen: Seen | None = None
) -> Iterator[Found]:
    """What is in each file, in order, here or on a cluster."""
    return work.found(waiting, seen) if options.engine == "local" else found_on_ray(options, waiting)


def say_stopped(table: Table, bar: tqdm) -> None:
    bar.write(
        f"Stopped: {table.path} holds {table.rows:,} files, and the same command goes on.", file=sys.stderr
    )


def look(options: Namespace, side: int) -> list[Seen]:
    """The first files, up to the first that is a picture; none where a network is needed anyhow.

    So a file that takes all the time and memory that one may is refused before a network takes its own.
    """
    if options.weights or options.out or options.engine != "local":
        return []
    seen = []
    for path in islice(map(Path, options.files), LOOKED_AT):
        if not path.is_file():
            return []
        seen.append(Seen(path, read_or_error(path, side), side))
        if isinstance(seen[-1].picture, images.Picture):
            break
    return seen


def _none_is_a_picture(options: Namespace, seen: Iterable[Seen], model: str) -> int:
    """Say so of each file, without a network."""
    device = "cpu" if options.device == "auto" else options.device
    with ExitStack() as stack:
        document = stack.enter_context(Document(model, lambda: device)) if options.json else None
        for one in seen:
            assert isinstance(one.picture, images.ImageError)
            refusal = refused(one.path, one.picture)
            complain(refusal.error)
            if document:
                document.add(refusal.row)
    return 2


class Document:
    """One JSON document on standard output, written as its results come, and closed whatever happens."""

    def __init__(self, model: str, device: Callable[[], str]) -> None:
        self.model, self.device, self.count = model, device, 0

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
        print(f'\n], "device": {json.dumps(self.device())}}}')


def _remaining(files: Iterable[str], table: Table | None) -> Iterator[Path]:
    """The files, without those that the table holds already, each once."""
    taken: set[str] = set()  # before they are in the table: pictures are read ahead
    for path in paths(files):
        if table is None:
            yield path
        elif (file := legible(path)) not in table and file not in taken:
            taken.add(file)
            yield path


def progress(title: str, done: int = 0, hidden: bool = False, total: int | None = None) -> tqdm:
    """Files on standard error as they are done; rarely where nobody watches, as in a log."""
    seconds = 0.1 if sys.stderr.isatty() else 10
    return tqdm(
        desc=title,
        total=total,
        unit=" files",
        initial=done,
        disable=hidden,
        mininterval=seconds,
        file=sys.stderr,
    )
