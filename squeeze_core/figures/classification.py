"""Class probabilities as bars."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from squeeze_core.classifier import Prediction
from squeeze_core.figures.style import styled

_ROW_PIXELS = 46
_TRACK = "rgba(128, 134, 145, 0.16)"


def percent(probability: float) -> str:
    """A probability, 0–1, for people: "99.8%", and "<0.1%" rather than a false zero."""
    return "<0.1%" if 0 < probability < 0.0005 else f"{probability:.1%}"


def describe(predictions: Sequence[Prediction]) -> str:
    """The bars in words, for people who cannot see them."""
    return "; ".join(f"{p.label} {percent(p.probability)}" for p in predictions)


def probability_bars(predictions: Sequence[Prediction], color: str) -> go.Figure:
    """One horizontal bar a class on a track from 0 to 100%, best on top.

    The name stands over its bar, so that long names cost no width on a phone.
    """
    places = list(range(len(predictions)))
    bars = {"type": "bar", "y": places, "orientation": "h", "width": 0.26}
    track = bars | {"x": [1] * len(places), "hoverinfo": "skip", "marker": {"color": _TRACK}}
    values = bars | {
        "x": [p.probability for p in predictions],
        "customdata": [[p.label, percent(p.probability)] for p in predictions],
        "hovertemplate": "%{customdata[0]}: %{customdata[1]}<extra></extra>",
        "marker": {"color": color},
    }
    words = []
    for place, prediction in zip(places, predictions, strict=True):
        above = {"y": place, "yshift": 9, "yanchor": "bottom", "showarrow": False, "xref": "paper"}
        # Aligned, too: a saved PNG is set in another font, whose words are wider than those measured.
        words.append({"text": prediction.label, "x": 0, "xanchor": "left", "align": "left", **above})
        share = percent(prediction.probability)
        words.append({"text": share, "x": 1, "xanchor": "right", "align": "right", **above})
    # All at once: Plotly looks through every annotation again for each that is added.
    figure = go.Figure([track, values], {"annotations": words})
    styled(figure).update_layout(
        barmode="overlay",
        barcornerradius=6,
        height=_ROW_PIXELS * len(places) + 10,
        margin={"l": 0, "r": 0, "t": 4, "b": 0},
        showlegend=False,
    )
    figure.update_xaxes(range=[0, 1], visible=False, fixedrange=True)
    figure.update_yaxes(range=[len(places) - 0.7, -0.8], visible=False, fixedrange=True)
    return figure
