"""A progress bar that slow work is told to move."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.delta_generator import DeltaGenerator

from pages.server import results


def advance(
    bar: DeltaGenerator, start: float = 0.0, part: float = 1.0, text: str | None = None
) -> Callable[[float], None]:
    """Draws the share done of one part of the work into `bar`.

    Any click makes Streamlit leave the work here, which ends it; and whoever waits for a turn has it first.
    """

    def draw(share: float) -> None:
        results.engine().queue.rest()
        bar.progress(min(1.0, start + part * share), text)

    return draw
