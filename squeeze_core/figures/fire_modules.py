"""The network as a strip, a Fire module's wiring, and its channels as grids that can be clicked."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from squeeze_core.figures.maps import Scale, coloured, grid_picture, sprite, unit_scale
from squeeze_core.figures.style import ACCENT, NEUTRAL, styled
from squeeze_core.inside.ablation import Contributions
from squeeze_core.inside.trace import FireTrace, Maps, ModuleTrace, Unit

# A grid is drawn about this many pixels wide; each tile is enlarged to fill it.
GRID_PIXELS = 480
GLANCE_CHANNELS = 16
GLANCE_TILE = 56


def network_strip(layers: Mapping[str, tuple[int, int, int]], chosen: str) -> go.Figure:
    """Every layer in order, as tall as its maps and as wide as it has channels.

    A click on a bar selects a point whose customdata is the layer's name.
    """
    names = list(layers)
    sides = [layers[name][1] for name in names]
    widths = [0.28 + 0.64 * layers[name][0] / max(shape[0] for shape in layers.values()) for name in names]
    colours = [
        ACCENT if name == chosen else "#5B84B1" if name.startswith("fire") else NEUTRAL for name in names
    ]
    figure = go.Figure(
        go.Bar(
            x=list(range(len(names))),
            y=[side**0.5 for side in sides],
            width=widths,
            marker={"color": colours, "cornerradius": 4},
            customdata=[[name, times(layers[name])] for name in names],
            hovertemplate="%{customdata[0]}: %{customdata[1]}<extra></extra>",
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
        )
    )
    for place, name in enumerate(names):
        label = f"<b>{name}</b>" if name == chosen else name
        channels, height, _ = layers[name]
        figure.add_annotation(
            x=place,
            y=0,
            yanchor="top",
            showarrow=False,
            text=f"{label}<br>{channels}×{height}²",
            font={"size": 12},
        )
    styled(figure).update_layout(height=170, showlegend=False, clickmode="event+select", dragmode=False)
    figure.update_xaxes(visible=False, fixedrange=True, range=[-0.6, len(names) - 0.4])
    figure.update_yaxes(visible=False, fixedrange=True, range=[-4.8, max(sides) ** 0.5])
    return figure


def wiring(module: ModuleTrace, before: tuple[int, int, int]) -> go.Figure:
    """squeeze → (expand1x1 | expand3x3) → concat, with the shape of each; `before` is the input's."""
    figure = go.Figure()
    nodes = {
        "input": (0.0, 0.5, before),
        "concat": (3.0, 0.5, module.at("output").shape),
    }
    drawn = {"squeeze": ("squeeze 1×1", 1.0, 0.5), "expand1x1": ("expand 1×1", 2.0, 1.0)}
    drawn["expand3x3"] = ("expand 3×3", 2.0, 0.0)
    for branch in module.branches:
        name, x, y = drawn[branch]
        nodes[name] = (x, y, module.at(branch).shape)
    links = [("input", "squeeze 1×1")]
    for expand in (drawn[branch][0] for branch in module.branches[1:]):
        links += [("squeeze 1×1", expand), (expand, "concat")]
    for start, end in links:
        (x0, y0, _), (x1, y1, _) = nodes[start], nodes[end]
        line = {"color": NEUTRAL, "width": 2}
        figure.add_shape(type="line", x0=x0 + 0.42, y0=y0, x1=x1 - 0.42, y1=y1, line=line)
    for name, (x, y, shape) in nodes.items():
        colour = NEUTRAL if name in ("input", "concat") else ACCENT
        box = {"x0": x - 0.42, "x1": x + 0.42, "y0": y - 0.34, "y1": y + 0.34}
        figure.add_shape(type="rect", **box, line={"color": colour, "width": 2})
        figure.add_annotation(
            x=x,
            y=y,
            showarrow=False,
            text=f"<b>{name}</b><br>{times(shape)}",
            font={"size": 12},
        )
    styled(figure).update_layout(height=150, margin={"l": 0, "r": 0, "t": 0, "b": 0})
    figure.update_xaxes(visible=False, fixedrange=True, range=[-0.46, 3.46])
    figure.update_yaxes(visible=False, fixedrange=True, range=[-0.4, 1.4])
    return figure


def channel_grid(
    maps: Maps,
    units: Sequence[Unit],
    chosen: Unit | None,
    *,
    columns: int,
    pixels: int = GRID_PIXELS,
    scale: Scale = "branch",
    off: Collection[Unit] = (),
) -> go.Figure:
    """The channels' maps as one picture, `columns` in a row, in the order of `units`.

    `units` are channels of the place that `maps` are of. `pixels`: about how wide it will be drawn.
    A click selects a point whose customdata starts with module, branch and channel. Channels in
    `off` are crossed out.
    """
    order = [unit.channel for unit in units]
    enlarge = max(1, round(pixels / columns / maps.shape[1]))
    picture = grid_picture(unit_scale(maps.values, scale)[order], columns, enlarge)
    words = [
        f"channel {unit.channel}: mean {maps.mean[unit.channel]:.3g}, max {maps.max[unit.channel]:.3g}, "
        f"{maps.zeros[unit.channel]:.0%} zeros"
        for unit in units
    ]
    return clickable(picture, units, words, columns, chosen, off, pixels)


