"""The network as a strip, and a Fire module's channels as grids that can be clicked."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from PIL import Image

from squeeze_core.figures.maps import Scale, grid_picture, unit_scale
from squeeze_core.figures.style import ACCENT, NEUTRAL, escaped, styled
from squeeze_core.inside.ablation import Contributions
from squeeze_core.inside.trace import FireTrace, Maps, ModuleTrace, Unit

TITLES = {
    "squeeze": "squeeze 1×1",
    "expand1x1": "expand 1×1",
    "expand3x3": "expand 3×3",
}
NO_MARGIN = {"l": 0, "r": 0, "t": 0, "b": 0}


def network_strip(layers: Mapping[str, tuple[int, int, int]], chosen: str) -> go.Figure:
    """Every layer in order, as tall as its maps and as wide as it has channels.

    A click on a bar selects a point whose customdata is the layer's name.
    """
    most = max(channels for channels, _, _ in layers.values())
    highest = max(height for _, height, _ in layers.values()) ** 0.5
    opaque = {"marker": {"opacity": 1}}
    bars = {
        "type": "bar",
        "x": list(range(len(layers))),
        "y": [height**0.5 for _, height, _ in layers.values()],
        "width": [0.28 + 0.64 * channels / most for channels, _, _ in layers.values()],
        "marker": {
            "color": [
                ACCENT if name == chosen else "#5B84B1" if name.startswith("fire") else NEUTRAL
                for name in layers
            ],
            "cornerradius": 4,
        },
        "customdata": [[name, f"{escaped(name)}: {times(shape)}"] for name, shape in layers.items()],
        "hovertemplate": "%{customdata[1]}<extra></extra>",
        "selected": opaque,
        "unselected": opaque,
    }
    labels = []
    for x, (name, (channels, height, _)) in enumerate(layers.items()):
        title = f"<b>{escaped(name)}</b>" if name == chosen else escaped(name)
        labels.append(_text(x, 0, f"{title}<br>{channels}×{height}²") | {"yanchor": "top"})
    layout = {
        "height": 170,
        "annotations": labels,
        "showlegend": False,
        "clickmode": "event+select",
        "dragmode": False,
        "xaxis": _hidden_axis(-0.6, len(layers) - 0.4),
        "yaxis": _hidden_axis(-4.8, highest),
    }
    return styled(go.Figure({"data": [bars], "layout": layout}))


def channel_grid(
    maps: Maps,
    units: Sequence[Unit],
    chosen: Unit,
    *,
    aspect: float,
    pixels: int,
    scale: Scale = "branch",
    off: Collection[Unit] = (),
) -> go.Figure:
    """The maps of `units`, channels of one branch, in that order, as one picture to be clicked.

    It is about `aspect` times as wide as high and is drawn about `pixels` wide. A click selects a point
    whose customdata starts with module, branch and channel. Channels in `off` are crossed out.
    """
    columns = columns_for(len(units), aspect)
    enlarge = max(1, round(pixels / columns / maps.shape[1]))
    order = [unit.channel for unit in units]
    picture = grid_picture(unit_scale(maps.values, scale)[order], columns, enlarge)
    rows, invisible = -(-len(units) // columns), {"marker": {"opacity": 0}}
    centres = [(place % columns + 0.5, place // columns + 0.5) for place in range(len(units))]
    gone = [centre for centre, unit in zip(centres, units, strict=True) if unit in off]
    crosses = _points(gone, 0.5 * pixels / columns) | {"hoverinfo": "skip"}
    crosses["marker"] |= {"symbol": "x-thin", "line": {"color": "#FFFFFF", "width": 2}}
    crosses["unselected"] = {"marker": {"opacity": 1}}
    points = _points(centres, max(10, pixels // columns - 2))
    points["marker"] |= {"symbol": "square", "opacity": 0}
    points |= {"selected": invisible, "unselected": invisible}
    points["customdata"] = [
        [*unit, f"channel {i}: mean {maps.mean[i]:.3g}, max {maps.max[i]:.3g}, {maps.zeros[i]:.0%} zeros"]
        for i, unit in zip(order, units, strict=True)
    ]
    points["hovertemplate"] = "%{customdata[3]}<extra></extra>"
    image = {"source": picture, "xref": "x", "yref": "y", "x": 0, "y": 0, "layer": "below"}
    image |= {"sizex": columns, "sizey": rows, "sizing": "stretch"}
    marks = []
    if chosen in units:
        x, y = centres[units.index(chosen)]
        corners = {"x0": x - 0.5, "y0": y - 0.5, "x1": x + 0.47, "y1": y + 0.47}
        marks.append({"type": "rect", "line": {"color": ACCENT, "width": 3}} | corners)
    topleft = {"constrain": "domain", "constraintoward": "top"}
    # One dict, checked once: adding piece by piece costs Plotly several times as long.
    layout = {
        "images": [image],
        "shapes": marks,
        "xaxis": _hidden_axis(0, columns) | topleft | {"constraintoward": "left"},
        "yaxis": _hidden_axis(rows, 0) | topleft | {"scaleanchor": "x"},
        "height": round(pixels * rows / columns),
        "clickmode": "event+select",
        "dragmode": False,
        "showlegend": False,
    }
    return styled(go.Figure({"data": [crosses, points], "layout": layout})).update_layout(margin=NO_MARGIN)


def _points(places: Sequence[tuple[float, float]], size: float) -> dict[str, Any]:
    x, y = [x for x, _ in places], [y for _, y in places]
    return {"type": "scatter", "mode": "markers", "x": x, "y": y, "marker": {"size": size}}


def _text(x: float, y: float, text: str) -> dict[str, Any]:
    return {"x": x, "y": y, "text": text, "showarrow": False, "font": {"size": 12}}


def _hidden_axis(first: float, last: float) -> dict[str, Any]:
    return {"visible": False, "fixedrange": True, "range": [first, last]}


def columns_for(count: int, aspect: float) -> int:
    """The number of square tiles in a row of a grid about `aspect` times as wide as high."""
    return math.ceil((aspect * count) ** 0.5)


def picture_of(figure: go.Figure) -> Image.Image:
    """The picture under the points of a grid."""
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
    return [
        {
            "branch": branch,
            "channel": channel,
            "mean": float(maps.mean[channel]),
            "max": float(maps.max[channel]),
            "zeros": float(maps.zeros[channel]),
            f"contribution to {contributions.label}": float(value),
        }
        for branch, maps in ((branch, module.places[branch]) for branch in module.branches)
        for channel, value in enumerate(contributions.of[module.name, branch])
    ]


def times(shape: tuple[int, ...]) -> str:
    """(64, 113, 113) → "64×113×113"."""
    return "×".join(map(str, shape))
