"""Progress bars of long work."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.delta_generator import DeltaGenerator

from pages.server import results


def advance(
    bar: DeltaGenerator, start: float = 0.0, part: float = 1.0, text: str | None = None
) -> Callable[[float], None]:
    """A callback that draws the share done, 0–1, of one part of the work into `bar`.

    At each call requests of other sessions have their turn, and Streamlit ends the run after a click.
    """

    def draw(share: float) -> None:
        results.engine().queue.rest()
        bar.progress(min(1.0, start + part * share), text)

    return draw
