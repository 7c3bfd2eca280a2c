"""Chart records as Plotly figures: bars, bubbles, squares to scale and tiles.

One figure serves every width from 350 pixels and both themes: paper is transparent, and text has the colour
of the page that shows it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

import plotly.graph_objects as go

from squeeze_core.cost.units import percent
from squeeze_core.figures.bubble_names import SIDES, diameter, lines, places
from squeeze_core.figures.charts import Bar, Bars, Bubbles, Chart, Squares, Ticks, Tiles
from squeeze_core.figures.style import NEUTRAL, escaped, ink_on, mixed, styled

_GRID = "rgba(128, 134, 145, 0.25)"
_BAR_PIXELS = 16
_LINE_CHARACTERS, _TITLE_CHARACTERS = 42, 36  # of 14 and 12 pixels that fit beside an axis of a phone
_ENLARGED = 60  # times smaller than the largest square

Json = dict[str, Any]


def figure(chart: Chart) -> go.Figure:
    """The figure of that chart; the chart's `alt` is its text alternative."""
    draw: Any = {Bars: _bars, Bubbles: _bubbles, Squares: _squares, Tiles: _tiles}[type(chart)]
    data, layout = draw(chart)
    made = styled(go.Figure({"data": data, "layout": layout}))
    return made.update_layout(margin=layout.get("margin"))


def _bars(chart: Bars) -> tuple[list[Json], Json]:
    """Bars with name and value on the line above, so that long names cost no width on a phone."""
    two_lines = any(len(bar.name) + len(bar.label) > _LINE_CHARACTERS for bar in chart.bars)
    above = (40 if two_lines else 22) + 0.5 * _BAR_PIXELS
    below = 0.5 * _BAR_PIXELS + 6
    row = above + below + 4
    low, high = chart.range
    places = list(range(len(chart.bars)))
    shown: Json = {
        "x": [bar.value for bar in chart.bars],
        "y": places,
        "hovertext": [_hover(bar.hover) for bar in chart.bars],
        "hoverinfo": "text",
        "marker": {"color": [bar.color for bar in chart.bars]},
    }
    thick = {"type": "bar", "orientation": "h", "width": _BAR_PIXELS / row}
    if chart.log:
        shown["marker"] |= {"size": 14}
        data = [shown | {"type": "scatter", "mode": "markers"}]
    else:
        data = [thick | shown]
    if not chart.axis:  # a track up to the axis's end
        track = {"x": [high] * len(places), "y": places, "marker": {"color": _GRID}, "hoverinfo": "skip"}
        data.insert(0, thick | track)
    data += _marks(chart.bars)
    side = 6 if chart.axis else 0
    title_lines = _lines(chart.axis, _TITLE_CHARACTERS).count("<br>")
    margin = {"l": side, "r": side, "t": 4, "b": 52 + 18 * title_lines if chart.axis else 4}
    layout = {
        "annotations": [_name_over(bar, place, two_lines) for place, bar in enumerate(chart.bars)],
        "barmode": "overlay",
        "barcornerradius": 4,
        "showlegend": False,
        "margin": margin,
        "height": round(row * (len(places) - 1) + below + above) + margin["t"] + margin["b"],
        "xaxis": {"visible": bool(chart.axis)} | _axis(chart.axis, chart.ticks, low, high, chart.log),
        "yaxis": {
            "visible": False,
            "fixedrange": True,
            "range": [len(places) - 1 + below / row, -above / row],
        },
    }
    return data, layout


def _marks(bars: Sequence[Bar]) -> list[Json]:
    """A line across each bar at its other value: dark on a white edge, so that it shows on any colour."""
    marked = [(place, bar.mark) for place, bar in enumerate(bars) if bar.mark is not None]
    line = {"type": "scatter", "mode": "markers", "hoverinfo": "skip", "cliponaxis": False}
    line |= {"x": [mark for _, mark in marked], "y": [place for place, _ in marked]}
    symbol = {"symbol": "line-ns", "size": _BAR_PIXELS + 6}
    edges = (("#FFFFFF", 6), ("#1B1F24", 2)) if marked else ()
    return [line | {"marker": symbol | {"line": {"color": color, "width": wide}}} for color, wide in edges]


