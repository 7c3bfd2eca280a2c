"""A command's task on every file, in this process or on a cluster."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from squeeze_core.commands import legible
from squeeze_core.commands.inputs import STANDARD_INPUT
from squeeze_core.commands.result_table import Columns, Row
from squeeze_core.images import MAX_BYTES, SUFFIXES, ImageError, Picture, decode, prefetch, read

if TYPE_CHECKING:
    from squeeze_core.networks.engine import Engine


@dataclass(frozen=True)
class Found:
    """A command's result for one file: its row for JSON and tables, or one with an "error", and lines
    for people."""

    row: Row
    lines: tuple[str, ...] = ()

    @property
    def error(self) -> str | None:
        return self.row.get("error")


@dataclass(frozen=True)
class Work:
    """A command's task on pictures.

    `task` has the results, in order; `row` makes of a file's result its row in JSON and tables, `lines` of
    row and result the same for people. `columns`: a table's columns beside those that every table has, None
    where no table is written. `least_side`: pixels a side that the network sees, None for whole pictures.
    """

    engine: Engine
    model: str
    task: Callable[[Iterable[Picture]], Iterable[Any]]
    row: Callable[[Path, Any], Row]
    lines: Callable[[Row, Any], Iterable[str]]
    columns: Columns | None
    least_side: int | None

    def found(self, files: Iterable[Path]) -> Iterator[Found]:
        """The result for every file, in order, a batch at a time; pictures are decoded meanwhile."""
        waiting = prefetch(lambda path: (path, _read_or_error(path, self.least_side)), files)
        while group := list(islice(waiting, self.engine.batch_size)):
            results = iter(self.task([picture for _, picture in group if isinstance(picture, Picture)]))
            for path, picture in group:
                file = legible(path)
                if isinstance(picture, ImageError):
                    yield Found({"file": file, "error": legible(picture)})
                    continue
                result = next(results)
                row = {**self.row(path, result), "file": file}
                lines = tuple(self.lines(row, result))
                if about := picture.about():
                    row |= {"frames": picture.frames, "picture": about}
                    lines = (*lines, f"  ({about})") if lines else ()
                yield Found(row, lines)


def _read_or_error(path: Path, least_side: int | None) -> Picture | ImageError:
    """The picture in that file, or why there is none, for a report in its place."""
    try:
        if path == STANDARD_INPUT:
            return decode(sys.stdin.buffer.read(MAX_BYTES + 1), "standard input")
        if path.is_dir():
            if not os.access(path, os.R_OK | os.X_OK):
                raise ImageError(f"{path} is a folder that cannot be opened.")
            if not any(one.is_dir() or one.suffix.lower() in SUFFIXES for one in path.iterdir()):
                raise ImageError(f"{path} is a folder without a picture.")
        return read(path, least_side)
    except ImageError as error:
        return error
