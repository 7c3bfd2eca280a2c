"""Comparison rows and measurements → Plotly figures. Log axes are labelled in real units."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import plotly.graph_objects as go

from squeeze_core.cost.measure import Measurement
from squeeze_core.cost.profile import Profile
from squeeze_core.cost.published import PublishedRow
from squeeze_core.cost.rows import REFERENCE, Row
from squeeze_core.cost.units import (
    COSTS,
    SPEEDS,
    Axis,
    Cost,
    Speed,
    amount,
    log_ticks,
    ratio,
    round_ticks,
)
from squeeze_core.figures.style import ACCENT, NEUTRAL, color_of, styled

_ROW_PX = 54


def cost_bars(rows: Sequence[Row], cost: Cost, log: bool = False) -> go.Figure:
    """One bar a network, the smallest on top, with the ratio to SqueezeNet written on it.

    `log`: dots on a logarithmic axis instead, where a bar would have no zero to start from. Rows
    without that figure are left out; ValueError when none has it.
    """
    axis = COSTS[cost]
    values = {row.name: getattr(row, cost) * axis.factor for row in rows if getattr(row, cost) is not None}
    titles = {row.name: row.title for row in rows}
    return _bars(values, titles, axis, log)


def speed_bars(measurements: Sequence[Measurement], titles: dict[str, str], speed: Speed) -> go.Figure:
    """The same for what was measured on this machine; networks not trained here are marked so."""
    axis = SPEEDS[speed]
    values = {
        m.name: getattr(m, speed) * axis.factor for m in measurements if getattr(m, speed) is not None
    }
    marked = {
        m.name: titles[m.name] if m.trained else f"{titles[m.name]} <i>(untrained weights)</i>"
        for m in measurements
    }
    return _bars(values, marked, axis, log=False)


def _bars(values: dict[str, float], titles: dict[str, str], axis: Axis, log: bool) -> go.Figure:
    if not values:
        raise ValueError(f"No row has a figure for {axis.title!r}.")
    # A quantity where more is better has its best on top, like one where less is.
    names = sorted(values, key=lambda name: values[name], reverse=axis.more != "faster")
    reference = values.get(REFERENCE)
    labels = []
    for name in names:
        compared = ratio(values[name], reference, axis) if reference and name != REFERENCE else ""
        labels.append(f"<b>{amount(values[name], axis.unit)}</b>{'  ' + compared if compared else ''}")
    largest = max(values.values())
    if log:
        ticks = log_ticks(0.7 * min(values.values()), 1.4 * largest, axis.unit)
    else:
        shown = round_ticks(largest)
        labelled = [amount(value, axis.unit) for value in shown]
        ticks = {"range": [0, 1.05 * largest], "tickvals": shown, "ticktext": labelled}
    figure = _labelled_bars(
        [titles[name] for name in names],
        [values[name] for name in names],
        labels,
        [color_of(name) for name in names],
        dots=log,
    )
    figure.update_xaxes(title=axis.title, showgrid=log, **ticks)
    return figure


def _labelled_bars(
    names: Sequence[str],
    values: Sequence[float],
    labels: Sequence[str],
    colors: Sequence[str],
    dots: bool = False,
) -> go.Figure:
    """Horizontal bars or dots, the last on top, name and label over each: they cost no width on a phone."""
    places = list(range(len(names)))
    common = {
        "x": list(values),
        "y": places,
        "text": [f"{name}: {label}" for name, label in zip(names, labels, strict=True)],
        "hovertemplate": "%{text}<extra></extra>",
    }
    marks = (
        go.Scatter(mode="markers", marker={"color": list(colors), "size": 14}, **common)
        if dots
        else go.Bar(
            width=0.36, orientation="h", textposition="none", marker={"color": list(colors)}, **common
        )
    )
    figure = go.Figure(marks)
    for place, name, label in zip(places, names, labels, strict=True):
        above = {"y": place, "yshift": 9, "yanchor": "bottom", "showarrow": False, "xref": "paper"}
        above["font"] = {"size": 13}
        figure.add_annotation(text=name, x=0, xanchor="left", **above)
        figure.add_annotation(text=label, x=1, xanchor="right", **above)
    figure.update_layout(height=76 + _ROW_PX * len(names), showlegend=False)
    figure.update_yaxes(range=[-0.5, len(names) - 0.2], visible=False, fixedrange=True)
    return styled(figure)


def pareto(rows: Sequence[Row], cost: Cost) -> list[Row]:
    """The rows that no other beats: more accurate than every cheaper one. Cheapest first."""
    known = [row for row in rows if row.top1 is not None and getattr(row, cost) is not None]
    front: list[Row] = []
    for row in sorted(known, key=lambda row: (getattr(row, cost), -row.top1)):  # type: ignore[operator]
        if not front or row.top1 > front[-1].top1:  # type: ignore[operator]
            front.append(row)
    return front


def accuracy_bubbles(rows: Sequence[Row], cost: Cost, named: Sequence[str]) -> go.Figure:
    """Accuracy against a cost on a log axis, with the Pareto front as a line.

    A bubble's area is the network's other cost: MACs on a size axis, megabytes on any other.
    The networks of `named` are filled and labelled, the rest are rings. ValueError when no row has
    an accuracy.
    """
    other: Cost = "gmacs" if cost in ("parameters", "megabytes") else "megabytes"
    axis, area = COSTS[cost], COSTS[other]
    known = [row for row in rows if row.top1 is not None and getattr(row, cost) is not None]
    if not known:
        raise ValueError("No row has an accuracy.")
    largest = max(getattr(row, other) for row in known)
    front = pareto(known, cost)
    figure = go.Figure(
        go.Scatter(
            x=[getattr(row, cost) * axis.factor for row in front],
            y=[row.top1 for row in front],
            mode="lines",
            line={"dash": "dot", "color": NEUTRAL, "width": 2, "shape": "hv"},
            name="Best accuracy for its cost (Pareto front)",
            hoverinfo="skip",
        )
    )
    best = {row.name for row in front}
    for row in sorted(known, key=lambda row: -getattr(row, other)):
        x, chosen = getattr(row, cost) * axis.factor, row.name in named
        size = 9 + 46 * math.sqrt(getattr(row, other) / largest)
        figure.add_scatter(
            x=[x],
            y=[row.top1],
            mode="markers+text" if chosen else "markers",
            marker={
                "size": size,
                "color": color_of(row.name) if chosen else "rgba(0,0,0,0)",
                "opacity": 0.9 if chosen else 0.65,
                "line": {"color": color_of(row.name), "width": 2},
            },
            text=[f"<b>{row.title}</b>"],
            textposition="bottom right" if row.name in best else "bottom center",
            name=row.title,
            showlegend=False,
            hovertemplate=(
                f"<b>{row.title}</b><br>{row.top1:.1f}% top-1<br>{axis.title}: {amount(x, axis.unit)}<br>"
                f"{area.title}: {amount(getattr(row, other) * area.factor, area.unit)}<extra></extra>"
            ),
        )
    costs = [getattr(row, cost) * axis.factor for row in known]
    figure.update_xaxes(title=axis.title, **log_ticks(0.6 * min(costs), 2.2 * max(costs), axis.unit))
    accuracies = [row.top1 for row in known if row.top1 is not None]
    figure.update_yaxes(
        title="ImageNet top-1 (%)", range=[min(accuracies) - 4, max(accuracies) + 4], ticksuffix=" "
    )
    legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
    figure.update_layout(height=520, legend=legend)
    return styled(figure)


def parameter_treemap(name: str, title: str, cost: Profile) -> go.Figure:
    """Where the parameters sit: a rectangle a layer, its area the share of the network's parameters."""
    ids, labels, parents, values = [title], [title], [""], [cost.parameters]
    groups: dict[str, int] = {}
    for layer in cost.layers:
        if layer.parameters:
            group = _group(layer.name)
            groups[group] = groups.get(group, 0) + layer.parameters
    for group, total in groups.items():
        ids.append(group)
        labels.append(f"<b>{group}</b>")
        parents.append(title)
        values.append(total)
        inside = [layer for layer in cost.layers if layer.parameters and _group(layer.name) == group]
        if len(inside) > 1:
            for layer in inside:
                ids.append(layer.name)
                labels.append(layer.name.removeprefix(f"{group}."))
                parents.append(group)
                values.append(layer.parameters)
    share = [value / cost.parameters for value in values]
    figure = go.Figure(
        go.Treemap(
            ids=ids,
            labels=labels,
            parents=parents,
            values=values,
            branchvalues="total",
            text=[f"{amount(value)} · {part:.0%}" for value, part in zip(values, share, strict=True)],
            texttemplate="%{label}<br>%{text}",
            hovertemplate="%{label}<br>%{value:,} parameters<br>%{text}<extra></extra>",
            marker={
                "colors": share,
                "colorscale": [[0, _lighter(color_of(name), 0.75)], [1, color_of(name)]],
                "cmin": 0,
                "cmax": 0.6,
                "line": {"width": 1, "color": "white"},
            },
            pathbar={"visible": False},
            root={"color": color_of(name)},
            tiling={"pad": 2},
            sort=False,
        )
    )
    figure.update_layout(height=380, uniformtext={"minsize": 11, "mode": "hide"})
    return styled(figure)