def _name_over(bar: Bar, place: int, two_lines: bool) -> Json:
    words = f"{escaped(bar.name)}{'<br>' if two_lines else '  '}<b>{escaped(bar.label)}</b>"
    at = {"x": 0, "xref": "paper", "xanchor": "left", "align": "left", "y": place, "yanchor": "bottom"}
    return at | {"text": words, "yshift": 0.5 * _BAR_PIXELS, "borderpad": 0, "showarrow": False}


def _axis(title: str, ticks: Ticks, low: float, high: float, log: bool) -> Json:
    return {
        "type": "log" if log else "linear",
        "range": [math.log10(low), math.log10(high)] if log else [low, high],
        "title": {"text": _lines(title, _TITLE_CHARACTERS), "font": {"size": 12}, "standoff": 8},
        "tickvals": [value for value, _ in ticks],
        "ticktext": [words for _, words in ticks],
        "tickfont": {"size": 12},
        "ticklabeloverflow": "allow",
        "gridcolor": _GRID,
    }


def _lines(text: str, characters: int) -> str:
    """The text for Plotly, broken between words into lines of about so many characters."""
    return "<br>".join(map(escaped, wrap(text, characters, break_long_words=False, break_on_hyphens=False)))


def _hover(facts: Sequence[str]) -> str:
    return "<br>".join(map(escaped, facts))


def _bubbles(chart: Bubbles) -> tuple[list[Json], Json]:
    """Chosen networks filled, the others as rings, and the line of the best; names where they have room."""
    sizes = {one.name: diameter(chart, one) for one in chart.bubbles}
    chosen_title, other_title, front_title = map(escaped, chart.legend)
    data: list[Json] = []
    if chart.front:
        x, y = zip(*chart.front, strict=True)
        line = {"shape": "hv", "dash": "dot", "color": NEUTRAL, "width": 2}
        data.append({"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "hoverinfo": "skip"})
        data[0]["name"] = front_title
    for chosen, title in ((False, other_title), (True, chosen_title)):
        some = sorted(
            (one for one in chart.bubbles if one.chosen == chosen), key=lambda one: -sizes[one.name]
        )
        marker = {
            "size": [sizes[one.name] for one in some],
            "color": [one.color for one in some],
            "opacity": 1,
            "symbol": "circle" if chosen else "circle-open",
            "line": {"color": "#FFFFFF", "width": 1.5} if chosen else {"width": 2},
        }
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [one.x for one in some],
                "y": [one.y for one in some],
                "hovertext": [_hover(one.facts) for one in some],
                "hoverinfo": "text",
                "marker": marker,
                "name": title,
            }
        )
    layout = {
        "annotations": _names(chart),
        "height": 460,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "itemsizing": "constant"},
        "xaxis": _axis(chart.x_axis, chart.x_ticks, *chart.x_range, log=True),
        "yaxis": _axis(chart.y_axis, chart.y_ticks, *chart.y_range, log=False),
    }
    return data, layout


def _names(chart: Bubbles) -> list[Json]:
    """The names that have room, of the chosen in bold; the hover text has all."""
    found, notes = places(chart), []
    for one in (one for one in chart.bubbles if one.name in found):
        side, gap = found[one.name]
        (across, up), away = SIDES[side], diameter(chart, one) / 2 + gap
        anchor = ("center", "left", "right")[across]
        words = "<br>".join(map(escaped, lines(one.name)))
        note = {"x": math.log10(one.x), "y": one.y, "text": f"<b>{words}</b>" if one.chosen else words}
        note |= {"xanchor": anchor, "align": anchor, "xshift": across * away, "borderpad": 0}
        note |= {"yanchor": ("middle", "bottom", "top")[up], "yshift": up * away, "showarrow": False}
        notes.append(note | {"font": {"size": 12}})
    return notes


