"""One timing, and how timings are taken."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from squeeze_core.cost.timing import in_turns


@dataclass(frozen=True)
class Row:
    """One timing: the median, in one of two units. `ratio_to`: this time over another row's time."""

    what: str
    milliseconds: float | None = None
    images_per_second: float | None = None
    ratio_to: dict[str, float] = field(default_factory=dict)


def interleaved(works: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Median milliseconds of each work; in turns, so that a slow moment of the machine hits all alike."""
    return [statistics.median(taken) for taken in in_turns(works, rounds)]


def in_blocks(works: Sequence[Callable[[], object]], blocks: int, runs: int) -> list[float]:
    """Median milliseconds of each work, in turns of `runs` runs in a row.

    The first of a row is unseen: it pays for what another work left in caches and owes the scheduler.
    """
    times: list[list[float]] = [[] for _ in works]
    for _ in range(blocks):
        for work, taken in zip(works, times, strict=True):
            taken += in_turns([work], runs)[0]
    return [statistics.median(taken) for taken in times]
