"""Chart records as Plotly figures: bars, bubbles, squares to scale and tiles.

One figure serves every width from 350 pixels and both themes: paper is transparent, and text has the colour
of the page that shows it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import pairwise, product
from textwrap import wrap
from typing import Any

import plotly.graph_objects as go

from squeeze_core.figures.charts import (
    Bar,
    Bars,
    Bubble,
    Bubbles,
    Chart,
    Square,
    Squares,
    Tile,
    Tiles,
    share_in_words,
)
from squeeze_core.figures.style import NEUTRAL, ink_on, mixed, styled

_GRID = "rgba(128, 134, 145, 0.25)"
_CLEAR = "rgba(0, 0, 0, 0)"
_BAR_PIXELS = 16
_LINE_CHARACTERS, _TITLE_CHARACTERS = 42, 36  # of 14 and 12 pixels that fit beside an axis of a phone
# Names are placed for the narrowest plot; on a wider one they only move apart.
_NARROW = (240, 330)
_LARGEST_BUBBLE, _CHARACTER, _LINE, _NAME_CHARACTERS = 40, 6.6, 15, 16
_ENLARGED = 60  # times smaller than the largest square

Box = tuple[float, float, float, float]
Made = tuple[list[dict[str, Any]], dict[str, Any]]  # traces and layout


def figure(chart: Chart) -> go.Figure:
    """The figure of that chart; the chart's `alt` is its text alternative."""
    if isinstance(chart, Bars):
        data, layout = _bars(chart)
    elif isinstance(chart, Bubbles):
        data, layout = _bubbles(chart)
    elif isinstance(chart, Squares):
        data, layout = _squares(chart)
    else:
        data, layout = _tiles(chart)
    made = styled(go.Figure({"data": data, "layout": layout}))
    return made.update_layout(margin=layout["margin"])


def _bars(chart: Bars) -> Made:
    """Bars with name and value on the line above, so that long names cost no width on a phone."""
    two_lines = any(len(bar.name) + len(bar.label) > _LINE_CHARACTERS for bar in chart.bars)
    words_pixels = 40 if two_lines else 22
    row = words_pixels + _BAR_PIXELS + 10
    places = list(range(len(chart.bars)))
    shown: dict[str, Any] = {
        "x": [bar.value for bar in chart.bars],
        "y": places,
        "hovertext": [_hover(bar.words or f"{bar.name}: {bar.label}") for bar in chart.bars],
        "hoverinfo": "text",
        "marker": {"color": [bar.color for bar in chart.bars]},
    }
    thick = {"type": "bar", "orientation": "h", "width": _BAR_PIXELS / row}
    data: list[dict[str, Any]] = []
    if chart.low is not None:
        shown["marker"] |= {"size": 14}
        data = [shown | {"type": "scatter", "mode": "markers"}]
    else:
        if not chart.axis:  # a track up to the axis's end
            track = {"x": [chart.high] * len(places), "y": places, "marker": {"color": _GRID}}
            data.append(thick | track | {"hoverinfo": "skip"})
        data.append(thick | shown)
    data += _marks(chart.bars)
    annotations = [_name_over(bar, place, two_lines) for place, bar in zip(places, chart.bars, strict=True)]
    below, above = 0.5 * _BAR_PIXELS + 6, 0.5 * _BAR_PIXELS + words_pixels
    side = 6 if chart.axis else 0
    below_axis = 52 + 18 * _lines(chart.axis, _TITLE_CHARACTERS).count("<br>")
    margin = {"l": side, "r": side, "t": 4, "b": below_axis if chart.axis else 4}
    x: dict[str, Any] = {"range": [0, chart.high], "visible": bool(chart.axis)}
    if chart.low is not None:
        x |= {"type": "log", "range": [math.log10(chart.low), math.log10(chart.high)]}
    layout = {
        "annotations": annotations,
        "barmode": "overlay",
        "barcornerradius": 4,
        "showlegend": False,
        "margin": margin,
        "height": round(row * (len(places) - 1) + below + above) + margin["t"] + margin["b"],
        "xaxis": x | _axis(chart.axis, chart.ticks),
        "yaxis": {
            "visible": False,
            "fixedrange": True,
            "range": [len(places) - 1 + below / row, -above / row],
        },
    }
    return data, layout


