"""Progress of long work, for whoever watches it."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float], object]  # receives the share that is done, 0–1; raises to stop the work


def ignore(share: float) -> None:
    """Progress that nobody watches."""
