"""Why a box is there, in figures: the map over the picture, and the Fire modules that feed it."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from squeeze_core.detector.why import Explanation, Feeders
from squeeze_core.figures.maps import overlay, place_in_words
from squeeze_core.figures.style import ACCENT, NEUTRAL, styled

# The brightest cells are few: this share of them may saturate.
SATURATED = 0.01


def explained(explanation: Explanation, picture: Image.Image, opacity: float) -> Image.Image:
    """The map laid over the RGB picture; `opacity`: 0 the picture alone, 1 the map alone."""
    return overlay(picture, _levels(explanation), opacity, "Inferno")


def in_words(explanation: Explanation) -> str:
    """Where the map is strongest, for people who cannot see it."""
    levels = _levels(explanation)
    row, column = np.unravel_index(levels.argmax(), levels.shape)
    place = place_in_words(int(row), int(column), *levels.shape)
    return f"What speaks for the box is strongest {place}; {explanation.inside:.0%} of it lies in the box"


def modules(feeders: Feeders) -> go.Figure:
    """What each Fire module passes on for and against the box, in the network's order."""
    rows = module_rows(feeders)
    figure = go.Figure()
    for key, colour in (("against", NEUTRAL), ("for", ACCENT)):
        figure.add_bar(
            x=[row["module"] for row in rows],
            y=[row[key] for row in rows],
            name=key,
            marker_color=colour,
            hovertemplate="%{x}: %{y:+.2f}<extra></extra>",
        )
    styled(figure).update_layout(height=300, barmode="relative", legend={"orientation": "h", "y": 1.12})
    figure.update_xaxes(tickangle=-60)
    figure.update_yaxes(title_text="logits", zeroline=True)
    return figure


def module_rows(feeders: Feeders) -> list[dict[str, str | float]]:
    """The table behind `modules`, in logits."""
    return [
        {"module": name, "for": speaks, "against": against}
        for name, (speaks, against) in feeders.modules().items()
    ]


def modules_in_words(feeders: Feeders) -> str:
    """The chart for people who cannot see it: the three modules that pass on most for the box."""
    best = sorted(feeders.modules().items(), key=lambda item: -item[1][0])[:3]
    return "Most for the box comes through " + ", ".join(f"{name} {row[0]:+.1f}" for name, row in best)


def _levels(explanation: Explanation) -> np.ndarray:
    top = float(np.quantile(explanation.map, 1 - SATURATED))
    return np.clip(explanation.map / (top or 1), 0, 1)
