"""Charts as data: one record from which pages, the web page and the slides are drawn.

Colours are "#rrggbb". `alt` is the chart in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from squeeze_core.cost.units import amount, log_ticks, percent, round_ticks

Ticks = list[tuple[float, str]]


@dataclass(frozen=True)
class Bar:
    """One bar or square: its value, and that value in words.

    `mark`: another value, a line across the bar. `facts`: shown on hover; () for name and label.
    """

    name: str
    value: float
    label: str
    color: str
    mark: float | None = None
    facts: tuple[str, ...] = ()

    @property
    def hover(self) -> tuple[str, ...]:
        return self.facts or (f"{self.name}: {self.label}",)


@dataclass(frozen=True)
class Bars:
    """Horizontal bars from zero, the first on top; with `log`, dots on a logarithmic axis.

    `axis`: the axis's title; "" hides the axis. `unit`: of the values, without prefix ("B", "s", "" for
    counts), or "%" for shares, 0–1.
    """

    bars: tuple[Bar, ...]
    axis: str
    unit: str = ""
    log: bool = False

    @property
    def range(self) -> tuple[float, float]:
        """Both ends of the axis."""
        if self.unit == "%":
            return 0, 1
        values = [bar.value for bar in self.bars] + [bar.mark or 0 for bar in self.bars]
        largest = max(values)
        return (
            (0.7 * min(bar.value for bar in self.bars), 1.4 * largest) if self.log else (0, 1.02 * largest)
        )

    @property
    def ticks(self) -> Ticks:
        low, high = self.range
        if self.unit == "%":
            return [(share / 4, percent(share / 4, 0)) for share in range(5)]
        values = log_ticks(low, high) if self.log else round_ticks(high)
        return [(value, amount(value, self.unit)) for value in values]

    @property
    def alt(self) -> str:
        return f"{self.axis}: {_listed(self.bars)}" if self.axis else _listed(self.bars)


@dataclass(frozen=True)
class Bubble:
    """One network in a chart of two quantities; `area` is a third, `facts` are shown on hover."""

    name: str
    x: float
    y: float
    area: float
    color: str
    chosen: bool
    facts: tuple[str, ...]


@dataclass(frozen=True)
class Bubbles:
    """Percentages y, 0–100, over a logarithmic x; the chosen are filled, the others are rings.

    `unit`: of x, without prefix. `front`: corners of a line. `legend`: what filled bubbles, rings and the
    line are.
    """

    bubbles: tuple[Bubble, ...]
    front: tuple[tuple[float, float], ...]
    x_axis: str
    unit: str
    y_axis: str
    legend: tuple[str, str, str]

    @property
    def x_range(self) -> tuple[float, float]:
        values = [one.x for one in self.bubbles]
        least = min(values)
        named = any(one.chosen and one.x < 1.2 * least for one in self.bubbles)  # a name needs room
        return (0.12 if named else 0.6) * least, 2.2 * max(values)

    @property
    def y_range(self) -> tuple[float, float]:
        """Multiples of five around all values, with room for a name below the lowest."""
        values = [one.y for one in self.bubbles]
        return 5 * ((min(values) - 2) // 5), 5 * (max(values) // 5 + 1)

    @property
    def x_ticks(self) -> Ticks:
        return [(value, amount(value, self.unit)) for value in log_ticks(*self.x_range)]

    @property
    def y_ticks(self) -> Ticks:
        low, high = self.y_range
        return [(float(tick), f"{tick} %") for tick in range(int(low), int(high) + 1, 5)]

    @property
    def alt(self) -> str:
        chosen = (
            f"{one.name} {one.y:.1f} %, {amount(one.x, self.unit)}" for one in self.bubbles if one.chosen
        )
        return f"{self.y_axis}, over {self.x_axis}: {'; '.join(chosen)}"


@dataclass(frozen=True)
class Squares:
    """Squares inside one another, the largest first, each area in proportion to its value."""

    squares: tuple[Bar, ...]

    @property
    def alt(self) -> str:
        return f"Squares inside one another, areas in proportion: {_listed(self.squares)}"


@dataclass(frozen=True)
class Tile:
    """One part of a whole; `inside` its own parts, whose values add up to its value."""

    name: str
    value: float
    inside: tuple[Tile, ...] = ()


@dataclass(frozen=True)
class Tiles:
    """A network's parameters split into rectangles, each area in proportion to its number."""

    title: str
    tiles: tuple[Tile, ...]
    color: str

    @property
    def alt(self) -> str:
        total, largest = (
            sum(one.value for one in self.tiles),
            sorted(self.tiles, key=lambda one: -one.value),
        )
        words = ", ".join(f"{one.name} {percent(one.value / total, 0)}" for one in largest[:4])
        return f"Where {self.title}’s parameters sit: {words}"


Chart = Bars | Bubbles | Squares | Tiles


def _listed(bars: Sequence[Bar]) -> str:
    return "; ".join(f"{bar.name} {bar.label}" for bar in bars)
