"""One channel in figures: its activations and its weights."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from squeeze_core.figures.maps import sprite
from squeeze_core.figures.style import ACCENT, NEUTRAL, escaped, styled
from squeeze_core.inside.channels import Filter
from squeeze_core.inside.trace import Maps

BINS = 24
KERNELS = 16  # 3×3 weights shown of a channel
COLUMNS = 8  # of them in a row
INPUTS = 10  # 1×1 weights shown of a channel
NEGATIVE = "#0072B2"


def histogram(maps: Maps, channel: int) -> go.Figure:
    """Number of units by activation in that channel's map; the zeros are a bar of their own colour."""
    zeros, *positive = histogram_rows(maps, channel)
    width = positive[0]["to"]
    figure = go.Figure()
    middles = [(row["from"] + row["to"]) / 2 for row in positive]
    for x, rows, name, colour in (
        ([-width / 2], [zeros], "exactly 0", NEUTRAL),
        (middles, positive, "above 0", ACCENT),
    ):
        y = [row["units"] for row in rows]
        figure.add_bar(x=x, y=y, width=0.9 * width, name=name, marker_color=colour)
    styled(figure).update_layout(height=230, legend={"orientation": "h", "y": 1.15})
    figure.update_xaxes(title_text="activation")
    figure.update_yaxes(title_text="units of the map", type="log", dtick=1)
    return figure


def histogram_rows(maps: Maps, channel: int) -> list[dict[str, float]]:
    """The table behind `histogram`: the number of units between two values, first those exactly 0."""
    values = maps.values[channel]
    positive = values[values > 0]
    counts, edges = np.histogram(positive, BINS, range=(0, float(maps.max[channel]) or 1))
    rows = [{"from": 0.0, "to": 0.0, "units": float(values.size - positive.size)}]
    places = zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
    return rows + [{"from": low, "to": high, "units": float(count)} for low, high, count in places]


def weights(filter_: Filter) -> go.Figure:
    """The largest weights: 3×3 kernels as tiles, 1×1 weights as bars, one an input."""
    return _kernels(filter_) if filter_.weights.shape[1] > 1 else _bars(filter_)


def weight_rows(filter_: Filter) -> list[dict[str, str | float]]:
    """The table behind `weights`: one row an input, its weights in reading order."""
    best = filter_.strongest(KERNELS if filter_.weights.shape[1] > 1 else INPUTS)
    return [
        {"input": filter_.inputs[i]} | {f"w{k}": float(w) for k, w in enumerate(filter_.weights[i].flat)}
        for i in best
    ]


def _kernels(filter_: Filter) -> go.Figure:
    best = filter_.strongest(KERNELS)
    grid = sprite(filter_.weights[best], COLUMNS)
    names = np.full(grid.shape, "", object)
    for place, name in enumerate(escaped(filter_.inputs[i]) for i in best):
        row, column = divmod(place, COLUMNS)
        names[row * 4 : row * 4 + 3, column * 4 : column * 4 + 3] = name
    tiles = go.Heatmap(
        z=grid,
        customdata=names,
        hovertemplate="%{customdata}: %{z:.3f}<extra></extra>",
        colorscale="RdBu",
        reversescale=True,  # so that positive is red
        zmid=0,
        hoverongaps=False,
        colorbar={"thickness": 10, "len": 0.9},
    )
    figure = styled(go.Figure(tiles)).update_layout(height=170)
    hidden = {"visible": False, "constrain": "domain", "fixedrange": True}
    return figure.update_xaxes(**hidden).update_yaxes(**hidden, scaleanchor="x", autorange="reversed")


def _bars(filter_: Filter) -> go.Figure:
    best = filter_.strongest(INPUTS)
    values = filter_.weights[best].flatten()
    bars = go.Bar(
        x=values,
        y=[escaped(filter_.inputs[i]) for i in best],
        orientation="h",
        marker_color=[ACCENT if value > 0 else NEGATIVE for value in values],
        hovertemplate="%{y}: %{x:.3f}<extra></extra>",
    )
    figure = styled(go.Figure(bars)).update_layout(height=26 * len(best) + 46)
    return figure.update_xaxes(title_text="weight").update_yaxes(autorange="reversed")
