"""The task of `classify FILE…` or `detect FILE…` on every file, in this process or on a cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from squeeze_core.commands import legible
from squeeze_core.commands.result_table import Columns, Row
from squeeze_core.images import ImageError, Picture, prefetch, read

if TYPE_CHECKING:
    from squeeze_core.networks.engine import Engine


class Timed(Protocol):
    """A result of one picture."""

    @property
    def milliseconds(self) -> float: ...


Result = TypeVar("Result", bound=Timed)


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
class Work(Generic[Result]):
    """A command's task on pictures: `task` has the results, `row` is one in JSON and tables, `lines` the
    same for people. `columns`: a table's columns beside those that every table has. `least_side`: pixels
    a side that the network sees."""

    engine: Engine
    model: str
    task: Callable[[Iterable[Picture]], Iterable[Result]]
    row: Callable[[Result], Row]
    lines: Callable[[Result], Iterable[str]]
    columns: Columns
    least_side: int

    def found(self, files: Iterable[Path], seen: Seen | None = None) -> Iterator[Found]:
        """The result for every file, in order, a batch at a time; pictures are decoded meanwhile.

        `seen`: a picture that has been read already; taken where it was read for the same side.
        """

        def of(path: Path) -> tuple[Path, Picture | ImageError]:
            if seen and seen.path == path and seen.least_side == self.least_side:
                return path, seen.picture
            return path, read_or_error(path, self.least_side)

        waiting = prefetch(of, files)
        while group := list(islice(waiting, self.engine.batch_size)):
            results = iter(self.task([picture for _, picture in group if isinstance(picture, Picture)]))
            for path, picture in group:
                file = legible(path)
                if isinstance(picture, ImageError):
                    yield refused(path, picture)
                    continue
                result = next(results)
                head = f"{file}  ({result.milliseconds:.0f} ms)"
                lines = (head, *(f"  {line}" for line in self.lines(result)))
                yield Found({**self.row(result), "file": file}, lines)


class Seen(NamedTuple):
    """A file's picture, or why there is none, read for a network that sees `least_side` pixels a side."""

    path: Path
    picture: Picture | ImageError
    least_side: int


def refused(path: Path, error: ImageError) -> Found:
    """The result for a file that is no picture."""
    return Found({"file": legible(path), "error": legible(error)})


def read_or_error(path: Path, least_side: int | None = None) -> Picture | ImageError:
    """The picture in that file, or why there is none, for a report in its place."""
    if path.is_dir():
        which = "without a picture" if os.access(path, os.R_OK | os.X_OK) else "that cannot be opened"
        return ImageError(f"{path} is a folder {which}.")
    try:
        return read(path, least_side)
    except ImageError as error:
        return error
