"""Compression in figures: bytes after each step, accuracy against size, layers and their levels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from squeeze_core.compression.curve import PUBLISHED, Curve, Point
from squeeze_core.compression.steps import CompressionStep
from squeeze_core.cost.comparison import NetworkRow
from squeeze_core.cost.units import amount
from squeeze_core.figures.charts import Bar, Bars
from squeeze_core.figures.style import ACCENT, NEUTRAL, styled

if TYPE_CHECKING:
    from squeeze_core.compression.histogram import Histogram

_UNIFORM = "#0072B2"
_PAPER = "#00735C"
# Title, colour and symbol of each series of the curve; published points are not joined by lines.
_SERIES = {
    "second-order": ("Second-order levels (ours)", ACCENT, "circle"),
    "uniform": ("Uniform steps, same coder", _UNIFORM, "square"),
    "authors": ("Authors’ 8-bit file", _PAPER, "diamond"),
    "paper": ("Paper’s 6-bit row", _PAPER, "diamond-open"),
}
_WIDEST = 900_000  # bytes: what is larger is named at the edge


def step_bars(steps: Sequence[CompressionStep], chosen: int) -> Bars:
    """Bytes after each step, linear and to scale; the chosen step is accented."""
    first = steps[0].bytes
    bars = tuple(
        Bar(step.title, step.bytes, _label(step, first), ACCENT if number == chosen else NEUTRAL)
        for number, step in enumerate(steps)
    )
    return Bars(bars, "Size of the whole network", "B")


def _label(step: CompressionStep, first: int) -> str:
    times = first / step.bytes
    smaller = f", {times:.0f}× smaller" if times >= 10 else f", {times:.1f}× smaller" if times > 1 else ""
    return f"{amount(step.bytes, 'B')}{smaller}{'' if step.measured else ' (as the paper prints it)'}"


def lost(point: Point, full: Point) -> float:
    """Points of top-1 that a network has less than float32 SqueezeNet has on the same pictures."""
    if point.source:
        full = next(one for one in PUBLISHED if one.series == "authors")  # the paper's float32 has as much
    assert point.top1 is not None and full.top1 is not None
    return full.top1 - point.top1


def size_accuracy(curve: Curve, shipped: NetworkRow) -> go.Figure:
    """Top-1 against the file's bytes, as the difference from float32 on the same pictures; of the shipped
    file with its 95 % interval, on pictures of its own."""
    full = next(point for point in curve.points if point.series == "fp32")
    figure = go.Figure()
    points = sorted((*curve.points, *PUBLISHED), key=lambda one: one.bytes)
    for series, (title, color, symbol) in _SERIES.items():
        found = [one for one in points if one.series == series and one.bytes <= _WIDEST]
        joined = len(found) > 1
        figure.add_scatter(
            x=[one.bytes / 1e3 for one in found],
            y=[-lost(one, full) for one in found],
            name=title,
            mode="lines+markers" if joined else "markers",
            marker={"size": 10 if joined else 16, "symbol": symbol, "line": {"width": 2, "color": color}},
            line={"color": color, "width": 3},
            hovertemplate="%{x:,.0f} kB: %{y:+.1f} points<extra>" + title + "</extra>",
        )
    measured = shipped.measured
    assert measured is not None and measured.difference is not None
    change, low, high = measured.difference
    figure.add_scatter(
        x=[shipped.megabytes * 1e3],
        y=[change],
        error_y={"array": [high - change], "arrayminus": [change - low], "color": ACCENT},
        name="Shipped file, on other pictures",
        mode="markers",
        marker={"size": 16, "symbol": "star", "color": ACCENT},
        hovertemplate="%{x:,.0f} kB: " + measured.difference.points() + "<extra>Shipped file</extra>",
    )
    figure.add_hline(y=0, line={"color": NEUTRAL, "dash": "dot"})
    small = next(one for one in PUBLISHED if one.series == "MobileNet")
    figure.add_annotation(
        x=_WIDEST / 1e3,
        y=-lost(small, full),
        text=f"MobileNet v1 0.25,<br>float32: {small.bytes / 1e6:.1f} MB →",
        showarrow=False,
        xanchor="right",
        font={"size": 12},
    )
    figure.update_xaxes(title="File (kB, 10³ bytes)", range=[0, _WIDEST / 1e3], tickformat=",")
    figure.update_yaxes(title="Top-1, points from float32", range=[-20, 3])
    figure.update_layout(height=440, legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"})
    return styled(figure)


def curve_rows(curve: Curve, shipped: NetworkRow) -> list[dict[str, object]]:
    """Every point as a table, the largest file first; accuracy in points from float32, same pictures."""
    full = next(point for point in curve.points if point.series == "fp32")
    measured = shipped.measured
    assert measured is not None and measured.difference is not None and shipped.stored_bytes is not None
    found: list[tuple[str, int, float, float | None, float | None, str]] = [
        (one.series, one.bytes, -lost(one, full), one.divergence, one.agreement, one.source)
        for one in (*curve.points, *PUBLISHED)
        if one.series != "shipped"  # by these pictures it was chosen
    ]
    change, same = measured.difference.value, measured.same_first_answer
    found.append(("shipped", shipped.stored_bytes, change, None, same, f"measured: {measured.on}"))
    return [
        {
            "Series": series,
            "Bytes": size,
            "Top-1 (points from float32)": round(change, 1),
            "Divergence (nats)": divergence,
            "Same first answer (%)": same,
            "Source": source or f"measured: {curve.on}",
        }
        for series, size, change, divergence, same, source in sorted(found, key=lambda row: -row[1])
    ]


def layer_levels(found: Histogram) -> go.Figure:
    """Histogram of one layer's weights as trained, and below it the number of weights at each level."""
    figure = make_subplots(2, 1, shared_xaxes=True, vertical_spacing=0.08)
    middles = (found.edges[1:] + found.edges[:-1]) / 2
    width = 0.6 * float((found.levels[1:] - found.levels[:-1]).min()) if len(found.levels) > 1 else None
    for row, (name, color, x, y, wide) in enumerate(
        (
            ("float32", NEUTRAL, middles, found.counts, None),
            ("level", ACCENT, found.levels, found.level_counts, width),
        ),
        1,
    ):
        hover = f"%{{x:.3f}}: %{{y:,}} weights<extra>{name}</extra>"
        figure.add_bar(x=x, y=y, width=wide, marker_color=color, hovertemplate=hover, row=row, col=1)
    figure.update_yaxes(title="float32", row=1, col=1)
    figure.update_yaxes(title=f"{len(found.levels)} levels", row=2, col=1)
    figure.update_xaxes(title="Value of a weight", row=2, col=1)
    figure.update_layout(height=420, showlegend=False, bargap=0)
    return styled(figure)
