"""The places of names beside the bubbles of a chart."""

from __future__ import annotations

import math
from textwrap import wrap

from squeeze_core.figures.charts import Bubble, Bubbles

Box = tuple[float, float, float, float]  # left, bottom, right, top
# Across and up from the bubble's centre.
SIDES = {"right": (1, 0), "left": (-1, 0), "above": (0, 1), "below": (0, -1)}
GAP = 4  # pixels between a bubble and its name
# The plot on a phone, in pixels: on a wider one names only move apart.
_WIDE, _TALL = 240, 330
_CHARACTER, _LINE = 6.6, 15
_FAR = 10_000
_WALLS = [(-_FAR, -_FAR, 0, _FAR), (_WIDE, -_FAR, _FAR, _FAR)]
_WALLS += [(-_FAR, -_FAR, _FAR, 0), (-_FAR, _TALL, _FAR, _FAR)]


def lines(name: str) -> list[str]:
    """The name, broken between words."""
    return wrap(name, 16, break_long_words=False, break_on_hyphens=False)


def diameter(chart: Bubbles, one: Bubble) -> float:
    """Pixels: areas in proportion, the smallest as dots."""
    largest = max(other.area for other in chart.bubbles)
    return max(10 if one.chosen else 6, 40 * math.sqrt(one.area / largest))


def sides(chart: Bubbles) -> dict[str, str]:
    """For each name that has room its side of the bubble: of the chosen, and of those on the chart's line.

    No name lies on another; only a chosen bubble's lies on bubbles, where there is no better place.
    """
    found: dict[str, str] = {}
    names: list[Box] = list(_WALLS)
    bubbles = [_box(chart, one) for one in chart.bubbles]
    for one in sorted(chart.bubbles, key=lambda one: not one.chosen):
        if one.chosen or (one.x, one.y) in chart.front:
            free = {side: box for side in SIDES if not _hits(box := _box(chart, one, side), names)}
            clear = {side: box for side, box in free.items() if not _hits(box, bubbles)}
            for side, box in list((clear or (free if one.chosen else {})).items())[:1]:
                found[one.name] = side
                names.append(box)
    return found


def _box(chart: Bubbles, one: Bubble, side: str = "") -> Box:
    """Of the bubble, or of its name on that side."""
    (x_low, x_high), (y_low, y_high) = chart.x_range, chart.y_range
    x = _WIDE * math.log(one.x / x_low) / math.log(x_high / x_low)
    y = _TALL * (one.y - y_low) / (y_high - y_low)
    wide = tall = size = diameter(chart, one)
    if side:
        (across, up), words = SIDES[side], lines(one.name)
        wide, tall = _CHARACTER * max(map(len, words)), _LINE * len(words)
        x += across * (size / 2 + GAP + wide / 2)
        y += up * (size / 2 + GAP + tall / 2)
    return x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2


def _hits(box: Box, others: list[Box]) -> bool:
    return any(box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in others)
