"""Draw the shipped detector's reliability diagram as an SVG for docs/detector.md.

python -m tools.reliability_svg docs/reliability.svg
"""

from __future__ import annotations

import sys
from pathlib import Path

from squeeze_core.detector.calibration import Calibration
from squeeze_core.detector.pretrained import load_detector
from squeeze_core.figures.reliability import in_words, series
from squeeze_core.figures.style import NEUTRAL

SIDE = 400  # of the plot, pixels


def svg(calibration: Calibration) -> str:
    """The diagram as an SVG document of 480 × 500 units."""
    parts = [_line(0, 0, 1, 1, f'stroke="{NEUTRAL}" stroke-dasharray="6 5"')]
    for tick in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        x, y = _place(tick, tick)
        parts += [_line(tick, 0, tick, 1, 'stroke="#ddd"'), _line(0, tick, 1, tick, 'stroke="#ddd"')]
        parts.append(f'<text x="{x}" y="{SIDE + 38}" text-anchor="middle">{tick:.0%}</text>')
        parts.append(f'<text x="52" y="{y + 5}" text-anchor="end">{tick:.0%}</text>')
    for place, (name, rows, colour, symbol) in enumerate(series(calibration)):
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