def glance(trace: FireTrace) -> go.Figure:
    """Each Fire module's strongest channels, one row a module, in one picture that can be clicked."""
    rows, units, words = [], [], []
    step = max(GLANCE_TILE, *(module.at("output").shape[1] for module in trace.modules.values()))
    for module in trace.modules.values():
        output, first = module.at("output"), module.branches[1]
        split = len(module.at(first).values)
        best = output.order()[:GLANCE_CHANNELS]
        levels = unit_scale(output.values[best])
        # A whole number of times, and what is missing from the step as a wider gap.
        enlarge = step // levels.shape[1]
        rows.append(sprite(levels, GLANCE_CHANNELS, enlarge, gap=step + 2 - enlarge * levels.shape[1]))
        for channel in best.tolist():
            branch, number = (first, channel) if channel < split else ("expand3x3", channel - split)
            units.append(Unit(module.name, branch, number))
            words.append(f"{units[-1]}: mean {output.mean[channel]:.3g}")
    grid = np.concatenate(rows)
    picture = coloured(np.nan_to_num(grid))
    figure = clickable(picture, units, words, GLANCE_CHANNELS, None, (), 2 * GRID_PIXELS)
    for row, name in enumerate(trace.modules):
        figure.add_annotation(x=0, y=row + 0.5, xanchor="right", xshift=-4, showarrow=False, text=name)
    return figure.update_layout(margin={"l": 44})


def clickable(
    picture: Image.Image,
    units: Sequence[Unit],
    words: Sequence[str],
    columns: int,
    chosen: Unit | None,
    off: Collection[Unit],
    pixels: int,
) -> go.Figure:
    """A picture of tiles under invisible points, one a unit; `words` are shown when hovered over.

    `pixels`: about how wide it will be drawn.
    """
    rows = -(-len(units) // columns)
    invisible = {"marker": {"opacity": 0}}
    x = [place % columns + 0.5 for place in range(len(units))]
    y = [place // columns + 0.5 for place in range(len(units))]
    points: dict[str, Any] = {
        "type": "scatter",
        "x": x,
        "y": y,
        "customdata": [[*unit, text] for unit, text in zip(units, words, strict=True)],
        "hovertemplate": "%{customdata[3]}<extra></extra>",
        "mode": "markers",
        "marker": {"symbol": "square", "size": max(10, pixels // columns - 2), "opacity": 0},
        "selected": invisible,
        "unselected": invisible,
    }
    image = {"source": picture, "xref": "x", "yref": "y", "x": 0, "y": 0, "layer": "below"}
    image |= {"sizex": columns, "sizey": rows, "sizing": "stretch"}
    shapes = []
    for place, unit in enumerate(units):
        if unit == chosen:
            left, top = place % columns, place // columns
            corners = {"x0": left, "y0": top, "x1": left + 0.97, "y1": top + 0.97}
            shapes.append({"type": "rect", "line": {"color": ACCENT, "width": 3}} | corners)
    gone = [place for place, unit in enumerate(units) if unit in off]
    crosses = points | {
        "x": [x[place] for place in gone],
        "y": [y[place] for place in gone],
        "customdata": None,
        "hovertemplate": None,
        "hoverinfo": "skip",
        "marker": {
            "symbol": "x-thin",
            "size": 0.5 * pixels / columns,
            "line": {"color": "#FFFFFF", "width": 2},
        },
        "selected": None,
        "unselected": {"marker": {"opacity": 1}},
    }
    hidden = {"visible": False, "fixedrange": True, "constrain": "domain", "constraintoward": "top"}
    # One dict, checked once: adding piece by piece costs Plotly several times as long.
    layout = {
        "images": [image],
        "shapes": shapes,
        "xaxis": hidden | {"range": [0, columns], "constraintoward": "left"},
        "yaxis": hidden | {"range": [rows, 0], "scaleanchor": "x"},
        "height": round(pixels * rows / columns),
        "clickmode": "event+select",
        "dragmode": False,
        "showlegend": False,
    }
    figure = styled(go.Figure({"data": [crosses, points], "layout": layout}))
    return figure.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0})


def columns_for(count: int, aspect: float) -> int:
    """How many square tiles in a row make a grid about `aspect` times as wide as it is high."""
    return math.ceil((aspect * count) ** 0.5)


def picture_of(figure: go.Figure) -> Image.Image:
    """The picture under the points of a figure that `clickable` made."""
    data = figure.layout.images[0].source.partition(",")[2]
    return Image.open(io.BytesIO(base64.b64decode(data)))


def layer_rows(trace: FireTrace) -> list[dict[str, str | int]]:
    """The table behind `network_strip`."""
    return [
        {"layer": name, "channels": channels, "height": height, "width": width}
        for name, (channels, height, width) in trace.layers.items()
    ]


def channel_rows(module: ModuleTrace, contributions: Contributions) -> list[dict[str, str | int | float]]:
    """The table behind the grids: each channel's statistics and its contribution."""
    rows: list[dict[str, str | int | float]] = []
    for branch in module.branches:
        maps = module.at(branch)
        columns = (maps.mean, maps.max, maps.zeros, contributions.of[module.name, branch])
        for channel, values in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
            mean, largest, zeros, share = values
            row = {"branch": branch, "channel": channel, "mean": mean, "max": largest, "zeros": zeros}
            rows.append(row | {f"contribution to {contributions.label}": share})
    return rows


def times(shape: tuple[int, ...]) -> str:
    """(64, 113, 113) → "64×113×113"."""
    return "×".join(map(str, shape))
