"""What is known of each labelled picture: found now, here or on a cluster, or in an earlier run's table."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from squeeze_core.commands import complain, files, legible
from squeeze_core.commands.work import Row, Work
from squeeze_core.errors import UserError


def rows_of(
    options: Namespace,
    work: Work[Any],
    wanted: Sequence[Path],
    more: Callable[[Path], Callable[[Row], Row]] = lambda path: lambda row: row,
) -> list[Row]:
    """The row of each file, in their order.

    With `--out` they are written as they come and are not found again by a later run; cells are then as
    that kind of table keeps them. `more`: for a file, what its new row becomes. UserError for the first
    file that is no picture.
    """
    known: dict[str, Row] = {}
    with ExitStack() as stack:
        table = stack.enter_context(files.open_table_of(work, options.out)) if options.out else None
        missing = [path for path in wanted if table is None or legible(path) not in table]
        done = len(wanted) - len(missing)
        bar = stack.enter_context(files.progress(options.task, done, total=len(wanted)))
        try:
            for path, one in zip(missing, files.found(options, work, missing), strict=True):
                if one.error:
                    raise UserError(one.error)
                row = more(path)({"file": legible(path), "model": work.model, **one.row})
                if table:
                    table.add(row)
                else:
                    known[legible(path)] = row
                bar.update()
        except KeyboardInterrupt:
            if table:
                files.say_stopped(table, bar)
                raise SystemExit(130) from None
            raise
    if table:
        known = {row["file"]: row for row in table.every()}
    if work.engine.notice:
        complain(work.engine.notice)
    return [known[table.named(legible(path)) if table else legible(path)] for path in wanted]


@contextmanager
def understood(options: Namespace) -> Iterator[None]:
    """While the cells of rows are read: a table whose cells somebody changed is refused in a sentence."""
    try:
        yield
    except (ValueError, TypeError, LookupError) as error:
        if isinstance(error, UserError) or not options.out:
            raise
        raise UserError(f"{options.out} is not a table of these results; choose another --out.") from None
