"""Commands that write some files a picture: `--out DIR`, where of several pictures each has its folder."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from squeeze_core.commands import files, legible, print_json
from squeeze_core.commands.inputs import paths
from squeeze_core.commands.result_table import Row
from squeeze_core.commands.work import Work
from squeeze_core.errors import UserError
from squeeze_core.images import Picture
from squeeze_core.networks.catalogue import Network
from squeeze_core.networks.engine import Engine


def add_options(parser: ArgumentParser) -> None:
    """FILE…, `--out DIR` and where the work is done."""
    files.add_file_argument(parser)
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="for the files; of several pictures each gets a folder in it, and one that has it is left out",
    )
    files.add_engine_options(parser)
    parser.set_defaults(alone=False)


def run(
    options: Namespace,
    make: Callable[[Namespace], Work],
    last: str,
    lines: Callable[[Row], Iterable[str]],
) -> int:
    """Do the work on every picture. `last`: the file that says that a picture is done; `lines`: a row for
    people, where it is the only one."""
    path = Path(options.files[0])
    options.alone = (
        options.engine == "local"
        and len(options.files) == 1
        and options.files != ["-"]
        and list(islice(paths(options.files), 2)) == [path]
    )
    if not options.alone:
        return files.answer(options, make, lambda path: (_folder(path, options) / last).exists())
    (found,) = make(options).found([path])
    if found.error:
        raise UserError(found.error)
    if options.json:
        print_json(found.row)
        return 0
    print(*lines(found.row), f"{len(found.row['written'])} files in {options.out}", sep="\n")
    return 0


def work(
    engine: Engine,
    network: Network,
    task: Callable[[Iterable[Picture]], Iterable[Any]],
    row: Callable[[Path, Any], Row],
) -> Work:
    """The work of such a command; its rows say what was "written"."""

    def lines(row: Row, result: object) -> tuple[str]:
        return (f"{row['file']}  {len(row['written'])} files in {Path(row['written'][-1]).parent}",)

    return Work(engine, network.name, task, row, lines, None, None)


def written(path: Path, options: Namespace, write: Callable[[Path], list[Path]]) -> list[str]:
    """The names of the files that `write` puts into the picture's folder."""
    out = _folder(path, options)
    try:
        out.mkdir(parents=True, exist_ok=True)
        return [legible(name) for name in write(out)]
    except OSError as error:
        raise UserError(f"{out} cannot be written to: {error.strerror}.") from None


def _folder(path: Path, options: Namespace) -> Path:
    """The folder of a picture's files: of one of many its own path in `--out`, from the root or here on."""
    parts = () if options.alone else (part for part in path.parts if part not in (path.anchor, ".."))
    return options.out.joinpath(*parts)
