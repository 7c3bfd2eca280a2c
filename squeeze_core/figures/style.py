"""The look that every figure shares: one colour a network, and a frame that suits both themes."""

from __future__ import annotations

import plotly.graph_objects as go

from squeeze_core.networks.catalogue import ACCENT, CATALOGUE

__all__ = ["ACCENT", "NEUTRAL", "color_of", "styled"]

NEUTRAL = "#8A9099"


def color_of(name: str) -> str:
    """The colour, "#rrggbb", of the network of that name, the same on every page; grey for what is none.

    A name with a dot is that of somebody's own file, a SqueezeNet.
    """
    if name in CATALOGUE:
        return CATALOGUE[name].colour
    return ACCENT if "." in name else NEUTRAL


def styled(figure: go.Figure) -> go.Figure:
    """The same figure with our fonts and margins, on a transparent background."""
    figure.update_layout(
        font={"family": "'Source Sans', 'Source Sans 3', system-ui, sans-serif", "size": 14},
        margin={"l": 8, "r": 8, "t": 40 if figure.layout.title.text else 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hoverlabel={"font": {"size": 14}},
    )
    figure.update_xaxes(automargin=True, zeroline=False)
    figure.update_yaxes(automargin=True, zeroline=False)
    return figure
