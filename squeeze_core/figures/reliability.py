"""The reliability diagram: scores against the share of boxes that is right."""

from __future__ import annotations

import plotly.graph_objects as go

from squeeze_core.cost.units import percent
from squeeze_core.detector.calibration import Bin, Calibration, expected_error
from squeeze_core.figures.style import ACCENT, NEUTRAL, styled


def diagram(calibration: Calibration) -> go.Figure:
    """Score against the share of boxes that is right, both 0–100 %; the diagonal is perfect calibration."""
    diagonal = {"color": NEUTRAL, "dash": "dash"}
    figure = go.Figure(
        go.Scatter(x=[0, 100], y=[0, 100], mode="lines", line=diagonal, hoverinfo="skip", showlegend=False)
    )
    for name, rows, colour, symbol in series(calibration):
        figure.add_scatter(
            x=[100 * row.score for row in rows],
            y=[100 * row.right for row in rows],
            customdata=[row.boxes for row in rows],
            name=name,
            mode="lines+markers",
            line={"color": colour, "width": 2},
            marker={"size": 9, "symbol": symbol},
            hovertemplate="score %{x:.0f} %: %{y:.0f} % right of %{customdata:,} boxes",
        )
    styled(figure).update_layout(height=360, legend={"orientation": "h", "y": -0.22})
    figure.update_xaxes(title_text="score", ticksuffix=" %", range=[0, 100])
    return figure.update_yaxes(title_text="boxes that are right", ticksuffix=" %", range=[0, 100])


def rows_of(calibration: Calibration) -> list[dict[str, object]]:
    """The table behind the diagram."""
    return [
        {"scores": name, "mean score": row.score, "right": row.right, "boxes": row.boxes}
        for name, rows, _, _ in series(calibration)
        for row in rows
    ]


def in_words(calibration: Calibration) -> str:
    """The text alternative of the diagram."""
    points = ", ".join(
        f"{percent(row.score, 0)}: {percent(row.right, 0)} right" for row in calibration.after
    )
    return f"Calibrated score and share of boxes that is right, {points}"


def series(calibration: Calibration) -> list[tuple[str, tuple[Bin, ...], str, str]]:
    """Name, bins, colour and marker of the scores before and after calibration."""
    before, after = calibration.before, calibration.after
    return [
        (f"uncalibrated, off by {percent(expected_error(before))}", before, NEUTRAL, "square"),
        (f"calibrated, off by {percent(expected_error(after))}", after, ACCENT, "circle"),
    ]