def _marks(bars: Sequence[Bar]) -> list[dict[str, Any]]:
    """A line across each bar at its other value: dark on a white edge, so that it shows on any colour."""
    marked = [(place, bar.mark) for place, bar in enumerate(bars) if bar.mark is not None]
    if not marked:
        return []
    line = {"type": "scatter", "mode": "markers", "hoverinfo": "skip", "cliponaxis": False}
    line |= {"x": [mark for _, mark in marked], "y": [place for place, _ in marked]}
    edges = (("#FFFFFF", 6), ("#1B1F24", 2))
    return [
        line
        | {
            "marker": {
                "symbol": "line-ns",
                "size": _BAR_PIXELS + 6,
                "line": {"color": color, "width": wide},
            }
        }
        for color, wide in edges
    ]


def _name_over(bar: Bar, place: int, two_lines: bool) -> dict[str, Any]:
    words = f"{escape(bar.name)}{'<br>' if two_lines else '  '}<b>{escape(bar.label)}</b>"
    at = {"x": 0, "xref": "paper", "xanchor": "left", "align": "left", "y": place, "yanchor": "bottom"}
    return at | {"text": words, "yshift": 0.5 * _BAR_PIXELS, "borderpad": 0, "showarrow": False}


def _axis(title: str, ticks: Sequence[tuple[float, str]]) -> dict[str, Any]:
    return {
        "title": {"text": _lines(title, _TITLE_CHARACTERS), "font": {"size": 12}, "standoff": 8},
        "tickvals": [value for value, _ in ticks],
        "ticktext": [words for _, words in ticks],
        "tickfont": {"size": 12},
        "ticklabeloverflow": "allow",
        "gridcolor": _GRID,
    }


def _lines(text: str, characters: int) -> str:
    """The text for Plotly, broken between words into lines of about so many characters."""
    lines = wrap(text, characters, break_long_words=False, break_on_hyphens=False)
    return "<br>".join(map(escape, lines))


def _bubbles(chart: Bubbles) -> Made:
    """Chosen networks filled, the others as rings, and the line of the best; names where they have room."""
    largest = max(one.area for one in chart.bubbles)
    sizes = {
        one.name: max(10 if one.chosen else 6, _LARGEST_BUBBLE * math.sqrt(one.area / largest))
        for one in chart.bubbles
    }
    chosen_title, other_title, front_title = chart.legend
    data: list[dict[str, Any]] = []
    if chart.front:
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": [x for x, _ in chart.front],
                "y": [y for _, y in chart.front],
                "line": {"shape": "hv", "dash": "dot", "color": NEUTRAL, "width": 2},
                "name": front_title,
                "hoverinfo": "skip",
            }
        )
    for chosen, title in ((False, other_title), (True, chosen_title)):
        some = sorted(
            (one for one in chart.bubbles if one.chosen == chosen), key=lambda one: -sizes[one.name]
        )
        marker: dict[str, Any] = {"size": [sizes[one.name] for one in some], "opacity": 1}
        marker |= {"color": [one.color for one in some], "symbol": "circle" if chosen else "circle-open"}
        marker["line"] = {"color": "#FFFFFF", "width": 1.5} if chosen else {"width": 2}
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [one.x for one in some],
                "y": [one.y for one in some],
                "hovertext": [_hover(one.words) for one in some],
                "hoverinfo": "text",
                "marker": marker,
                "name": title,
            }
        )
    x = {"type": "log", "range": [math.log10(end) for end in chart.x_range]}
    layout = {
        "annotations": _names(chart, sizes),
        "height": 460,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "itemsizing": "constant"},
        "xaxis": x | _axis(chart.x_axis, chart.x_ticks),
        "yaxis": {"range": list(chart.y_range)} | _axis(chart.y_axis, chart.y_ticks),
    }
    return data, layout


