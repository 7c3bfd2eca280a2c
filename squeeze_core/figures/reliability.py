"""The reliability diagram: scores against the share of boxes that is right."""

from __future__ import annotations

import plotly.graph_objects as go

from squeeze_core.detector.calibration import Bin, Calibration, expected_error
from squeeze_core.figures.style import ACCENT, NEUTRAL, styled


def diagram(calibration: Calibration) -> go.Figure:
    """Score against the share of boxes that is right, both 0–100 %; the diagonal is perfect calibration."""
    diagonal = {"color": NEUTRAL, "dash": "dash"}
    figure = go.Figure(
        go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line=diagonal, hoverinfo="skip", showlegend=False)
    )
    for name, rows, colour, symbol in series(calibration):
        figure.add_scatter(
            x=[row.score for row in rows],
            y=[row.right for row in rows],
            customdata=[row.boxes for row in rows],
            name=name,
            mode="lines+markers",
            line={"color": colour, "width": 2},
            marker={"size": 9, "symbol": symbol},
            hovertemplate="score %{x:.0%}: %{y:.0%} right of %{customdata:,} boxes",
        )
    styled(figure).update_layout(height=360, legend={"orientation": "h", "y": -0.22})
    figure.update_xaxes(title_text="score", tickformat=".0%", range=[0, 1])
    return figure.update_yaxes(title_text="boxes that are right", tickformat=".0%", range=[0, 1])


def rows_of(calibration: Calibration) -> list[dict[str, object]]:
    """The table behind the diagram."""
    return [
        {"scores": name, "mean score": row.score, "right": row.right, "boxes": row.boxes}
        for name, rows, _, _ in series(calibration)
        for row in rows
    ]


def in_words(calibration: Calibration) -> str:
    """The text alternative of the diagram."""
    points = ", ".join(f"{row.score:.0%}: {row.right:.0%} right" for row in calibration.after)
    return f"Calibrated score and share of boxes that is right, {points}"


def series(calibration: Calibration) -> list[tuple[str, tuple[Bin, ...], str, str]]:
    """Name, bins, colour and marker of the scores before and after calibration."""
    before, after = calibration.before, calibration.after
    return [
        (f"uncalibrated, off by {expected_error(before):.1%}", before, NEUTRAL, "square"),
        (f"calibrated, off by {expected_error(after):.1%}", after, ACCENT, "circle"),
    ]
