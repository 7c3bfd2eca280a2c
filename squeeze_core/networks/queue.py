"""Whose turn is it? Networks run for a few at a time, in turns, and nobody's long work holds up the rest.

Threads of one process that all compute at once slow each other down more than they gain. Whoever asks
names an owner, such as a session; owners take turns, what is small comes before what is large, long work
rests between its pieces, and whoever waits may stop waiting.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from squeeze_core.errors import UserError

MOST_WAITING = 200
_POLL_SECONDS = 0.1


class Busy(UserError):
    """So many wait already that nobody else is let in; the message is one sentence for people."""


@dataclass(frozen=True)
class Asker:
    """Who asks. `owner`: equal for one person's requests. `waits`: told about ten times a second how many
    turns come before, and 0 when the turn has come; what it raises stops the waiting."""

    owner: object = None
    waits: Callable[[int], object] = lambda before: None


asker: ContextVar[Asker] = ContextVar("asker")
_NOBODY = Asker()


class _Ticket:
    """One turn that somebody waits for."""


class Queue:
    """`slots` turns at a time."""

    def __init__(self, slots: int, most_waiting: int = MOST_WAITING) -> None:
        self.slots, self.most_waiting = slots, most_waiting
        self._running = 0
        # Small work first; within each, owners in the order of their turns.
        self._waiting: tuple[OrderedDict[object, deque[_Ticket]], ...] = (OrderedDict(), OrderedDict())
        self._turn = threading.Condition()
        self._held = threading.local()

    def __len__(self) -> int:
        """How many wait."""
        return sum(len(tickets) for owners in self._waiting for tickets in owners.values())

    @contextmanager
    def turn(self, large: bool = False) -> Iterator[None]:
        """Wait for a turn, and have it while the block runs; within one, another needs no waiting.

        Busy when too many wait.
        """
        if getattr(self._held, "turn", False):
            yield
            return
        try:
            self._wait(large)
            yield
        finally:
            # Whoever moves on at the very moment of getting a turn has it all the same.
            if getattr(self._held, "turn", False):
                self._give_back()

    def rest(self) -> None:
        """Between two pieces of long work: small work that waits goes first. Nothing outside a turn.

        Other long work does not, which would hold the memory of all that is begun.
        """
        if getattr(self._held, "turn", False) and self._waiting[False]:
            self._give_back()
            self._wait(large=True, resumed=True)

    def _give_back(self) -> None:
        self._held.turn = False
        with self._turn:
            self._running -= 1
            self._turn.notify_all()

    def _wait(self, large: bool, resumed: bool = False) -> None:
        who, ticket, owners = asker.get(_NOBODY), _Ticket(), self._waiting[large]
        told = False
        with self._turn:
            if len(self) >= self.most_waiting and not resumed:
                raise Busy(f"{len(self)} requests wait here already; try again in a moment.")
            tickets = owners.setdefault(who.owner, deque())
            if resumed:
                tickets.appendleft(ticket)
                owners.move_to_end(who.owner, last=False)
            else:
                tickets.append(ticket)
        try:
            while True:
                with self._turn:
                    if self._running < self.slots and self._next() is ticket:
                        self._running += 1
                        # Whoever had a turn goes to the end of the line.
                        owners.move_to_end(who.owner)
                        self._held.turn = True
                        break
                    self._turn.wait(_POLL_SECONDS)
                    before = self._order().index(ticket)
                who.waits(before + 1)
                told = True
        finally:
            with self._turn:
                owners[who.owner].remove(ticket)
                if not owners[who.owner]:
                    del owners[who.owner]
                self._turn.notify_all()
        if told:
            who.waits(0)

    def _next(self) -> _Ticket | None:
        return next(iter(self._order()), None)

    def _order(self) -> list[_Ticket]:
        """Those who wait, in the order in which they will have their turns."""
        ordered: list[_Ticket] = []
        for owners in self._waiting:
            lines = [list(tickets) for tickets in owners.values()]
            while lines:
                ordered += [line.pop(0) for line in lines]
                lines = [line for line in lines if line]
        return ordered


def slots() -> int:
    """As many turns at a time as there are cores."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
