"""A network of the design space → Plotly figures."""

from __future__ import annotations

import plotly.graph_objects as go

from squeeze_core.cost.design_space import DESIGNS, Design
from squeeze_core.cost.units import amount
from squeeze_core.figures.style import ACCENT, NEUTRAL, escaped, styled

# Light to dark in one hue and hatched, so that the parts differ in black and white too.
_PARTS = {
    "squeeze": ("Squeeze 1×1", "#7A2E00", ""),
    "expand1x1": ("Expand 1×1", "#F2A97B", "/"),
    "expand3x3": ("Expand 3×3", ACCENT, ""),
    "bypass": ("Bypass 1×1", "#0072B2", "x"),
    "conv": ("conv1, conv10", NEUTRAL, ""),
}
# Where the names of the three small networks have room.
_BESIDE = {"none": "bottom right", "simple": "top right", "complex": "bottom right"}


def strip(design: Design) -> go.Figure:
    """The network from left to right: a bar a module, its parameters stacked by kind of layer."""
    names = [escaped(module.name) for module in design.modules]
    figure = go.Figure()
    for part, (title, color, pattern) in _PARTS.items():
        counts = [
            module.parameters.get(module.name if part == "conv" else part, 0) for module in design.modules
        ]
        if any(counts):
            figure.add_bar(
                x=names,
                y=counts,
                name=title,
                marker={
                    "color": color,
                    "pattern": {"shape": pattern, "bgcolor": color, "fgcolor": "#ffffff", "size": 6},
                },
                hovertemplate="%{x}, " + title + ": %{y:,} parameters<extra></extra>",
            )
    totals = [sum(module.parameters.values()) for module in design.modules]
    figure.add_scatter(
        x=names,
        y=totals,
        mode="text",
        # Short bars stand close together on a phone; the axis and the table give their counts.
        text=[amount(total) if total > 0.3 * max(totals) else "" for total in totals],
        textposition="top center",
        textfont={"size": 11},
        showlegend=False,
        hoverinfo="skip",
    )
    figure.update_layout(
        barmode="stack", height=360, legend={"orientation": "h", "x": 0, "y": 1.04, "yanchor": "bottom"}
    )
    figure.update_yaxes(title="Parameters", range=[0, 1.15 * max(totals)], tickformat="~s")
    return styled(figure)


def published_designs(design: Design) -> go.Figure:
    """The paper's published points, size as printed against top-5, and where this network's size falls."""
    figure = go.Figure(
        go.Scatter(
            x=[point.megabytes for point in DESIGNS],
            y=[point.top5 for point in DESIGNS],
            mode="markers+text",
            text=[point.title for point in DESIGNS],
            textposition=[
                "top center" if point.megabytes > 10 else _BESIDE[point.bypass] for point in DESIGNS
            ],
            marker={"size": 12, "color": NEUTRAL, "symbol": "diamond"},
            hovertemplate="%{text}<br>%{x} MB as printed, %{y} % top-5<extra></extra>",
            showlegend=False,
        )
    )
    size = design.cost.megabytes
    figure.add_vline(x=size, line={"color": ACCENT, "width": 3, "dash": "dash"})
    right = size < 12
    figure.add_annotation(
        x=size,
        y=79.3,
        text=f"<b>this network: {size:.2f} MB</b>",
        font={"color": ACCENT},
        showarrow=False,
        xanchor="left" if right else "right",
        xshift=6 if right else -6,
    )
    figure.update_xaxes(title="Size (MB; the paper's points as printed)", range=[0, max(26, 1.1 * size)])
    figure.update_yaxes(title="ImageNet top-5 (%), as published", range=[79, 87.5])
    figure.update_layout(height=360)
    return styled(figure)
