"""Comparison rows and measurements → charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from squeeze_core.accuracy import Interval
from squeeze_core.cost.comparison import REFERENCE, NetworkRow
from squeeze_core.cost.measure import Measurement
from squeeze_core.cost.units import COSTS, SPEEDS, Axis, Cost, Speed, amount, ratio
from squeeze_core.figures.charts import Bar, Bars, Bubble, Bubbles, Squares, Tile, Tiles
from squeeze_core.figures.style import ACCENT, NEUTRAL


def cost_bars(rows: Sequence[NetworkRow], cost: Cost, log: bool = False) -> Bars:
    """One bar a network, the smallest on top, with the ratio to SqueezeNet written on it.

    `log`: dots on a logarithmic axis, where a bar would have no zero to start from. Rows without that
    figure are left out; ValueError when none has it.
    """
    values = {row.name: value for row in rows if (value := getattr(row, cost)) is not None}
    return _bars(values, rows, COSTS[cost], log=log)


def speed_bars(measurements: Sequence[Measurement], rows: Sequence[NetworkRow], speed: Speed) -> Bars:
    """The same for measurements of those rows on this machine; untrained networks are marked so."""
    values = {one.name: value for one in measurements if (value := getattr(one, speed)) is not None}
    spreads = {one.name: _spread(one) if speed == "milliseconds" else "" for one in measurements}
    untrained = {one.name: "" if one.trained else ", untrained weights" for one in measurements}
    return _bars(values, rows, SPEEDS[speed], {name: spreads[name] + untrained[name] for name in values})


def _bars(
    values: Mapping[str, float],
    rows: Sequence[NetworkRow],
    axis: Axis,
    notes: Mapping[str, str] | None = None,
    log: bool = False,
) -> Bars:
    """`values` by network name, in the axis's own unit. `notes`: written after the value."""
    if not values:
        raise ValueError(f"No row has a figure for {axis.title!r}.")
    reference, by_name = values.get(REFERENCE), {row.name: row for row in rows}
    found = []
    # A quantity where more is better has its largest on top.
    for name in sorted(values, key=lambda name: values[name], reverse=axis.more == "faster"):
        row, value = by_name[name], values[name] * axis.factor
        label = amount(value, axis.unit) + (notes or {}).get(name, "")
        if reference and row.comparable and (compared := ratio(values[name], reference, axis)):
            label += f", {compared}"
        found.append(Bar(row.title, value, label, row.colour, facts=(f"{row.title}: {label}", *facts(row))))
    return Bars(tuple(found), axis.title, axis.unit, log)


def _spread(measured: Measurement) -> str:
    """ " (fastest–slowest)", the unit written once where both have the same."""
    low, high = (amount(value / 1000, "s") for value in (measured.fastest, measured.slowest))
    number, _, unit = low.rpartition(" ")
    return f" ({number if unit == high.rpartition(' ')[2] else low}–{high})"


def facts(row: NetworkRow) -> tuple[str, ...]:
    """All figures of a network, each with its unit."""
    found = [f"{amount(row.parameters)} parameters, {amount(1e6 * row.megabytes, 'B')} to store"]
    if row.gmacs is not None:
        found.append(f"{amount(1e9 * row.gmacs)} multiply-accumulates")
    if row.activation_megabytes is not None:
        found.append(f"{amount(1e6 * row.activation_megabytes, 'B')} of activations")
    if row.top1 is not None or row.measured is not None:
        found.append(f"{row.accuracy}{f' ({row.note})' if row.note else ''}")
    return tuple(found)


def accuracy_bars(accuracies: Mapping[str, Interval]) -> Bars:
    """Objects named right, 0–100 %, by the features that they were named with; SqueezeNet's accented."""
    bars = (
        Bar(name, value.value / 100, str(value), ACCENT if name.startswith("Squeeze") else NEUTRAL)
        for name, value in accuracies.items()
    )
    return Bars(tuple(bars), "Objects named right (%)", "%")


