"""Memory goes back to the system when visitors have gone."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from pages.server import memory
from pages.server.cache import RESULTS

ROOT = Path(__file__).parents[2]
GIVING = """
from pages.server import memory

def resident():
    return 4096 * int(open("/proc/self/statm").read().split()[1])

before = resident()
blocks = [b"x" * 100_000 for _ in range(3000)]  # each too small for a mapping of its own
keeps = blocks[-1]  # at the end of the heap, so that freeing alone gives nothing back
held = resident()
del blocks
memory.give_back()
print(held - before, held - resident())
"""


def test_memory_goes_back_to_the_system() -> None:
    # In a process of its own, whose heap nobody has used before.
    command = [sys.executable, "-c", GIVING]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    taken, given_back = map(int, told.stdout.split())
    assert taken > 250e6 and given_back > 0.9 * taken


def test_results_go_with_the_last_visitor(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = iter([2, 1, "fails", 0, 0])
    kept: list[bool] = []
    given_back: list[int] = []

    def rest(seconds: float) -> None:
        kept.append(RESULTS.get("visitor's", lambda: None) is not None)
        if len(kept) == 6:
            raise InterruptedError

    def count() -> int:
        return int(next(counts))

    monkeypatch.setattr(memory, "give_back", lambda: given_back.append(len(kept)))
    monkeypatch.setattr(time, "sleep", rest)
    RESULTS.get("visitor's", lambda: 1)
    with pytest.raises(InterruptedError):
        memory.watch(count)
    assert kept == [True, True, True, True, False, False]
    assert given_back == [2, 4]  # each time that somebody has left
