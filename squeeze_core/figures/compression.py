"""Compression in figures: bytes after each step, answers kept against size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from squeeze_core.accuracy import Interval, share
from squeeze_core.compression.curve import Curve
from squeeze_core.compression.steps import CompressionStep
from squeeze_core.cost.comparison import NetworkRow
from squeeze_core.cost.units import amount
from squeeze_core.figures.charts import Bar, Bars
from squeeze_core.figures.style import ACCENT, NEUTRAL, styled

if TYPE_CHECKING:
    from squeeze_core.compression.fit import Fitted

# Colour and symbol of each series of sizes; stars are files, which no line joins.
_SERIES = {
    "Sizes tried": (ACCENT, "circle"),
    "Your file": (ACCENT, "star"),
    "Second-order levels": (ACCENT, "circle"),
    "Uniform steps, same coder": ("#0072B2", "square"),
    "Shipped files, on other pictures": (ACCENT, "star"),
}


def step_bars(steps: Sequence[CompressionStep], chosen: int) -> Bars:
    """Bytes after each step, linear and to scale; the chosen step is accented."""
    first = steps[0].bytes
    bars = tuple(
        Bar(step.title, step.bytes, _label(step, first), ACCENT if number == chosen else NEUTRAL)
        for number, step in enumerate(steps)
    )
    return Bars(bars, "Size of the whole network", "B")


def _label(step: CompressionStep, first: int) -> str:
    times = first / step.bytes
    smaller = f", {times:.0f}× smaller" if times >= 10 else f", {times:.1f}× smaller" if times > 1 else ""
    return f"{amount(step.bytes, 'B')}{smaller}{'' if step.measured else ' (as the paper prints it)'}"


Rows = list[dict[str, Any]]


def fitted_rows(fitted: Fitted) -> Rows:
    """The sizes that were tried for a person's network, and its file; none where nothing was tried."""

    def rows() -> Iterator[dict[str, Any]]:
        tried = [("Sizes tried", one.bytes, one.judged) for one in fitted.sizes]
        for series, size, judged in (*tried, ("Your file", fitted.made.bytes, fitted.judged)):
            if judged and tried:
                yield _row(series, size, judged.agreement, len(judged.pictures))

    return sorted(rows(), key=lambda row: row["Bytes"])


def recorded_rows(curve: Curve, shipped: Sequence[NetworkRow]) -> Rows:
    """The recorded sizes of SqueezeNet 1.1, and the shipped files on pictures that did not choose them."""
    titles = {"second-order": "Second-order levels", "uniform": "Uniform steps, same coder"}
    rows = [
        _row(titles[one.series], one.bytes, share(one.agreement, curve.pictures), curve.pictures)
        for one in curve.points
        if one.series in titles and one.agreement is not None
    ]
    for file in shipped:
        measured = file.measured
        assert measured is not None and measured.same_first_answer is not None and file.stored_bytes
        same = share(measured.same_first_answer, measured.pictures)
        rows.append(_row("Shipped files, on other pictures", file.stored_bytes, same, measured.pictures))
    return sorted(rows, key=lambda row: row["Bytes"])


def _row(series: str, size: int, same: Interval, pictures: int) -> dict[str, Any]:
    low, high = round(same.low, 1), round(same.high, 1)
    kept = {"Same first answer (%)": round(same.value, 1), "From (%)": low, "To (%)": high}
    return {"File": series, "Bytes": size, **kept, "Pictures": pictures}


def answers_by_size(rows: Rows) -> go.Figure:
    """Same first answers against bytes, with 95 % intervals."""
    figure = go.Figure()
    for series, (color, symbol) in _SERIES.items():
        here = [row for row in rows if row["File"] == series]
        if not here:
            continue
        value = [row["Same first answer (%)"] for row in here]
        figure.add_scatter(
            x=[row["Bytes"] / 1e3 for row in here],
            y=value,
            error_y={
                "array": [row["To (%)"] - same for row, same in zip(here, value, strict=True)],
                "arrayminus": [same - row["From (%)"] for row, same in zip(here, value, strict=True)],
                "color": NEUTRAL,
            },
            name=series,
            mode="markers" if symbol == "star" else "lines+markers",
            marker={"size": 10 if symbol != "star" else 16, "symbol": symbol, "color": color},
            line={"color": color, "width": 3},
            hovertemplate="%{x:,.0f} kB: %{y:.1f} %<extra>" + series + "</extra>",
        )
    figure.update_xaxes(title="File (kB, 10³ bytes)", rangemode="tozero", tickformat=",")
    figure.update_yaxes(title="Same first answer (%)")
    figure.update_layout(height=440, legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"})
    return styled(figure)
