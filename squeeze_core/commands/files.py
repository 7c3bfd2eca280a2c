"""Options and loops of the commands that work on many files: results come one by one, and a bad file is
reported in its place while the rest is done."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from squeeze_core import images
from squeeze_core.commands import add_device_option, add_json_option, complain, legible
from squeeze_core.commands.cluster import found_on_ray
from squeeze_core.commands.inputs import paths
from squeeze_core.commands.result_table import Row, Table
from squeeze_core.commands.work import Found, Seen, Work, read_or_error, refused
from squeeze_core.errors import UserError
from squeeze_core.spreadsheet import defused


def add_file_argument(parser: ArgumentParser) -> None:
    """FILE…, as `inputs.paths` takes it."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a picture, a folder of them, a pattern such as '*.jpg', or - for a list on standard input",
    )


def add_options(parser: ArgumentParser) -> None:
    """FILE… and all options of a command whose results go into a table."""
    add_file_argument(parser)
    add_table_options(parser)


def add_table_options(parser: ArgumentParser) -> None:
    """`--out TABLE`, `--engine`, `--device` and `--json`."""
    out_help = "write a .csv, .jsonl or .parquet file; one that exists is resumed"
    parser.add_argument("--out", type=Path, metavar="TABLE", help=out_help)
    add_engine_options(parser)


def add_engine_options(parser: ArgumentParser) -> None:
    """`--engine`, `--address`, `--device` and `--json`."""
    parser.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="where: in this process, or on a Ray cluster whose machines see the same files",
    )
    parser.add_argument("--address", help="the Ray cluster's; one on this machine when not given")
    add_device_option(parser)
    add_json_option(parser)


def answer(options: Namespace, make: Callable[[Namespace], Work[Any]], model: str, side: int) -> int:
    """Do the work that `make` has on every file, here or on a cluster, and print or write its results.

    That happens one by one, so that memory does not grow with the number of files. `model`, `side`: the
    network's name and the pixels that it sees a side, where the options say nothing else. The exit code: 2
    when any file was no picture.
    """
    if len(options.files) > 1 or not Path(options.files[0]).is_file():
        images.warm()
    seen = _only_file(options, side)
    if seen and isinstance(seen.picture, images.ImageError):
        return _refuse_only(options, refused(seen.path, seen.picture), model)
    work = make(options)
    with ExitStack() as stack:
        table = stack.enter_context(open_table(work, options.out)) if options.out else None
        document = None
        if options.json:
            document = stack.enter_context(Document(work.model, lambda: work.engine.device.type))
        watched = sys.stderr.isatty() and not sys.stdout.isatty()
        rows = table.rows if table else 0
        bar = stack.enter_context(progress(options.command, rows, hidden=not (table or watched)))
        errors_before = table.errors if table else 0
        waiting = _remaining(options.files, table)
        stack.enter_context(resumable(table, bar))
        results = found(options, partial(work.found, seen=seen), waiting)
        code = report(results, bar, document, table)
    if work.engine.notice:
        complain(work.engine.notice)
    if table and not options.json:
        print(f"{table.rows:,} files in {options.out}")
    return 2 if errors_before else code


def report(
    results: Iterable[Found], bar: tqdm, document: Document | None = None, table: Table | None = None
) -> int:
    """Print or write each result as it comes. The exit code: 2 when any file was no picture."""
    code = 0
    for one in results:
        if one.error:
            bar.write(one.error, file=sys.stderr)
            code = 2
        if table:
            table.add({"file": one.row["file"], "model": table.model, **one.row})
        if document:
            document.add(one.row)
        elif not table and one.lines:
            print(*one.lines, sep="\n", flush=True)
        bar.update()
    return code


def rows_of(
    options: Namespace,
    work: Work[Any],
    wanted: Sequence[Path],
    more: Callable[[Path, Row], Row] = lambda path, row: row,
) -> list[Row]:
    """The row of each labelled picture, in their order.

    With `--out` rows are written as they come and resumed by a later run; cells are then as that format
    keeps them. `more`: a file and its new row → the row to keep. UserError for the first file that is no
    picture.
    """
    rows: list[Row] = []
    with ExitStack() as stack:
        table = stack.enter_context(open_table(work, options.out)) if options.out else None
        missing = [path for path in wanted if table is None or legible(path) not in table]
        bar = progress(options.task, len(wanted) - len(missing), total=len(wanted))
        stack.enter_context(bar)
        stack.enter_context(resumable(table, bar))
        keep = table.add if table else rows.append
        for path, one in zip(missing, found(options, work.found, missing), strict=True):
            if one.error:
                raise UserError(one.error)
            keep(more(path, {"file": legible(path), "model": work.model, **one.row}))
            bar.update()
    if work.engine.notice:
        complain(work.engine.notice)
    if table is None:
        return rows
    known = {defused(row["file"]): row for row in table.every()}
    return [known[defused(legible(path))] for path in wanted]


@contextmanager
def understood(options: Namespace) -> Iterator[None]:
    """While the cells of rows are read: a table with changed cells is refused in a sentence."""
    try:
        yield
    except (ValueError, TypeError, LookupError) as error:
        if isinstance(error, UserError) or not options.out:
            raise
        raise UserError(f"{options.out} is not a table of these results; choose another --out.") from None


@contextmanager
def resumable(table: Table | None, bar: tqdm) -> Iterator[None]:
    """Ctrl-C ends the command and says how many files the table holds."""
    try:
        yield
    except KeyboardInterrupt:
        if not table:
            raise
        said = f"Stopped: {table.path} holds {table.rows:,} files, and the same command resumes."
        bar.write(said, file=sys.stderr)
        raise SystemExit(130) from None


def open_table(work: Work[Any], out: Path) -> Table:
    """The table for a command's rows."""
    every = {"file": str, "model": str, **work.columns, "milliseconds": float, "error": str}
    return Table(out, every, work.model)


def found(
    options: Namespace, here: Callable[[Iterable[Path]], Iterator[Found]], waiting: Iterable[Path]
) -> Iterator[Found]:
    """The result for each file, in order, by `here` or on a cluster."""
    return here(waiting) if options.engine == "local" else found_on_ray(options, waiting)


def _only_file(options: Namespace, side: int) -> Seen | None:
    """The only file, read before a network is loaded: one that takes all the time and memory that a
    picture may is refused before a network takes its own. None where a network is needed anyhow."""
    if options.weights or options.out or options.engine != "local" or len(options.files) > 1:
        return None
    path = Path(options.files[0])
    return Seen(path, read_or_error(path, side), side) if path.is_file() else None


def _refuse_only(options: Namespace, refusal: Found, model: str) -> int:
    """Report the only file, which is no picture, without a network."""
    complain(refusal.error)
    if options.json:
        with Document(model, lambda: "cpu" if options.device == "auto" else options.device) as document:
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
    taken: set[str] = set()  # before they are in the table: pictures are prefetched
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
