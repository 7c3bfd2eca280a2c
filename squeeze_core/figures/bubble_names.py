"""The places of names beside the bubbles of a chart."""

from __future__ import annotations

import math
from itertools import pairwise, product
from textwrap import wrap

from squeeze_core.figures.charts import Bubble, Bubbles

Box = tuple[float, float, float, float]  # left, bottom, right, top
# Across and up from the bubble's centre.
SIDES = {"right": (1, 0), "left": (-1, 0), "above": (0, 1), "below": (0, -1)}
GAPS = (8, 14)  # pixels between a bubble and its name
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


def places(chart: Bubbles) -> dict[str, tuple[str, int]]:
    """For each name that has room its side of the bubble and its distance: of the chosen and the line's.

    No name lies on another. A chosen bubble's may lie on other bubbles and the line, where each place does.
    """
    found: dict[str, tuple[str, int]] = {}
    names: list[Box] = list(_WALLS)
    drawn = [_box(chart, one) for one in chart.bubbles]
    for (left, low), (right, high) in pairwise(_spot(chart, *corner) for corner in chart.front):
        drawn += [(left, low - 2, right, low + 2), (right - 2, low, right + 2, high)]
    for one in sorted(chart.bubbles, key=lambda one: not one.chosen):
        boxes = {place: _box(chart, one, *place) for place in product(SIDES, GAPS)}
        free = [place for place, box in boxes.items() if not _hits(box, names)]
        best = min(free, key=lambda place: (_hits(boxes[place], drawn), place[1]), default=None)
        lies = best and _hits(boxes[best], drawn)
        if best and (one.chosen or ((one.x, one.y) in chart.front and not lies)):
            found[one.name] = best
            names.append(boxes[best])
    return found


def _spot(chart: Bubbles, x: float, y: float) -> tuple[float, float]:
    (left, right), (low, high) = chart.x_range, chart.y_range
    return _WIDE * math.log(x / left) / math.log(right / left), _TALL * (y - low) / (high - low)


def _box(chart: Bubbles, one: Bubble, side: str = "", gap: int = 0) -> Box:
    """Of the bubble, or of its name on that side."""
    x, y = _spot(chart, one.x, one.y)
    wide = tall = size = diameter(chart, one)
    if side:
        (across, up), words = SIDES[side], lines(one.name)
        wide, tall = _CHARACTER * max(map(len, words)), _LINE * len(words)
        x += across * (size / 2 + gap + wide / 2)
        y += up * (size / 2 + gap + tall / 2)
    return x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2


def _hits(box: Box, others: list[Box]) -> int:
    return sum(box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in others)
