"""Charts as data: one record from which pages, the web page and the slides are drawn.

Colours are "#rrggbb". `alt` is the chart in words.
"""

from __future__ import annotations

from dataclasses import dataclass

Ticks = tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Bar:
    """One bar: its value in the axis's unit, and that value in words.

    `mark`: another value, a line across the bar. `words`: all that is known of it, parted by "; ", for
    whoever points at it; "" for name and label.
    """

    name: str
    value: float
    label: str
    color: str
    mark: float | None = None
    words: str = ""


@dataclass(frozen=True)
class Bars:
    """Horizontal bars from zero, the first on top; dots where the axis is logarithmic.

    `ticks`: values and their words; `number_format`: the same in a spreadsheet's language. `low`:
    left end of a logarithmic axis, None on a linear one, which begins at 0. `high`: its right end.
    """

    bars: tuple[Bar, ...]
    axis: str
    ticks: Ticks
    high: float
    alt: str
    number_format: str = "General"
    low: float | None = None


@dataclass(frozen=True)
class Bubble:
    """One network in a chart of two quantities; `area` is a third, `words` all of them."""

    name: str
    x: float
    y: float
    area: float
    color: str
    chosen: bool
    words: str


@dataclass(frozen=True)
class Bubbles:
    """y over a logarithmic x; the chosen are filled, the rest are rings.

    `front`: corners of a line. `legend`: what filled bubbles, rings and the line are.
    """

    bubbles: tuple[Bubble, ...]
    front: tuple[tuple[float, float], ...]
    x_axis: str
    x_ticks: Ticks
    x_range: tuple[float, float]
    y_axis: str
    y_ticks: Ticks
    y_range: tuple[float, float]
    alt: str
    legend: tuple[str, str, str]
    number_format: str = "General"


@dataclass(frozen=True)
class Square:
    """One thing whose size is drawn as an area; `words` as a bar's."""

    name: str
    value: float
    label: str
    color: str
    words: str = ""


@dataclass(frozen=True)
class Squares:
    """Squares inside one another, the largest first, each area in proportion to its value."""

    squares: tuple[Square, ...]
    alt: str


@dataclass(frozen=True)
class Tile:
    """One part of a whole; `inside` its own parts, whose values add up to its value."""

    name: str
    value: float
    inside: tuple[Tile, ...] = ()


@dataclass(frozen=True)
class Tiles:
    """A whole split into rectangles, each area in proportion to its value."""

    title: str
    tiles: tuple[Tile, ...]
    color: str
    alt: str


Chart = Bars | Bubbles | Squares | Tiles


def share_in_words(share: float) -> str:
    """A share, 0–1, in percent, and not a false zero."""
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"
