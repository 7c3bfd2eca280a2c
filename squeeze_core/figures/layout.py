"""A chart → a drawing of a given width: what a page, a slide, a web page and a sheet of paper all show."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from squeeze_core.figures.charts import Bars, Bubbles, Chart, Square, Squares, Tile, Tiles
from squeeze_core.figures.drawing import (
    INK,
    LINE,
    PAPER,
    QUIET,
    Circle,
    Drawing,
    Item,
    Line,
    Rect,
    Text,
    cut,
    ink_on,
    text_width,
    wrapped,
)

# Below this width names stand over their bars and only the chosen networks are named.
NARROW = 560
SIZE, SMALL = 14, 11.5
Box = tuple[float, float, float, float]


def draw(chart: Chart, width: float, height: float | None = None) -> Drawing:
    """The chart at that width; `height` None for what suits it."""
    if isinstance(chart, Bars):
        return bars(chart, width, height)
    if isinstance(chart, Bubbles):
        return bubbles(chart, width, height)
    if isinstance(chart, Squares):
        return squares(chart, width, height)
    return tiles(chart, width, height)


def bars(chart: Bars, width: float, height: float | None = None) -> Drawing:
    """Bars from zero, or dots on a logarithmic axis, with names and values beside them."""
    narrow = width < NARROW
    axis = 44 if chart.axis else 8
    pitch = ((height - axis) / len(chart.bars)) if height else (52 if narrow else 44)
    size = min(SIZE, max(9, 0.42 * pitch))
    bottom = pitch * len(chart.bars)
    words = max(text_width(bar.label, size, True) for bar in chart.bars)
    if narrow:
        left, right = 1.0, width - 1
    else:
        names = max(text_width(bar.name, size) for bar in chart.bars)
        left = min(names, 0.36 * width) + 12
        right = width - words - 12

    def x(value: float) -> float:
        if chart.low is None:
            return left + (right - left) * value / chart.high
        return left + (right - left) * math.log(value / chart.low) / math.log(chart.high / chart.low)

    items: list[Item] = [*_ticks(chart, x, bottom, left, right)] if chart.axis else []
    for number, bar in enumerate(chart.bars):
        top = number * pitch
        thick = min(26, 0.32 * pitch if narrow else 0.56 * pitch)
        middle = top + (pitch - 0.62 * thick if narrow else pitch / 2)
        end, tip = x(bar.value), f"{bar.name}: {bar.label}"
        if chart.low is None:
            shape: Item = Rect(left, middle - thick / 2, end - left, thick, bar.color, None, tip, bar.value)
        else:
            shape = Circle(end, middle, 0.4 * thick, bar.color, None, tip, bar.value)
        items.append(shape)
        if bar.mark is not None:
            half = 0.5 * thick + 3
            items.append(Line(x(bar.mark), middle - half, x(bar.mark), middle + half, INK, 2))
        if narrow:
            baseline = middle - thick / 2 - 5
            room = width - text_width(bar.label, size, True) - 10
            items.append(Text(0, baseline, cut(bar.name, size, room), size))
            items.append(Text(width, baseline, bar.label, size, INK, True, "end"))
        else:
            baseline = middle + 0.35 * size
            items.append(Text(left - 10, baseline, cut(bar.name, size, left - 12), size, INK, False, "end"))
            beside = max(end, x(bar.mark or 0) if chart.low is None else 0) + (
                8 if chart.low is None else 14
            )
            items.append(Text(min(beside, width - words), baseline, bar.label, size, INK, True))
    if chart.axis:
        items.append(_axis_title(chart.axis, left, right, bottom + 38))
    return Drawing(width, bottom + axis, tuple(items), chart.alt)


def _ticks(
    chart: Bars, x: Callable[[float], float], bottom: float, left: float, right: float
) -> list[Item]:
    items: list[Item] = []
    taken = -math.inf
    for value, words in chart.ticks:
        place = x(value)
        items.append(Line(place, 0, place, bottom))
        half = text_width(words, SMALL) / 2
        middle = min(max(place, half), right + 2 if right - half < place else place)
        anchor = "end" if place + half > right + 8 else "start" if place - half < 0 else "middle"
        begin = middle - half if anchor == "middle" else place - (2 * half if anchor == "end" else 0)
        if begin > taken + 6:
            at = middle if anchor == "middle" else place
            items.append(Text(at, bottom + 17, words, SMALL, QUIET, False, anchor))
            taken = begin + 2 * half
    items.append(Line(left, 0, left, bottom, QUIET))
    return items


def _axis_title(words: str, left: float, right: float, y: float) -> Text:
    size = min(SMALL, SMALL * (right - left) / text_width(words, SMALL))
    return Text((left + right) / 2, y, words, size, QUIET, False, "middle")


def bubbles(chart: Bubbles, width: float, height: float | None = None) -> Drawing:
    """Accuracy over cost: every network named where its name has room, the chosen ones first."""
    narrow = width < NARROW
    height = height or (430 if narrow else 560)
    left, right, top, bottom = 50.0, width - 8, 8.0, height - 48
    largest = max(bubble.area for bubble in chart.bubbles)
    most = 16 if narrow else 26

    def x(value: float) -> float:
        low, high = chart.x_range
        return left + (right - left) * math.log(value / low) / math.log(high / low)

    def y(value: float) -> float:
        low, high = chart.y_range
        return bottom - (bottom - top) * (value - low) / (high - low)

    items: list[Item] = []
    for value, words in chart.y_ticks:
        items.append(Line(left, y(value), right, y(value)))
        items.append(Text(left - 8, y(value) + 4, words, SMALL, QUIET, False, "end"))
    taken = -math.inf
    for value, words in chart.x_ticks:
        place, half = x(value), text_width(words, SMALL) / 2
        items.append(Line(place, top, place, bottom))
        if place - half > taken + 6 and place + half < width:
            items.append(Text(place, bottom + 17, words, SMALL, QUIET, False, "middle"))
            taken = place + half
    items.append(_axis_title(chart.x_axis, left, right, height - 8))
    items.append(Text(left + 6, top + 12, chart.y_axis, SMALL, QUIET))
    steps: list[Box] = []
    for (x0, y0), (x1, y1) in zip(chart.front, chart.front[1:], strict=False):
        for a, b, c, d in ((x(x0), y(y0), x(x1), y(y0)), (x(x1), y(y0), x(x1), y(y1))):
            items.append(Line(a, b, c, d, QUIET, 1.5, True))
            steps.append((min(a, c), min(b, d), max(a, c), max(b, d)))
    radius = {
        one.name: max(5 if one.chosen else 2.5, most * math.sqrt(one.area / largest))
        for one in chart.bubbles
    }
    for one in sorted(chart.bubbles, key=lambda one: (one.chosen, -radius[one.name])):
        fill, stroke = (one.color, PAPER) if one.chosen else (None, one.color)
        spot = (x(one.x), y(one.y), radius[one.name])
        items.append(Circle(*spot, fill, stroke, one.words, one.area, 1.5))
    places = {one.name: (x(one.x), y(one.y), radius[one.name]) for one in chart.bubbles}
    items += _names(chart, places, steps, (left, top + 16, right, bottom), narrow)
    return Drawing(width, height, tuple(items), chart.alt)


def _names(
    chart: Bubbles,
    places: dict[str, tuple[float, float, float]],
    steps: Sequence[Box],
    plot: Box,
    narrow: bool,
) -> list[Item]:
    """Names that touch neither one another nor any bubble; one that has no room is left to the tip."""
    taken: list[Box] = []
    circles = list(places.values())
    front = set(chart.front)
    first = sorted(chart.bubbles, key=lambda one: (not one.chosen, (one.x, one.y) not in front, -one.y))
    items: list[Item] = []
    for one in first:
        if narrow and not one.chosen and (one.x, one.y) not in front:
            continue
        x, y, r = places[one.name]
        size, bold = (SIZE - 1, True) if one.chosen else (10.5, False)
        found = _room(one.name, size, bold, (x, y, r), [*taken, *steps], circles, plot)
        if found is None:
            continue
        left, top, right, bottom = found
        if min(abs(left - x), abs(right - x)) > r + 14 or min(abs(top - y), abs(bottom - y)) > r + 14:
            end = min(max(x, left), right), min(max(y, top), bottom)
            far = math.hypot(end[0] - x, end[1] - y) or 1
            begin = x + r * (end[0] - x) / far, y + r * (end[1] - y) / far
            items.append(Line(*begin, *end, QUIET, 0.7))
        items.append(Text(left, bottom - 0.25 * size, one.name, size, INK if one.chosen else QUIET, bold))
        taken.append(found)
    return items


def _room(
    name: str,
    size: float,
    bold: bool,
    place: tuple[float, float, float],
    taken: Sequence[Box],
    circles: Sequence[tuple[float, float, float]],
    plot: Box,
) -> Box | None:
    """The nearest free box for that name around a bubble."""
    x, y, r = place
    wide, tall = text_width(name, size, bold), 1.15 * size
    for away in (3, 9, 16, 26, 38, 52, 70, 90):
        for across, down in ((1, 0), (-1, 0), (1, 0.7), (1, -0.7), (0, 1), (0, -1), (-1, -0.7), (-1, 0.7)):
            reach = r + away
            left = (
                x
                + across * reach * (0.75 if down and across else 1)
                - (wide if across < 0 else wide / 2 if not across else 0)
            )
            top = y + down * reach - (tall if down < 0 else 0 if down else tall / 2)
            box = (left, top, left + wide, top + tall)
            inside = box[0] >= plot[0] and box[2] <= plot[2] and box[1] >= plot[1] and box[3] <= plot[3]
            free = inside and not any(_overlap(box, other) for other in taken)
            if free and not any(_touches(box, circle) for circle in circles):
                return box
    return None


def _overlap(one: Box, other: Box) -> bool:
    gap = 1.5
    return (
        one[0] < other[2] + gap and other[0] < one[2] + gap
        and one[1] < other[3] + gap and other[1] < one[3] + gap
    )  # fmt: skip


def _touches(box: Box, circle: tuple[float, float, float]) -> bool:
    x, y, r = circle
    return math.hypot(x - min(max(x, box[0]), box[2]), y - min(max(y, box[1]), box[3])) < r + 1


def squares(chart: Squares, width: float, height: float | None = None) -> Drawing:
    """All squares to one scale; beside them the small ones again, closer, where they would not be seen."""
    known = chart.squares
    small = [one for one in known if one.value < known[0].value / 60]
    closer = small if len(small) > 1 else []
    shown = known[: len(known) - len(closer) + 1] if closer else known
    narrow = width < NARROW
    side = min(width, 340) if narrow else (height or min(430, 0.52 * width)) - 4
    items = [*_nested(known, shown, side, width if narrow or not closer else 0.6 * width)]
    bottom = side
    if closer:
        words = wrapped(f"{closer[0].name} again, from closer", SIZE - 1, width)
        near = 0.6 * side if narrow else min(0.62 * side, 0.28 * width)
        left, top = (0, side + 36) if narrow else (max(side + 70, 0.62 * width), side - near)
        part = Drawing(width, near, tuple(_nested(closer, closer, near, width - left)), "")
        items += part.at(left, top)
        items.append(Text(left, top - 10, words[0], SIZE - 1, QUIET))
        if not narrow:
            edge = side * math.sqrt(closer[0].value / known[0].value)
            items.append(Line(side + 8, side - edge, left - 8, top, LINE))
            items.append(Line(side + 8, side, left - 8, side, LINE))
        bottom = max(side, top + near)
    return Drawing(width, bottom + 4, tuple(items), chart.alt)


def _nested(drawn: Sequence[Square], named: Sequence[Square], side: float, width: float) -> list[Item]:
    """Squares that share the lower left corner, each named at its upper edge or, if small, beside it."""
    items: list[Item] = []
    sides = [side * math.sqrt(one.value / drawn[0].value) for one in drawn]
    for one, edge in zip(drawn, sides, strict=True):
        tip = f"{one.name}: {one.label}"
        items.append(Rect(0, side - edge, edge, edge, one.color, PAPER, tip, one.value, 1))
    for number, one in enumerate(named):
        for lines in ([f"{one.name}  {one.label}"], [one.name, one.label]):
            found = _square_name(drawn, sides, number, lines, width)
            if found:
                items += found
                break
    return items


def _square_name(
    drawn: Sequence[Square], sides: Sequence[float], number: int, lines: list[str], width: float
) -> list[Item]:
    """The lines in the square's upper edge, else in the foot of a larger one or right of all; else none."""
    side, edge, size = sides[0], sides[number], SIZE - 1
    strip = edge - (sides[number + 1] if number + 1 < len(sides) else 0)
    wide = max(text_width(line, size, True) for line in lines)
    items: list[Item] = []
    if strip > 8 + 17 * len(lines) and wide < edge - 16:
        left, top, color = 8.0, side - edge + 19, ink_on(drawn[number].color)
    else:
        gaps = [n for n in range(number) if sides[n] - sides[n + 1] > wide + 20]
        if not gaps and side + 10 + wide > width:
            return []
        left = sides[gaps[-1] + 1] + 10 if gaps else side + 10
        color = ink_on(drawn[gaps[-1]].color) if gaps else INK
        middle = side - max(edge / 2, 9 * len(lines))
        top = middle + 5 - 8.5 * (len(lines) - 1)
        if left - edge > 14:
            items.append(Line(edge + 1, middle, left - 4, middle, PAPER, 1.2))
    return [*items, *(Text(left, top + 17 * n, line, size, color, True) for n, line in enumerate(lines))]


