"""Colours, fonts and margins of every figure, and text without markup."""

from __future__ import annotations

from collections.abc import Iterable

import plotly.graph_objects as go

from squeeze_core.colours import ACCENT, NEUTRAL

__all__ = ["ACCENT", "NEUTRAL", "escaped", "ink_on", "luminance", "mixed", "readable", "styled"]

_MARKUP = str.maketrans({sign: f"&#{ord(sign)};" for sign in "&<>{$"})


def escaped(text: str) -> str:
    """The text without what Plotly reads as markup: tags, entities, "%{x}" and, between $, LaTeX."""
    return text.translate(_MARKUP)


def styled(figure: go.Figure) -> go.Figure:
    """The same figure with our fonts and margins, on a transparent background."""
    figure.update_layout(
        font={"family": "'Source Sans', 'Source Sans 3', system-ui, sans-serif", "size": 14},
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hoverlabel={"font": {"size": 14}},
    )
    figure.update_xaxes(automargin=True, zeroline=False)
    figure.update_yaxes(automargin=True, zeroline=False)
    return figure


def ink_on(color: str) -> str:
    """Black or white, whichever is read better on "#rrggbb"."""
    return "#FFFFFF" if luminance(color) < 0.25 else "#1B1F24"


def luminance(color: str) -> float:
    """Relative luminance of "#rrggbb", 0–1 (WCAG 2.2)."""
    levels = [channel / 255 for channel in _channels(color)]
    linear = [level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4 for level in levels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def readable(color: str) -> str:
    """The colour, darkened until text in it has a contrast of 4.5 to white (WCAG 2.2, AA)."""
    while 1.05 / (luminance(color) + 0.05) < 4.5:
        color = _hexadecimal(0.92 * channel for channel in _channels(color))
    return color


def mixed(color: str, share: float) -> str:
    """The colour mixed with white; `share` 1 is white."""
    return _hexadecimal(channel + share * (255 - channel) for channel in _channels(color))


def _channels(color: str) -> list[int]:
    return [int(color[i : i + 2], 16) for i in (1, 3, 5)]


def _hexadecimal(channels: Iterable[float]) -> str:
    return "#" + "".join(f"{int(channel):02x}" for channel in channels)
