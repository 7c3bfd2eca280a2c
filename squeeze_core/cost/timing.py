"""Each network's time for a picture in this process, beside whatever else runs: the "Time" of a page.

`measure` times a network in a process of its own.
"""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial

import numpy as np

from squeeze_core.networks.engine import Engine, Loadable
from squeeze_core.queue import Busy

FEWEST, MOST = 5, 15
SECONDS, PATIENCE_SECONDS = 0.8, 2.0
BUSY_SPREAD = 1.5
BUSY_LOAD = 1.25


@dataclass(frozen=True)
class Timing:
    """One network's milliseconds for one picture, from its input tensor to its scores.

    `network`: median over `runs`; `low`, `high`: the quartiles of the same runs.
    """

    model: str
    network: float
    low: float
    high: float
    runs: int


@dataclass(frozen=True)
class Timings:
    """Networks timed in turns. `load`: processes that wanted a core then, for each core of the machine (its
    average over a minute); None where the system does not say."""

    device: str
    networks: tuple[Timing, ...]
    load: float | None

    @property
    def busy(self) -> bool:
        """True when other work disturbed the times, by the load or by how far they spread."""
        spread = any(timing.high > BUSY_SPREAD * timing.low for timing in self.networks)
        return spread or (self.load or 0) > BUSY_LOAD


def time_networks(works: Sequence[tuple[str, Loadable, np.ndarray]], engine: Engine) -> Timings | None:
    """The time of each network, given with its name and its input: as many runs of all, in turns.

    In turns, so that a slow moment of the machine hits all alike. MOST runs, or as many (at least FEWEST)
    as fit into SECONDS; each takes a short turn of the engine's queue, so that nobody waits for a
    measurement. None when they waited for more than PATIENCE_SECONDS in all; WeightsError when weights
    cannot be had.
    """
    end = time.monotonic() + PATIENCE_SECONDS

    @contextmanager
    def turn() -> Iterator[None]:
        nonlocal end
        with engine.queue.turn(until=end):
            begun = time.monotonic()
            yield
            end += time.monotonic() - begun  # a run is no waiting

    runs = [partial(engine.run, network, given) for _, network, given in works]
    try:
        times = in_turns(runs, MOST, FEWEST, SECONDS, turn)
    except Busy:
        return None
    load = os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else None
    rows = []
    for (name, _, _), taken in zip(works, times, strict=True):
        low, median, high = statistics.quantiles(taken, n=4, method="inclusive")
        rows.append(Timing(name, median, low, high, len(taken)))
    return Timings(engine.device, tuple(rows), load)


def in_turns(
    works: Sequence[Callable[[], object]],
    most: int,
    fewest: int | None = None,
    seconds: float = math.inf,
    turn: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> list[list[float]]:
    """The milliseconds of each run of each work; a round runs every work once, the first is not counted.

    `most` rounds, or as many (at least `fewest`) as fit into the seconds. `turn`: entered before each run.
    """
    times: list[list[float]] = [[] for _ in works]
    begun = time.perf_counter()
    for number in range(most + 1):
        if number > (fewest or most) and time.perf_counter() - begun > seconds:
            break
        for work, taken in zip(works, times, strict=True):
            with turn():
                start = time.perf_counter()
                work()
                if number:
                    taken.append(1000 * (time.perf_counter() - start))
    return times