def tiles(chart: Tiles, width: float, height: float | None = None) -> Drawing:
    """The whole as rectangles: Bruls, Huizing and van Wijk's squarified treemap (2000)."""
    height = height or (300 if width < NARROW else 360)
    total = sum(tile.value for tile in chart.tiles)
    items: list[Item] = []
    for tile, (left, top, right, bottom) in _squarified(chart.tiles, (0, 0, width, height)):
        share = tile.value / total
        color = _mixed(chart.color, 0.75 * (1 - min(1, share / 0.6)))
        tip = f"{tile.name}: {tile.value:,.0f} parameters, {share_in_words(share)}"
        items.append(Rect(left, top, right - left, bottom - top, color, PAPER, tip, tile.value, 2))
        if len(tile.inside) > 1 and right - left > 60 and bottom - top > 60:
            inner = (left + 4, top + 24, right - 4, bottom - 4)
            for part, box in _squarified(tile.inside, inner):
                share = part.value / total
                color = _mixed(chart.color, 0.75 * (1 - min(1, share / 0.6)))
                tip = f"{part.name}: {part.value:,.0f} parameters, {share_in_words(share)}"
                items.append(
                    Rect(box[0], box[1], box[2] - box[0], box[3] - box[1], color, PAPER, tip, part.value, 1)
                )
                short = part.name.removeprefix(f"{tile.name}.")
                items += _tile_words(short, share_in_words(share), box, color, False)
            items += _tile_words(
                tile.name, share_in_words(tile.value / total), (left, top, right, top + 24), color, True
            )
        else:
            items += _tile_words(tile.name, share_in_words(share), (left, top, right, bottom), color, True)
    return Drawing(width, height, tuple(items), chart.alt)