def top1_bars(rows: Sequence[NetworkRow]) -> Bars:
    """Published ImageNet accuracy of each network that has one, 0–100 %, the largest network on top."""
    bars = (
        Bar(
            row.title, row.top1 / 100, f"{row.top1:.1f} % top-1", row.colour, facts=(row.title, *facts(row))
        )
        for row in sorted(rows, key=lambda row: -row.megabytes)
        if row.top1 is not None
    )
    return Bars(tuple(bars), "", "%")


def pareto(rows: Sequence[NetworkRow], cost: Cost) -> list[NetworkRow]:
    """The rows that are more accurate than every cheaper one, cheapest first."""
    known = [row for row in rows if row.expected_top1 and getattr(row, cost) is not None]
    front: list[NetworkRow] = []
    for row in sorted(known, key=lambda row: (getattr(row, cost), -row.expected_top1)):
        if not front or row.expected_top1 > front[-1].expected_top1:
            front.append(row)
    return front


def accuracy_bubbles(rows: Sequence[NetworkRow], cost: Cost, named: Sequence[str]) -> Bubbles:
    """Accuracy against a cost on a log axis, with the Pareto front as a line.

    A bubble's area is the network's other cost: MACs on a size axis, megabytes on any other.
    The networks of `named` are chosen. A compressed file is drawn at its network's published accuracy and
    the points that it was measured to change. ValueError when no row has an accuracy.
    """
    other: Cost = "gmacs" if cost in ("parameters", "megabytes") else "megabytes"
    axis = COSTS[cost]
    found = tuple(
        Bubble(
            row.title,
            getattr(row, cost) * axis.factor,
            row.expected_top1,
            getattr(row, other),
            row.colour,
            row.name in named,
            (row.title, *facts(row)),
        )
        for row in rows
        if row.expected_top1 and getattr(row, cost) is not None
    )
    if not found:
        raise ValueError("No row has an accuracy.")
    return Bubbles(
        found,
        tuple((getattr(row, cost) * axis.factor, row.expected_top1) for row in pareto(rows, cost)),
        f"{axis.title.partition(' (')[0]}, logarithmic axis",
        axis.unit,
        "ImageNet top-1 accuracy, %",
        ("networks chosen", "others", "best accuracy for each cost"),
    )


def size_squares(rows: Sequence[NetworkRow], files: Sequence[NetworkRow] = ()) -> Squares:
    """Sizes to store, to scale, the largest first, and of compressed `files` inside them.

    A network is left out where its square would nearly hide the next larger one; SqueezeNet never is.
    """
    chosen: list[NetworkRow] = []
    for row in sorted([*rows, *files], key=lambda row: -row.megabytes):
        hides = bool(chosen) and row.megabytes >= 0.75 * chosen[-1].megabytes
        if hides and row.name == REFERENCE:
            chosen.pop()
        if not hides or row.name == REFERENCE or row in files:
            chosen.append(row)
    sizes = [1e6 * row.megabytes for row in chosen]
    return Squares(
        tuple(
            Bar(row.title, size, amount(size, "B"), row.colour, facts=(row.title, *facts(row)))
            for row, size in zip(chosen, sizes, strict=True)
        )
    )


def parameter_tiles(row: NetworkRow) -> Tiles:
    """A rectangle a layer, its area the layer's share of the network's parameters."""
    groups = dict[str, list[Tile]]()
    for layer in row.profile().layers:
        if layer.parameters:
            groups.setdefault(_group(layer.name), []).append(Tile(layer.name, layer.parameters))
    tiles = (Tile(name, sum(one.value for one in inside), tuple(inside)) for name, inside in groups.items())
    return Tiles(row.title, tuple(tiles), row.colour)


def _group(layer: str) -> str:
    """The block that a layer belongs to: "fire2.squeeze" → "fire2", "features.3.conv" → "features.3"."""
    parts = layer.split(".")
    if len(parts) == 1:
        return layer.partition("_")[0]  # VGG's conv3_1 and conv3_2 are one block
    return ".".join(parts[: 2 if parts[0] == "features" and len(parts) > 2 else 1])
