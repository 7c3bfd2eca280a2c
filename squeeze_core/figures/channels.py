"""One channel in figures: its activations and its weights."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from squeeze_core.figures.maps import sprite
from squeeze_core.figures.style import ACCENT, NEUTRAL, styled
from squeeze_core.inside.channels import Filter
from squeeze_core.inside.trace import Maps

BINS = 24
KERNELS = 16  # 3×3 weights shown of a channel
INPUTS = 10  # 1×1 weights shown of a channel


def histogram(maps: Maps, channel: int) -> go.Figure:
    """How often each value occurs in that channel's map; the zeros are a bar of their own colour."""
    zeros, *alive = histogram_rows(maps, channel)
    width = alive[0]["to"]
    bar = {"type": "bar", "width": 0.9 * width}
    below = bar | {"x": [-width / 2], "y": [zeros["units"]], "name": "exactly 0"}
    above = bar | {
        "x": [(row["from"] + row["to"]) / 2 for row in alive],
        "y": [row["units"] for row in alive],
        "name": "above 0",
    }
    layout = {
        "height": 230,
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1.15},
        "xaxis": {"title": {"text": "activation"}},
        "yaxis": {"title": {"text": "units of the map"}, "type": "log", "dtick": 1},
    }
    data = [below | {"marker": {"color": NEUTRAL}}, above | {"marker": {"color": ACCENT}}]
    return styled(go.Figure({"data": data, "layout": layout}))


def histogram_rows(maps: Maps, channel: int) -> list[dict[str, float]]:
    """The table behind `histogram`: how many units lie between two values, first those exactly 0."""
    values = maps.values[channel]
    alive = values[values > 0]
    counts, edges = np.histogram(alive, BINS, range=(0, float(maps.max[channel]) or 1))
    rows = [{"from": 0.0, "to": 0.0, "units": float(values.size - alive.size)}]
    places = zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
    return rows + [{"from": low, "to": high, "units": float(count)} for low, high, count in places]


def weight_rows(filter_: Filter) -> list[dict[str, str | float]]:
    """The table behind `kernels` and `strongest_inputs`: one row an input, its weights in reading order."""
    best = filter_.strongest(KERNELS if filter_.weights.shape[1] > 1 else INPUTS)
    return [
        {"input": filter_.inputs[i]} | {f"w{k}": float(w) for k, w in enumerate(filter_.weights[i].flat)}
        for i in best
    ]


def kernels(filter_: Filter) -> go.Figure:
    """The 3×3 weights of the inputs that weigh most, one tile an input."""
    best = filter_.strongest(KERNELS)
    chosen = filter_.weights[best]
    most = float(np.abs(chosen).max()) or 1.0
    columns = 8
    # RdBu runs from red to blue; reversed, so that red speaks for the channel.
    grid = sprite(-chosen / most, columns, 1)
    gap = np.isnan(grid)
    words = np.full(grid.shape, "", object)
    for place, name in enumerate(filter_.inputs[i] for i in best):
        row, column = divmod(place, columns)
        words[row * 4 : row * 4 + 3, column * 4 : column * 4 + 3] = name
    figure = go.Figure(
        go.Heatmap(
            z=np.where(gap, np.nan, -grid * most),
            customdata=words,
            hovertemplate="%{customdata}: %{z:.3f}<extra></extra>",
            colorscale="RdBu",
            reversescale=True,
            zmid=0,
            hoverongaps=False,
            colorbar={"thickness": 10, "len": 0.9},
        )
    )
    styled(figure).update_layout(height=170)
    figure.update_xaxes(visible=False, constrain="domain", fixedrange=True)
    figure.update_yaxes(
        visible=False, scaleanchor="x", autorange="reversed", constrain="domain", fixedrange=True
    )
    return figure


def strongest_inputs(filter_: Filter) -> go.Figure:
    """The 1×1 weights that are largest, positive or negative, one bar an input."""
    best = filter_.strongest(INPUTS)
    weights = filter_.weights.reshape(-1)[best]
    names = [filter_.inputs[i] for i in best]
    colours = [ACCENT if weight > 0 else "#0072B2" for weight in weights]
    figure = go.Figure(
        go.Bar(
            x=weights,
            y=names,
            orientation="h",
            marker_color=colours,
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    )
    styled(figure).update_layout(height=26 * len(best) + 46)
    figure.update_xaxes(title_text="weight")
    figure.update_yaxes(autorange="reversed")
    return figure