def _group(layer: str) -> str:
    """The block that a layer belongs to: "fire2.squeeze" → "fire2", "features.3.conv" → "features.3"."""
    parts = layer.split(".")
    if len(parts) == 1:
        return layer.partition("_")[0]  # VGG's conv3_1 and conv3_2 are one block
    return ".".join(parts[: 2 if parts[0] == "features" and len(parts) > 2 else 1])


def _lighter(color: str, share: float) -> str:
    """The colour mixed with white; share 1 is white."""
    channels = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(channel + share * (255 - channel)):02x}" for channel in channels)


def published_bars(rows: Sequence[PublishedRow]) -> go.Figure:
    """The paper's own table: size in its unit (MiB, 2^20 bytes)."""
    sized = [row for row in rows if row.mebibytes is not None]
    sizes = [row.mebibytes or 0 for row in sized]
    labels = [f"<b>{size:g} MiB</b> {row.reduction}×" for row, size in zip(sized, sizes, strict=True)]
    colors = [ACCENT if row.title.startswith("Squeeze") else NEUTRAL for row in sized]
    figure = _labelled_bars([row.title for row in sized][::-1], sizes[::-1], labels[::-1], colors[::-1])
    ticks = round_ticks(max(sizes))
    return figure.update_xaxes(
        title="Size in the paper's unit (MiB, 2²⁰ bytes)",
        range=[0, 1.05 * max(sizes)],
        tickvals=ticks,
        ticktext=[f"{tick:g} MiB" for tick in ticks],
    )


def accuracy_bars(accuracies: dict[str, float], color: Callable[[str], str]) -> go.Figure:
    """Accuracies in percent by what reached them, best last, on an axis from 0 to 100."""
    names = list(accuracies)[::-1]
    figure = _labelled_bars(
        names,
        [accuracies[name] for name in names],
        [f"<b>{accuracies[name]:.1f}%</b>" for name in names],
        [color(name) for name in names],
    )
    return figure.update_xaxes(title="Top-1 accuracy (%)", range=[0, 101], tickvals=[0, 25, 50, 75, 100])