def _squares(chart: Squares) -> tuple[list[Json], Json]:
    """All squares to one scale; beside them the small ones enlarged, where they would not be seen."""
    small = tuple(one for one in chart.squares if one.value < chart.squares[0].value / _ENLARGED)
    enlarged = len(small) > 1
    data: list[Json] = []
    annotations: list[Json] = []
    layout: Json = {}
    for axis, group in (("", chart.squares), ("2", small))[: 1 + enlarged]:
        sides = [math.sqrt(one.value / group[0].value) for one in group]
        for one, side, inner in zip(group, sides, [*sides[1:], 0], strict=True):
            data.append(_square(one, side, axis))
            if side - inner > 0.12 and side > 0.6:  # a strip wide enough for the name
                at = {"x": 0, "y": side, "xref": f"x{axis}", "yref": f"y{axis}", "showarrow": False}
                at |= {"xanchor": "left", "yanchor": "top", "text": f"<b>{escaped(one.name)}</b>"}
                annotations.append(at | {"font": {"color": ink_on(one.color), "size": 12}})
        hidden = {"visible": False, "constrain": "domain", "range": [0, 1]}
        domain = [0.7, 1] if axis else [0, 0.64 if enlarged else 1]
        layout[f"xaxis{axis}"] = hidden | {"domain": domain, "constraintoward": "left"}
        layout[f"yaxis{axis}"] = hidden | {
            "scaleanchor": f"x{axis}",
            "anchor": f"x{axis}",
            "domain": [0, 0.7 if axis else 1],
            "constraintoward": "bottom",
        }
    if enlarged:
        caption = {"x": 1, "xref": "x2 domain", "xanchor": "right", "align": "right", "showarrow": False}
        caption |= {"y": 1, "yref": "y2 domain", "yanchor": "bottom", "yshift": 4}
        words = "<br>".join(map(escaped, lines(f"{small[0].name}, enlarged")))
        annotations.append(caption | {"text": words})
    legend = {"orientation": "h", "x": 0, "y": -0.02, "yanchor": "top", "itemclick": False}
    layout |= {"annotations": annotations, "height": 360, "margin": {"l": 0, "r": 0, "t": 4, "b": 4}}
    return data, layout | {"legend": legend | {"itemdoubleclick": False}, "hovermode": "closest"}


def _square(one: Bar, side: float, axis: str) -> Json:
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
        "text": _hover(one.hover),
        "name": f"{escaped(one.name)}, {escaped(one.label)}",
        "showlegend": not axis,
    }


def _tiles(chart: Tiles) -> tuple[list[Json], Json]:
    """A treemap (Bruls, Huizing and van Wijk, 2000) that a click enlarges; larger shares are darker."""
    total = sum(tile.value for tile in chart.tiles)
    rows = [("root", chart.title, "", total, "rgba(0, 0, 0, 0)")]  # id, label, parent's id, value, colour
    for tile in chart.tiles:
        rows.append((tile.name, tile.name, "root", tile.value, _shade(chart, tile.value / total)))
        for part in tile.inside if len(tile.inside) > 1 else ():
            name = part.name.removeprefix(f"{tile.name}.")
            shade = _shade(chart, part.value / total)
            rows.append((f"{tile.name}/{part.name}", name, tile.name, part.value, shade))
    ids, labels, parents, values, colors = zip(*rows, strict=True)
    treemap = {
        "type": "treemap",
        "ids": ids,
        "labels": list(map(escaped, labels)),
        "parents": parents,
        "values": values,
        "branchvalues": "total",
        "text": [percent(value / total) for value in values],
        "texttemplate": "%{label} %{text}",
        "hovertemplate": "%{label}: %{value:,} parameters, %{text}<extra></extra>",
        "marker": {
            "colors": colors,
            "line": {"color": "#FFFFFF", "width": 1.5},
            "pad": {"t": 24, "l": 2, "r": 2, "b": 2},
        },
        "tiling": {"pad": 1},
        "pathbar": {"thickness": 22},
    }
    layout = {"height": 380, "margin": {"l": 0, "r": 0, "t": 0, "b": 0}}
    return [treemap], layout | {"uniformtext": {"minsize": 11, "mode": "hide"}}


def _shade(chart: Tiles, share: float) -> str:
    return mixed(chart.color, 0.75 * (1 - min(1, share / 0.6)))
