"""The places of names beside the bubbles of a chart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise, product
from textwrap import wrap

from squeeze_core.figures.charts import Bubble, Bubbles

Box = tuple[float, float, float, float]  # left, bottom, right, top
# Across and up from the bubble's centre.
SIDES = {"right": (1, 0), "left": (-1, 0), "above": (0, 1), "below": (0, -1)}
GAPS = (8, 14)  # pixels between a bubble and its name
# The plot on a phone and on a wide screen, in pixels.
SIZES = ((240.0, 330.0), (1000.0, 330.0))
_CHARACTER, _LINE = 6.6, 15
_FAR = 10_000


def lines(name: str) -> list[str]:
    """The name, broken between words."""
    return wrap(name, 16, break_long_words=False, break_on_hyphens=False)


def diameter(chart: Bubbles, one: Bubble) -> float:
    """Pixels: areas in proportion, the smallest as dots."""
    largest = max(other.area for other in chart.bubbles)
    return max(10 if one.chosen else 6, 40 * math.sqrt(one.area / largest))


def places(chart: Bubbles, sizes: Sequence[tuple[float, float]] = SIZES) -> dict[str, tuple[str, int]]:
    """For each name that has room its side of the bubble and its distance: of the chosen and the line's.

    `sizes`: of the plot, pixels. In none of them a name lies on another. A chosen bubble's may lie on other
    bubbles and the line, where each place does.
    """
    found: dict[str, tuple[str, int]] = {}
    plots = [_Plot(chart, *size) for size in sizes]
    for one in sorted(chart.bubbles, key=lambda one: not one.chosen):
        free = [
            place
            for place in product(SIDES, GAPS)
            if not any(_hits(plot.box(one, *place), plot.names) for plot in plots)
        ]
        lies = {place: sum(_hits(plot.box(one, *place), plot.drawn) for plot in plots) for place in free}
        best = min(free, key=lambda place: (lies[place], place[1]), default=None)
        if best and (one.chosen or ((one.x, one.y) in chart.front and not lies[best])):
            found[one.name] = best
            for plot in plots:
                plot.names.append(plot.box(one, *best))
    return found


class _Plot:
    """The chart at one size: the boxes of its bubbles and line, and of the names that have a place."""

    def __init__(self, chart: Bubbles, wide: float, tall: float) -> None:
        self.chart, self.wide, self.tall = chart, wide, tall
        self.names: list[Box] = [(-_FAR, -_FAR, 0, _FAR), (wide, -_FAR, _FAR, _FAR)]
        self.names += [(-_FAR, -_FAR, _FAR, 0), (-_FAR, tall, _FAR, _FAR)]
        self.drawn = [self.box(one) for one in chart.bubbles]
        for (left, low), (right, high) in pairwise(self.spot(*corner) for corner in chart.front):
            self.drawn += [(left, low - 2, right, low + 2), (right - 2, low, right + 2, high)]

    def spot(self, x: float, y: float) -> tuple[float, float]:
        (left, right), (low, high) = self.chart.x_range, self.chart.y_range
        return self.wide * math.log(x / left) / math.log(right / left), self.tall * (y - low) / (high - low)

    def box(self, one: Bubble, side: str = "", gap: int = 0) -> Box:
        """Of the bubble, or of its name on that side."""
        x, y = self.spot(one.x, one.y)
        wide = tall = size = diameter(self.chart, one)
        if side:
            (across, up), words = SIDES[side], lines(one.name)
            wide, tall = _CHARACTER * max(map(len, words)), _LINE * len(words)
            x += across * (size / 2 + gap + wide / 2)
            y += up * (size / 2 + gap + tall / 2)
        return x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2


def _hits(box: Box, others: list[Box]) -> int:
    return sum(box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in others)