def _names(chart: Bubbles, sizes: dict[str, float]) -> list[dict[str, Any]]:
    """The names of the chosen and of the best that have room; the hover text tells the others.

    A chosen network's name may lie on a ring or on the line, any other name on nothing.
    """
    (x_low, x_high), (y_low, y_high) = chart.x_range, chart.y_range
    wide, tall = _NARROW
    circles: list[Box] = []
    named: list[Box] = []
    spots: dict[str, tuple[float, float]] = {}

    def place(x: float, y: float) -> tuple[float, float]:
        across = math.log(x / x_low) / math.log(x_high / x_low)
        return wide * across, tall * (y - y_low) / (y_high - y_low)

    for (left, low), (right, high) in pairwise(place(*corner) for corner in chart.front):
        circles += [(left, low - 2, right, low + 2), (right - 2, low, right + 2, high)]
    for one in chart.bubbles:
        x, y = spots[one.name] = place(one.x, one.y)
        half = sizes[one.name] / 2
        (named if one.chosen else circles).append((x - half, y - half, x + half, y + half))
    found: list[dict[str, Any]] = []
    first = [one for one in chart.bubbles if one.chosen or (one.x, one.y) in chart.front]
    for one in sorted(first, key=lambda one: not one.chosen):
        places = _places(one, *spots[one.name], sizes[one.name])
        for taken in ([*named, *circles], named) if one.chosen else ([*named, *circles],):
            free = (
                (box, note)
                for box, note in places
                if box[0] >= 0 and box[1] >= 0 and box[2] <= wide and box[3] <= tall
                if not any(_overlap(box, other) for other in taken)
            )
            box, note = next(free, (None, None))
            if box and note:
                named.append(box)
                found.append(note)
                break
    return found


def _places(one: Bubble, x: float, y: float, size: float) -> list[tuple[Box, dict[str, Any]]]:
    """Where the name may stand around its bubble: the box that it fills, and its annotation."""
    words = _lines(one.name, _NAME_CHARACTERS)
    lines = words.split("<br>")
    length, high = _CHARACTER * max(map(len, lines)), _LINE * len(lines)
    note = {"x": math.log10(one.x), "y": one.y, "font": {"size": 12}, "showarrow": False, "borderpad": 0}
    note["text"] = f"<b>{words}</b>" if one.chosen else words
    found: list[tuple[Box, dict[str, Any]]] = []
    sides = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
    for away, (across, up) in product((size / 2 + 2, size / 2 + 14), sides):
        left = x + across * away - length * (1 - across) / 2
        low = y + up * away - high * (1 - up) / 2
        side = {1: "left", 0: "center", -1: "right"}[across]
        anchors = {"xanchor": side, "align": side, "yanchor": {1: "bottom", 0: "middle", -1: "top"}[up]}
        shifts = {"xshift": across * away, "yshift": up * away}
        found.append(((left, low, left + length, low + high), note | anchors | shifts))
    return found


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _squares(chart: Squares) -> Made:
    """All squares to one scale; beside them the small ones enlarged, where they would not be seen."""
    small = tuple(one for one in chart.squares if one.value < chart.squares[0].value / _ENLARGED)
    groups = [chart.squares] + ([small] if len(small) > 1 else [])
    data: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    for number, group in enumerate(groups):
        axis = "" if number == 0 else "2"
        sides = [math.sqrt(one.value / group[0].value) for one in group]
        for one, side in zip(group, sides, strict=True):
            data.append(_square(one, side, axis, legend=number == 0))
        annotations += _square_names(group, sides, axis)
        hidden = {"visible": False, "constrain": "domain"}
        domain = [0, 1] if len(groups) == 1 else [0, 0.64] if number == 0 else [0.7, 1]
        axes[f"xaxis{axis}"] = hidden | {"range": [0, 1], "domain": domain, "constraintoward": "left"}
        axes[f"yaxis{axis}"] = hidden | {
            "range": [0, 1],
            "scaleanchor": f"x{axis}",
            "anchor": f"x{axis}",
            "domain": [0, 1] if number == 0 else [0, 0.7],
            "constraintoward": "bottom",
        }
    if len(groups) > 1:
        caption = {"x": 1, "xref": "x2 domain", "xanchor": "right", "align": "right", "showarrow": False}
        caption |= {"y": 1, "yref": "y2 domain", "yanchor": "bottom", "yshift": 4}
        words = _lines(f"{small[0].name}, enlarged", _NAME_CHARACTERS)
        annotations.append(caption | {"text": words})
    legend = {"orientation": "h", "x": 0, "y": -0.02, "yanchor": "top", "itemclick": False}
    layout = {"annotations": annotations, "height": 360, "margin": {"l": 0, "r": 0, "t": 4, "b": 4}, **axes}
    return data, layout | {"legend": legend | {"itemdoubleclick": False}, "hovermode": "closest"}


