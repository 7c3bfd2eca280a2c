"""One channel in figures: its activations and its weights."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from squeeze_core.figures.maps import sprite
from squeeze_core.figures.style import ACCENT, escaped, styled
from squeeze_core.inside.channels import Filter

KERNELS = 16  # 3×3 weights shown of a channel
COLUMNS = 8  # of them in a row
INPUTS = 10  # 1×1 weights shown of a channel
NEGATIVE = "#0072B2"


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
