"""The network as a strip, and a Fire module's channels as tiles of one picture."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import plotly.graph_objects as go
from PIL import Image

from squeeze_core.cost.units import percent
from squeeze_core.figures.maps import Scale, data_address, grid_picture, palette, scale_end, unit_scale
from squeeze_core.figures.style import ACCENT, NEUTRAL, escaped, styled
from squeeze_core.inside.ablation import Contributions
from squeeze_core.inside.trace import FireTrace, Maps, ModuleTrace

TITLES = {
    "squeeze": "squeeze 1×1",
    "expand1x1": "expand 1×1",
    "expand3x3": "expand 3×3",
}


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
    for x, (name, shape) in enumerate(layers.items()):
        title = f"<b>{escaped(name)}</b>" if name == chosen else escaped(name)
        labels.append(_text(x, 0, f"{title}<br>{times(shape)}") | {"yanchor": "top"})
    layout = {
        "height": 130,
        "annotations": labels,
        "showlegend": False,
        "clickmode": "event+select",
        "dragmode": False,
        "xaxis": _hidden_axis(-0.6, len(layers) - 0.4),
        "yaxis": _hidden_axis(-7, highest),
    }
    return styled(go.Figure({"data": [bars], "layout": layout}))


def channel_tiles(maps: Maps, chosen: int, scale: Scale, off: Collection[int] = ()) -> dict[str, Any]:
    """The maps of one branch as one picture, the strongest first, and what is to be written on it.

    JSON for `pages/fire_modules_parts/channel_grid.js`. `chosen`: the channel that is outlined. `off`:
    channels that are crossed out.
    """
    order = maps.order().tolist()
    columns = columns_for(len(order))
    return {
        "picture": data_address(tiles(maps, scale, 1), "PNG"),
        "columns": columns,
        "rows": -(-len(order) // columns),
        "channels": order,
        "words": [
            f"channel {i}: mean {mean:.3g}, max {largest:.3g}, {percent(zeros, 0)} zeros"
            for i, mean, largest, zeros in zip(
                order, maps.mean[order], maps.max[order], maps.zeros[order], strict=True
            )
        ],
        "chosen": chosen,
        "off": sorted(off),
        "end": "each channel’s largest value" if scale == "channel" else f"{scale_end(maps.values):.3g}",
        "colours": [f"rgb({r} {g} {b})" for r, g, b in palette("Viridis")[::15].tolist()],
    }


def tiles(maps: Maps, scale: Scale, enlarge: int) -> Image.Image:
    """Every map of one branch in one picture, the strongest first."""
    order = maps.order()
    return grid_picture(unit_scale(maps.values, scale)[order], columns_for(len(order)), enlarge)


def _text(x: float, y: float, text: str) -> dict[str, Any]:
    return {"x": x, "y": y, "text": text, "showarrow": False, "font": {"size": 11}}


def _hidden_axis(first: float, last: float) -> dict[str, Any]:
    return {"visible": False, "fixedrange": True, "range": [first, last]}


def columns_for(count: int) -> int:
    """The number of tiles in a row: on a desktop each is at least 40 pixels wide."""
    return 8 if count <= 32 else 16


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
    """(64, 113, 113) → "64 × 113 × 113"."""
    return " × ".join(map(str, shape))