def _square(one: Square, side: float, axis: str, legend: bool) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [0, side, side, 0, 0],
        "y": [0, 0, side, side, 0],
        "xaxis": f"x{axis}",
        "yaxis": f"y{axis}",
        "fill": "toself",
        "fillcolor": one.color,
        "line": {"color": "#FFFFFF", "width": 1},
        "hoveron": "fills",
        "hoverinfo": "text",
        "text": _hover(one.words or f"{one.name}: {one.label}"),
        "name": f"{escape(one.name)}, {escape(one.label)}",
        "showlegend": legend,
    }


def _square_names(group: Sequence[Square], sides: Sequence[float], axis: str) -> list[dict[str, Any]]:
    """The names of the squares that show a strip wide enough for one; the legend has all of them."""
    found = []
    for one, side, inner in zip(group, sides, [*sides[1:], 0], strict=True):
        if side - inner > 0.12 and side > 0.6:
            found.append(
                {
                    "x": 0,
                    "y": side,
                    "xref": f"x{axis}",
                    "yref": f"y{axis}",
                    "xanchor": "left",
                    "yanchor": "top",
                    "text": f"<b>{escape(one.name)}</b>",
                    "font": {"color": ink_on(one.color), "size": 12},
                    "showarrow": False,
                }
            )
    return found


def _tiles(chart: Tiles) -> Made:
    """A treemap (Bruls, Huizing and van Wijk, 2000) that a click enlarges; larger shares are darker."""
    total = sum(tile.value for tile in chart.tiles)
    rows: list[tuple[str, str, str, float]] = [("", chart.title, "", total)]
    for tile in chart.tiles:
        rows.append((tile.name, tile.name, chart.title, tile.value))
        rows += [_inner(tile, part) for part in tile.inside if len(tile.inside) > 1]
    ids = [chart.title, *(key for key, *_ in rows[1:])]
    shares = [value / total for *_, value in rows]
    treemap = {
        "type": "treemap",
        "ids": ids,
        "labels": [escape(name) for _, name, _, _ in rows],
        "parents": [parent for _, _, parent, _ in rows],
        "values": [value for *_, value in rows],
        "branchvalues": "total",
        "text": ["", *(escape(share_in_words(share)) for share in shares[1:])],
        "texttemplate": "%{label} %{text}",
        "hovertext": [
            f"{escape(key or chart.title)}: {value:,.0f} parameters, {escape(share_in_words(share))}"
            for (key, _, _, value), share in zip(rows, shares, strict=True)
        ],
        "hoverinfo": "text",
        "marker": {
            "colors": [_CLEAR, *(mixed(chart.color, 0.75 * (1 - min(1, s / 0.6))) for s in shares[1:])],
            "line": {"color": "#FFFFFF", "width": 1.5},
            "pad": {"t": 24, "l": 2, "r": 2, "b": 2},
        },
        "tiling": {"pad": 1},
        "pathbar": {"thickness": 22},
    }
    layout = {"height": 380, "margin": {"l": 0, "r": 0, "t": 0, "b": 0}}
    return [treemap], layout | {"uniformtext": {"minsize": 11, "mode": "hide"}}


def _inner(tile: Tile, part: Tile) -> tuple[str, str, str, float]:
    name = part.name.removeprefix(f"{tile.name}.")
    key = part.name if part.name != tile.name else f"{tile.name}/{name}"
    return key, name, tile.name, part.value


def _hover(words: str) -> str:
    return escape(words).replace("; ", "<br>")
