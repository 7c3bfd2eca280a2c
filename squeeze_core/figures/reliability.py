"""Is 60 % right about 60 % of the time? The reliability diagram, on a page and as a file.

python -m squeeze_core.figures.reliability docs/reliability.svg
"""

from __future__ import annotations

import sys
from pathlib import Path

import plotly.graph_objects as go

from squeeze_core.detector.calibration import Bin, Calibration, expected_error
from squeeze_core.detector.pretrained import load_detector
from squeeze_core.figures.style import ACCENT, NEUTRAL, styled

SIDE = 400  # of the SVG's plot, pixels


def diagram(calibration: Calibration) -> go.Figure:
    """Score against the share of boxes that is right, both 0–100 %; the diagonal says what it means."""
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": NEUTRAL, "dash": "dash"}, hoverinfo="skip"
    )
    for name, rows, colour, symbol in _series(calibration):
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
    figure.data[0].showlegend = False
    styled(figure).update_layout(height=360, legend={"orientation": "h", "y": -0.22})
    figure.update_xaxes(title_text="score", tickformat=".0%", range=[0, 1])
    figure.update_yaxes(title_text="boxes that are right", tickformat=".0%", range=[0, 1])
    return figure


def rows_of(calibration: Calibration) -> list[dict[str, object]]:
    """The table behind the diagram."""
    return [
        {"scores": name, "mean score": row.score, "right": row.right, "boxes": row.boxes}
        for name, rows, _, _ in _series(calibration)
        for row in rows
    ]


def in_words(calibration: Calibration) -> str:
    """The diagram for people who cannot see it."""
    points = ", ".join(f"{row.score:.0%}: {row.right:.0%} right" for row in calibration.after)
    return f"Calibrated score and share of boxes that is right, {points}"


def svg(calibration: Calibration) -> str:
    """The same diagram as a drawing of its own, for documents."""
    parts = [_line(0, 0, 1, 1, f'stroke="{NEUTRAL}" stroke-dasharray="6 5"')]
    for tick in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        x, y = _place(tick, tick)
        parts += [_line(tick, 0, tick, 1, 'stroke="#ddd"'), _line(0, tick, 1, tick, 'stroke="#ddd"')]
        parts.append(f'<text x="{x}" y="{SIDE + 38}" text-anchor="middle">{tick:.0%}</text>')
        parts.append(f'<text x="52" y="{y + 5}" text-anchor="end">{tick:.0%}</text>')
    for place, (name, rows, colour, symbol) in enumerate(_series(calibration)):
        points = [_place(row.score, row.right) for row in rows]
        path = " ".join(f"{x},{y}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts += [_mark(x, y, symbol, colour) for x, y in points]
        y = 40 + 22 * place
        parts += [_mark(80, y - 5, symbol, colour), f'<text x="94" y="{y}">{name}</text>']
    middle = 60 + SIDE // 2
    parts.append(f'<text x="{middle}" y="{SIDE + 64}" text-anchor="middle">score</text>')
    parts.append(
        f'<text transform="translate(14 {20 + SIDE // 2}) rotate(-90)" text-anchor="middle">'
        "boxes that are right</text>"
    )
    parts.append(
        f'<text x="{middle}" y="{SIDE + 86}" text-anchor="middle" fill="#666">{calibration.on}, '
        "each half calibrated on the other</text>"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE + 80} {SIDE + 100}" '
        f'font-family="sans-serif" font-size="14" role="img"><title>{in_words(calibration)}</title>'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _series(calibration: Calibration) -> list[tuple[str, tuple[Bin, ...], str, str]]:
    before, after = calibration.before, calibration.after
    return [
        (f"as the network says, off by {expected_error(before):.1%}", before, NEUTRAL, "square"),
        (f"calibrated, off by {expected_error(after):.1%}", after, ACCENT, "circle"),
    ]


def _place(score: float, right: float) -> tuple[int, int]:
    return round(60 + SIDE * score), round(20 + SIDE * (1 - right))


def _line(x0: float, y0: float, x1: float, y1: float, look: str) -> str:
    (left, foot), (right, head) = _place(x0, y0), _place(x1, y1)
    return f'<line x1="{left}" y1="{foot}" x2="{right}" y2="{head}" {look}/>'


def _mark(x: int, y: int, symbol: str, colour: str) -> str:
    if symbol == "circle":
        return f'<circle cx="{x}" cy="{y}" r="5" fill="{colour}"/>'
    return f'<rect x="{x - 4}" y="{y - 4}" width="8" height="8" fill="{colour}"/>'


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(svg(load_detector().calibration), encoding="utf-8")
