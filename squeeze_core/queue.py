"""A fair queue for computing and decoding: few requests run at a time, round-robin by session.

Threads that all compute at once slow each other down. Measured with 10 sessions: 95 % of answers within
1.3 s, without the queue 32 s. Short work goes before long work, long work yields between its pieces, and a
request that waits can be given up.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import chain, zip_longest
from math import inf

from squeeze_core.errors import UserError

MOST_WAITING = 200
_POLL_SECONDS = 0.1


class Busy(UserError):
    """The queue is full; the message is one sentence for people."""


@dataclass(frozen=True)
class Requester:
    """The origin of requests. `session`: equal for all requests of one person.

    `on_wait`: called about ten times a second with the number of turns until this request's own, and with 0
    when its turn has come; what it raises gives the request up.
    """

    session: object = None
    on_wait: Callable[[int], object] = lambda before: None


# The requester of the work in this thread; set where a session's work begins.
requester: ContextVar[Requester] = ContextVar("requester")
_ANYBODY = Requester()


class Queue:
    """`slots` turns at a time."""

    def __init__(self, slots: int, most_waiting: float = MOST_WAITING) -> None:
        self.slots, self.most_waiting = slots, most_waiting
        self._running: set[int] = set()  # threads that have a turn
        # Short work, then long; within each, sessions in the order of their turns.
        self._waiting: tuple[OrderedDict[object, deque[object]], ...] = (OrderedDict(), OrderedDict())
        self._changed = threading.Condition()

    def __len__(self) -> int:
        """The number of requests that wait."""
        return sum(len(tickets) for sessions in self._waiting for tickets in sessions.values())

    @property
    def running(self) -> int:
        """The number of turns that are held."""
        return len(self._running)

    @contextmanager
    def turn(self, large: bool = False, until: float = inf, who: Requester | None = None) -> Iterator[None]:
        """Wait for a turn, and hold it while the block runs; a turn inside a turn does not wait.

        `who`: None for this thread's `requester`. Busy when too many wait, and when no turn has come by
        `until`, a value of time.monotonic().
        """
        if self._has_turn():
            yield
            return
        try:
            self._wait(who or requester.get(_ANYBODY), large, until=until)
            yield
        finally:
            # A request that is given up just as its turn comes holds it all the same.
            if self._has_turn():
                self._give_back()

    def rest(self) -> None:
        """Let waiting short work go first, between two pieces of long work; nothing outside a turn.

        Other long work does not go first: all that has begun would hold its memory.
        """
        if self._has_turn() and self._waiting[False]:
            self._give_back()
            self._wait(requester.get(_ANYBODY), large=True, resumed=True)

    def _has_turn(self) -> bool:
        return threading.get_ident() in self._running

    def _give_back(self) -> None:
        with self._changed:
            self._running.remove(threading.get_ident())
            self._changed.notify_all()

    def _wait(self, who: Requester, large: bool, resumed: bool = False, until: float = inf) -> None:
        ticket, sessions = object(), self._waiting[large]
        notified = False
        with self._changed:
            if len(self) >= self.most_waiting and not resumed:
                raise Busy(f"{len(self)} requests wait here already; try again in a moment.")
            tickets = sessions.setdefault(who.session, deque())
            if resumed:
                tickets.appendleft(ticket)
                sessions.move_to_end(who.session, last=False)
            else:
                tickets.append(ticket)
        try:
            while True:
                with self._changed:
                    before = self._order().index(ticket)
                    if before == 0 and len(self._running) < self.slots:
                        self._running.add(threading.get_ident())
                        sessions.move_to_end(who.session)  # its next request comes after everybody else's
                        break
                    if time.monotonic() > until:
                        raise Busy("Too much other work comes first; try again in a moment.")
                    self._changed.wait(_POLL_SECONDS)
                who.on_wait(before + 1)
                notified = True
        finally:
            with self._changed:
                sessions[who.session].remove(ticket)
                if not sessions[who.session]:
                    del sessions[who.session]
                self._changed.notify_all()
        if notified:
            who.on_wait(0)

    def _order(self) -> list[object]:
        """The waiting requests in the order of their turns: one of each session, then a second of each …"""
        rounds = (zip_longest(*sessions.values()) for sessions in self._waiting)
        return [ticket for one in chain.from_iterable(rounds) for ticket in one if ticket]


def slots() -> int:
    """As many turns at a time as there are cores."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
