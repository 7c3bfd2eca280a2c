"""Options and loops of the commands that work on many files: results come one by one, and a bad file is
reported in its place while the rest is done."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tqdm import tqdm

from squeeze_core import images
from squeeze_core.commands import add_device_option, add_json_option, complain, legible
from squeeze_core.commands.cluster import found_on_ray
from squeeze_core.commands.inputs import paths
from squeeze_core.commands.result_table import Row, Table
from squeeze_core.commands.work import Work
from squeeze_core.errors import UserError


def add_file_argument(parser: ArgumentParser) -> None:
    """FILE…, as `inputs.paths` takes it."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a picture, a folder of them, a pattern such as '*.jpg', or - for a list on standard input",
    )


def add_table_options(parser: ArgumentParser) -> None:
    """`--out TABLE`, `--engine`, `--address`, `--device` and `--json`."""
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


def answer(
    options: Namespace,
    make: Callable[[Namespace], Work],
    done: Callable[[Path], bool] = lambda path: False,
) -> int:
    """Do the work that `make` has on every file, here or on a cluster, and print or write its results.

    They come one by one, so that memory does not grow with the number of files. Those that the table of
    `--out` holds already and those of `done` are left out; after Ctrl-C the table is whole. The exit code:
    2 when any file was no picture.
    """
    if len(options.files) > 1 or not Path(options.files[0]).is_file():
        images.warm()
    work = make(options)
    errors = 0
    with ExitStack() as stack:
        document = table = None
        if options.json:
            document = stack.enter_context(Document(work.model, lambda: work.engine.device))
        if options.out and work.columns:
            columns = {"file": str, "model": str, **work.columns, "milliseconds": float, "error": str}
            table = stack.enter_context(Table(options.out, columns, work.model))
        watched = sys.stderr.isatty() and not sys.stdout.isatty()
        bar = tqdm(
            desc=options.command,
            unit=" files",
            initial=table.rows if table else 0,
            disable=not (table or watched),
            mininterval=0.1 if sys.stderr.isatty() else 10,  # rarely where nobody watches, as in a log
            file=sys.stderr,
        )
        stack.enter_context(bar)
        waiting = _remaining((path for path in paths(options.files) if not done(path)), table)
        try:
            for one in work.found(waiting) if options.engine == "local" else found_on_ray(options, waiting):
                if one.error:
                    errors += 1
                    tqdm.write(one.error, file=sys.stderr)
                if document:
                    document.add(one.row)
                elif one.lines and not table:
                    print(*one.lines, sep="\n", flush=True)
                if table:
                    table.add({"file": one.row["file"], "model": table.model, **one.row})
                bar.update()
        except KeyboardInterrupt:
            if not table:
                raise
            said = f"Stopped: {table.path} holds {table.rows:,} files, and the same command resumes."
            tqdm.write(said, file=sys.stderr)
            raise SystemExit(130) from None
    if work.engine.notice:
        complain(work.engine.notice)
    if table and not options.json:
        print(f"{table.rows:,} files in {options.out}")
    return 2 if errors or (table and table.errors) else 0


def rows_of(work: Work, wanted: Sequence[Path]) -> Iterator[Row]:
    """The row of each labelled picture, in order. UserError for the first file that is no picture."""
    for one in tqdm(work.found(wanted), unit=" files", total=len(wanted), file=sys.stderr):
        if one.error:
            raise UserError(one.error)
        yield one.row
    if work.engine.notice:
        complain(work.engine.notice)


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


def _remaining(files: Iterable[Path], table: Table | None) -> Iterator[Path]:
    """The files, without those that the table holds already, each once."""
    taken: set[str] = set()  # before they are in the table: pictures are prefetched
    for path in files:
        if table is None:
            yield path
        elif (file := legible(path)) not in table and file not in taken:
            taken.add(file)
            yield path
