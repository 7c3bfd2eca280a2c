"""Explanations in figures: heat maps, and deletion and insertion curves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from squeeze_core.cost.units import percent
from squeeze_core.detector.attribution import BoxExplanation
from squeeze_core.figures.maps import overlay, palette, place_in_words
from squeeze_core.figures.style import ACCENT, NEUTRAL, escaped, styled
from squeeze_core.inside.explain import Explanation, Score

# The brightest pixels of a fine-grained map are a few dots: this share of it may saturate.
SATURATED = 0.01
DASHES = ("solid", "dot")
COLOURS = "Inferno"
_STOPS = ", ".join(f"rgb({red}, {green}, {blue})" for red, green, blue in palette(COLOURS)[::51].tolist())
# The colour scale of every map, as HTML.
SCALE = (
    f'<div style="height:0.75rem;border-radius:4px;background:linear-gradient(to right, {_STOPS})"></div>'
    '<div style="display:flex;justify-content:space-between;font-size:0.875rem">'
    f"<span>0</span><span>strongest {percent(SATURATED, 0)} of the map</span></div>"
)


def heat(explanation: Explanation) -> np.ndarray:
    """The map's positive part as levels 0–1, float32 of its own shape.

    Maps as fine as the view are smoothed over 5 pixels first, because single pixels cannot be seen.
    """
    levels = np.maximum(explanation.map, 0)
    if levels.shape[0] == explanation.view.height:
        from scipy.ndimage import uniform_filter

        levels = uniform_filter(levels, 5, mode="nearest")
    top = float(np.quantile(levels, 1 - SATURATED))
    return np.clip(levels / (top or 1), 0, 1)


def explained(explanation: Explanation, picture: Image.Image, opacity: float) -> Image.Image:
    """The explanation over the RGB picture, of any size; opacity 0 is the picture, 1 the map alone."""
    return overlay(picture, heat(explanation), opacity, COLOURS)


def in_words(explanation: Explanation) -> str:
    """The text alternative of a map: its strongest place, and the share that lies in the box."""
    levels = heat(explanation)
    peak = divmod(int(levels.argmax()), levels.shape[1])
    place = f"strongest {place_in_words(peak, levels.shape)}"
    if isinstance(explanation, BoxExplanation):
        return f"{place}; {percent(explanation.inside, 0)} of it lies in the box"
    return place


def deletion_insertion(scores: Sequence[tuple[str, Score]]) -> go.Figure:
    """The class's probability as pixels are deleted and inserted, a pair of curves for each of two maps."""
    figure = go.Figure()
    for (name, score), dash in zip(scores, DASHES, strict=False):
        curves = (
            ("deletion", score.deletion, score.deletion_curve, NEUTRAL),
            ("insertion", score.insertion, score.insertion_curve, ACCENT),
        )
        for kind, area, curve, colour in curves:
            figure.add_scatter(
                x=100 * score.shares,
                y=100 * curve,
                name=f"{escaped(name)}: {kind} {area:.3f}",
                line={"color": colour, "dash": dash, "width": 2.5},
                hovertemplate="%{x:.0f} % of the pixels: %{y:.1f} %<extra></extra>",
            )
    styled(figure).update_layout(height=320, legend={"orientation": "h", "y": -0.25})
    figure.update_xaxes(title_text="share of the pixels, most important first", ticksuffix=" %")
    figure.update_yaxes(title_text="probability", ticksuffix=" %", rangemode="tozero")
    return figure


def curve_rows(scores: Sequence[tuple[str, Score]]) -> list[dict[str, float]]:
    """The table behind `deletion_insertion`: one row a share of the pixels."""
    rows = []
    for place, share in enumerate(scores[0][1].shares):
        row = {"pixels": float(share)}
        for name, score in scores:
            row[f"{name}, deletion"] = float(score.deletion_curve[place])
            row[f"{name}, insertion"] = float(score.insertion_curve[place])
        rows.append(row)
    return rows
