"""Charts of taught classes: the confusion matrix and the learning curve."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from squeeze_core.figures.style import ACCENT, NEUTRAL, escaped, ink_on, mixed, styled
from squeeze_core.teaching.taught import Taught

_LONGEST = 16  # characters of a class's name on an axis


def confusion(taught: Taught) -> go.Figure:
    """True classes in rows, answers in columns; each cell a square with its number of pictures, whose
    `customdata` is (true class, answer)."""
    table = taught.confusion
    assert table is not None
    names = [
        escaped(name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…") for name in taught.classes
    ]
    places = [(true, answer) for true in range(len(table)) for answer in range(len(table))]
    shares = table / table.sum(1, keepdims=True)
    right, wrong = "#0072B2", ACCENT
    colours = [
        mixed(right if true == answer else wrong, 0.85 - 0.85 * float(shares[true, answer]))
        for true, answer in places
    ]
    faint = [0.12 if table[place] == 0 else 1.0 for place in places]
    side = min(56, 420 // len(table))
    figure = go.Figure(
        go.Scatter(
            x=[answer for _, answer in places],
            y=[true for true, _ in places],
            mode="markers+text",
            marker={"symbol": "square", "size": side, "color": colours, "opacity": faint},
            text=[str(table[place]) if table[place] else "" for place in places],
            textfont={"color": [ink_on(colour) for colour in colours]},
            customdata=[list(place) for place in places],
            hovertext=[
                f"{escaped(taught.classes[true])} answered as {escaped(taught.classes[answer])}: "
                f"{table[true, answer]}"
                for true, answer in places
            ],
            hoverinfo="text",
        )
    )
    ticks = {"tickvals": list(range(len(names))), "ticktext": names, "showgrid": False, "fixedrange": True}
    room = [-0.6, len(names) - 0.4]
    figure.update_layout(height=120 + (side + 4) * len(names), dragmode=False, clickmode="event+select")
    figure.update_xaxes(**ticks, title_text="answer", range=room)
    figure.update_yaxes(**ticks, title_text="true class", range=room[::-1])
    return styled(figure)


def confusion_rows(taught: Taught) -> list[dict[str, object]]:
    """The table behind it."""
    assert taught.confusion is not None
    return [
        {
            "true class": name,
            **{f"as {other}": int(count) for other, count in zip(taught.classes, row, strict=True)},
        }
        for name, row in zip(taught.classes, taught.confusion, strict=True)
    ]


def curve(points: Mapping[int, float]) -> go.Figure:
    """Accuracy in percent by the number of pictures a class."""
    line = {"color": ACCENT, "width": 2}
    figure = go.Figure(
        go.Scatter(
            x=list(points),
            y=list(points.values()),
            mode="lines+markers",
            line=line,
            marker={"size": 9},
            hovertemplate="%{x} pictures a class: %{y:.1f} %<extra></extra>",
        )
    )
    styled(figure).update_layout(height=300)
    figure.update_xaxes(
        title_text="pictures a class", rangemode="tozero", gridcolor=NEUTRAL, griddash="dot"
    )
    return figure.update_yaxes(title_text="top-1 on the others (%)", range=[0, 103])


def in_words(taught: Taught) -> str:
    """The text alternative of the confusion matrix."""
    table = taught.confusion
    assert table is not None
    mixed_up = [
        f"{taught.classes[true]} answered as {taught.classes[answer]}: {table[true, answer]}"
        for true, answer in np.argwhere(table * (1 - np.eye(len(table), dtype=int))).tolist()
    ]
    right = f"Confusion matrix: {int(table.trace())} of {int(table.sum())} pictures right"
    return "; ".join([right, *mixed_up])