def share_in_words(share: float) -> str:
    """A share, 0–1, in percent, and not a false zero."""
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def _tile_words(name: str, share: str, box: Box, color: str, bold: bool) -> list[Item]:
    left, top, right, bottom = box
    size, ink = (12.5 if bold else 11), ink_on(color)
    room, tall = right - left - 8, bottom - top
    if text_width(f"{name} {share}", size, bold) <= room and tall >= size + 4:
        return [Text(left + 5, top + size + 3, f"{name} {share}", size, ink, bold)]
    if max(text_width(name, size, bold), text_width(share, size)) <= room and tall >= 2.5 * size:
        return [
            Text(left + 5, top + size + 3, name, size, ink, bold),
            Text(left + 5, top + 2.2 * size + 3, share, size, ink),
        ]
    return []


def _squarified(parts: Sequence[Tile], box: Box) -> list[tuple[Tile, Box]]:
    """Rectangles that fill the box, areas as the values, as square as rows of them can be."""
    rest = sorted((part for part in parts if part.value > 0), key=lambda part: -part.value)
    left, top, right, bottom = box
    placed: list[tuple[Tile, Box]] = []
    while rest:
        total = sum(part.value for part in rest)
        wide, tall = right - left, bottom - top
        scale, short = wide * tall / total, min(wide, tall)
        row = [rest[0]]
        while len(row) < len(rest) and _worst([*row, rest[len(row)]], scale, short) <= _worst(
            row, scale, short
        ):
            row.append(rest[len(row)])
        area = scale * sum(part.value for part in row)
        thick, along = area / short if short else 0, 0.0
        for part in row:
            length = scale * part.value / thick if thick else 0
            if wide >= tall:
                placed.append((part, (left, top + along, left + thick, top + along + length)))
            else:
                placed.append((part, (left + along, top, left + along + length, top + thick)))
            along += length
        left, top = (left + thick, top) if wide >= tall else (left, top + thick)
        rest = rest[len(row) :]
    return placed


def _worst(row: Sequence[Tile], scale: float, short: float) -> float:
    """The largest ratio of sides among the rectangles of one row."""
    areas = [scale * part.value for part in row]
    total = sum(areas)
    return max(max(short**2 * area / total**2, total**2 / (short**2 * area)) for area in areas)


def _mixed(color: str, share: float) -> str:
    """The colour mixed with white; share 1 is white."""
    channels = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(channel + share * (255 - channel)):02x}" for channel in channels)
