"""The look that every figure shares: one colour a network, and a frame that suits both themes."""

from __future__ import annotations

import zlib

import plotly.graph_objects as go

ACCENT = "#D9560B"
NEUTRAL = "#8A9099"

# Okabe & Ito's colour-blind safe set (2008), darkened where it would not read on white.
_FIXED = {
    "squeezenet1_0": "#F0A06A",
    "efficientnet_lite0": "#0072B2",
    "alexnet": "#7A7F87",
    "vgg11": "#C79AD6",
    "vgg16": "#8E4CA8",
    "vgg19": "#5E2B75",
    "resnet18": "#2FA98C",
    "resnet50": "#00735C",
    "mobilenet_v2": "#3D9BDC",
    "mobilenet_v3_small": "#7CC4F0",
    "mobilenet_v3_large": "#1F6FA8",
    "shufflenet_v2_x1_0": "#B58900",
    "efficientnet_b0": "#274C9B",
    "densenet121": "#C2557F",
    "googlenet": "#8C6D31",
    "mnasnet1_0": "#6B8E23",
}
_OTHERS = ("#0072B2", "#009E73", "#CC79A7", "#B58900", "#56B4E9", "#5E2B75", "#7A7F87", "#6B8E23")


def color_of(network_name: str) -> str:
    """The network's colour, "#rrggbb", the same on every page; SqueezeNet is the accent.

    Any name starting with "squeezenet" other than version 1.0 counts as SqueezeNet.
    """
    if network_name in _FIXED:
        return _FIXED[network_name]
    if network_name.startswith("squeeze"):
        return ACCENT
    return _OTHERS[zlib.crc32(network_name.encode()) % len(_OTHERS)]


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
