"""Comparison rows and measurements → charts. Log axes are labelled in real units."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from squeeze_core.cost.comparison import REFERENCE, NetworkRow
from squeeze_core.cost.measure import Measurement
from squeeze_core.cost.profile import Layer
from squeeze_core.cost.published import PublishedRow
from squeeze_core.cost.roofline import Stretch
from squeeze_core.cost.units import (
    COSTS,
    FP32_BYTES,
    SPEEDS,
    Axis,
    Cost,
    Speed,
    amount,
    log_ticks,
    ratio,
    round_ticks,
)
from squeeze_core.figures.charts import Bar, Bars, Bubble, Bubbles, Square, Squares, Ticks, Tile, Tiles
from squeeze_core.figures.style import ACCENT, NEUTRAL

if TYPE_CHECKING:
    from squeeze_core.detector.peers import DetectorRow

_DETECTOR_COLORS = ("#8A9099", "#0072B2", "#00735C", "#8E4CA8", "#B58900")
_PERCENT_TICKS = tuple((float(tick), f"{tick}%") for tick in (0, 25, 50, 75, 100))


def cost_bars(rows: Sequence[NetworkRow], cost: Cost, log: bool = False) -> Bars:
    """One bar a network, the smallest on top, with the ratio to SqueezeNet written on it.

    `log`: dots on a logarithmic axis instead, where a bar would have no zero to start from. Rows
    without that figure are left out; ValueError when none has it.
    """
    axis = COSTS[cost]
    values = {row.name: getattr(row, cost) * axis.factor for row in rows if getattr(row, cost) is not None}
    words = {row.name: in_words(row) for row in rows}
    return _bars(values, rows, {}, axis, log, words=words)


def in_words(row: NetworkRow) -> str:
    """All figures of a network, parted by "; "."""
    size = amount(1e6 * row.megabytes, "B")
    parts = [row.title, f"{amount(row.parameters)} parameters, {size} to store"]
    if row.gmacs is not None:
        parts.append(f"{amount(1e9 * row.gmacs)} multiply-accumulates")
    if row.activation_megabytes is not None:
        parts.append(f"{amount(1e6 * row.activation_megabytes, 'B')} of activations")
    if row.top1 is not None or row.measured is not None:
        parts.append(f"{row.accuracy}{f' ({row.note})' if row.note else ''}")
    return "; ".join(parts)


def counted_bars(values: dict[str, tuple[float, str]], cost: Cost) -> Bars:
    """Bars for what is no network of the comparison: value in the cost's base unit, and colour, by name."""
    axis = COSTS[cost]
    found = tuple(
        Bar(name, value, amount(value, axis.unit), color) for name, (value, color) in values.items()
    )
    largest = max(bar.value for bar in found)
    ticks = tuple((value, amount(value, axis.unit)) for value in round_ticks(largest))
    alt = f"{axis.title}: " + "; ".join(f"{bar.name} {bar.label}" for bar in found)
    return Bars(found, axis.title, ticks, 1.02 * largest, alt, _spreadsheet(largest, axis.unit))


def speed_bars(measurements: Sequence[Measurement], rows: Sequence[NetworkRow], speed: Speed) -> Bars:
    """The same for measurements of those rows on this machine; untrained networks are marked so."""
    axis = SPEEDS[speed]
    values = {
        m.name: getattr(m, speed) * axis.factor for m in measurements if getattr(m, speed) is not None
    }
    untrained = {m.name: " (untrained weights)" for m in measurements if not m.trained}
    spreads = {m.name: _spread(m) for m in measurements} if speed == "milliseconds" else {}
    return _bars(values, rows, untrained, axis, log=False, spreads=spreads)


def stretch_bars(title: str, stretches: Sequence[Stretch]) -> Bars:
    """What each layer or Fire module took, with a line at the roofline."""
    found = tuple(
        Bar(
            one.name,
            one.milliseconds,
            f"{one.milliseconds:.2f} ms" + (f", roofline {one.least:.2f}" if one.least else ""),
            ACCENT,
            one.least or None,
        )
        for one in stretches
    )
    largest = max(max(one.milliseconds, one.least) for one in stretches)
    ticks = tuple((value, f"{value:g} ms") for value in round_ticks(largest))
    alt = f"{title}, layer by layer: " + "; ".join(f"{bar.name} {bar.label}" for bar in found)
    axis = "Measured time; the line is the roofline"
    return Bars(found, axis, ticks, 1.02 * largest, alt, '0.0" ms"')


def _spread(measured: Measurement) -> str:
    """ " (fastest to slowest)", in the unit of the median before it."""
    low, high = (amount(value / 1000, "s") for value in (measured.fastest, measured.slowest))
    number, _, unit = low.rpartition(" ")
    return f" ({number if unit == high.rpartition(' ')[2] else low}–{high})"


def _bars(
    values: dict[str, float],
    rows: Sequence[NetworkRow],
    marks: Mapping[str, str],
    axis: Axis,
    log: bool,
    spreads: Mapping[str, str] | None = None,
    words: Mapping[str, str] | None = None,
) -> Bars:
    if not values:
        raise ValueError(f"No row has a figure for {axis.title!r}.")
    # A quantity where more is better has its best on top, like one where less is.
    names = sorted(values, key=lambda name: values[name], reverse=axis.more == "faster")
    reference, by_name = values.get(REFERENCE), {row.name: row for row in rows}
    found = []
    for name in names:
        row = by_name[name]
        related = reference and name != REFERENCE and row.comparable
        compared = ratio(values[name], reference, axis) if reference and related else ""
        label = f"{amount(values[name], axis.unit)}{(spreads or {}).get(name, '')}"
        label += f", {compared}" if compared else ""
        told = (words or {}).get(name, "")
        found.append(Bar(row.title + marks.get(name, ""), values[name], label, row.colour, words=told))
    alt = f"{axis.title}: " + "; ".join(f"{bar.name} {bar.label}" for bar in found)
    largest = max(values.values())
    if log:
        low, high = 0.7 * min(values.values()), 1.4 * largest
        ticks = _paired(log_ticks(low, high, axis.unit))
        return Bars(tuple(found), axis.title, ticks, high, alt, low=low)
    shown = tuple((value, amount(value, axis.unit)) for value in round_ticks(largest))
    return Bars(tuple(found), axis.title, shown, 1.02 * largest, alt, _spreadsheet(largest, axis.unit))


def _paired(ticks: dict[str, Any]) -> Ticks:
    return tuple(zip(ticks["tickvals"], ticks["ticktext"], strict=True))


def _spreadsheet(largest: float, unit: str) -> str:
    """A spreadsheet's number format for axis labels: 138357544 shows as "138 M"."""
    for scale, commas, prefix in ((1e9, ",,,", "G"), (1e6, ",,", "M"), (1e3, ",", "k"), (1, "", "")):
        if largest >= scale:
            decimals = "" if largest >= 8 * scale else "0.0"
            return f'{decimals or "0"}{commas}" {prefix}{unit}"'.replace(' ""', '""')
    return f'0.###" {unit}"'


def pareto(rows: Sequence[NetworkRow], cost: Cost) -> list[NetworkRow]:
    """The rows that no other beats: more accurate than every cheaper one. Cheapest first."""
    known = [row for row in rows if row.top1 is not None and getattr(row, cost) is not None]
    front: list[NetworkRow] = []
    for row in sorted(known, key=lambda row: (getattr(row, cost), -row.top1)):  # type: ignore[operator]
        if not front or row.top1 > front[-1].top1:  # type: ignore[operator]
            front.append(row)
    return front


def accuracy_bubbles(rows: Sequence[NetworkRow], cost: Cost, named: Sequence[str]) -> Bubbles:
    """Accuracy against a cost on a log axis, with the Pareto front as a line.

    A bubble's area is the network's other cost: MACs on a size axis, megabytes on any other.
    The networks of `named` are chosen. ValueError when no row has an accuracy.
    """
    other: Cost = "gmacs" if cost in ("parameters", "megabytes") else "megabytes"
    axis, area = COSTS[cost], COSTS[other]
    known = [row for row in rows if row.top1 is not None and getattr(row, cost) is not None]
    if not known:
        raise ValueError("No row has an accuracy.")
    found = []
    for row in known:
        x, by = getattr(row, cost) * axis.factor, getattr(row, other) * area.factor
        chosen = row.name in named
        found.append(Bubble(row.title, x, row.top1 or 0, by, row.colour, chosen, in_words(row)))
    costs, accuracies = [one.x for one in found], [one.y for one in found]
    ticks = log_ticks(0.6 * min(costs), 2.2 * max(costs), axis.unit)
    low, high = 5 * (min(accuracies) // 5), 5 * (max(accuracies) // 5 + 1)
    front = pareto(known, cost)
    alt = f"ImageNet top-1 accuracy over {axis.title}: " + "; ".join(
        f"{one.name} {one.y:.1f}%, {amount(one.x, axis.unit)}" for one in found if one.chosen
    )
    return Bubbles(
        tuple(found),
        tuple((getattr(row, cost) * axis.factor, row.top1 or 0) for row in front),
        f"{axis.title.partition(' (')[0]}, logarithmic axis",
        _paired(ticks),
        (0.6 * min(costs), 2.2 * max(costs)),
        "ImageNet top-1 accuracy, %",
        tuple((float(tick), f"{tick:.0f}%") for tick in range(int(low), int(high) + 1, 5)),
        (low, high),
        alt,
        ("networks chosen", "others", "best accuracy for each cost"),
        _spreadsheet(max(costs), axis.unit),
    )


def detector_bubbles(detectors: Sequence[DetectorRow]) -> Bubbles:
    """mAP against the file's bytes on a log axis; those measured here are filled, those cited are rings.

    A bubble's area is the number of parameters. Detectors without a published size are left out.
    """
    found: list[Bubble] = []
    for row in detectors:
        if row.bytes is None:
            continue
        how = "measured here" if row.measured else "cited"
        count = f"; {amount(row.parameters)} parameters" if row.parameters else ""
        words = f"{row.title}; {row.map50:.1f}% mAP@0.5, {how}; {amount(row.bytes, 'B')}{count}"
        color = ACCENT if row.name == detectors[0].name else _DETECTOR_COLORS[len(found) % 5]
        area = float(row.parameters or row.bytes / FP32_BYTES)
        found.append(Bubble(row.title, row.bytes, row.map50, area, color, row.measured, words))
    sizes = [one.x for one in found]
    low, high = 0.6 * min(sizes), 2.2 * max(sizes)
    alt = "mAP@0.5 over the file’s size: " + "; ".join(one.words for one in found)
    return Bubbles(
        tuple(found),
        (),
        "Size of the file, logarithmic axis",
        _paired(log_ticks(low, high, "B")),
        (low, high),
        "mAP@0.5, %",
        tuple((float(tick), f"{tick}%") for tick in range(50, 76, 5)),
        (50, 75),
        alt,
        ("measured here", "cited", ""),
        _spreadsheet(max(sizes), "B"),
    )


def _square(row: NetworkRow) -> Square:
    size = 1e6 * row.megabytes
    return Square(row.title, size, amount(size, "B"), row.colour, in_words(row))


def size_squares(rows: Sequence[NetworkRow], files: Sequence[NetworkRow] = ()) -> Squares:
    """Sizes to store, to scale, the largest first, and of compressed `files` inside them.

    A network is left out where its square would nearly hide the next larger one; SqueezeNet never is.
    """
    found = [_square(row) for row in rows]
    ours = next(square for square, row in zip(found, rows, strict=True) if row.name == REFERENCE)
    extra = [_square(file) for file in files]
    chosen: list[Square] = []
    for square in sorted([*found, *extra], key=lambda square: -square.value):
        far = not chosen or square.value < 0.75 * chosen[-1].value
        if far or square is ours or square in extra:
            if not far and square is ours:
                chosen.pop()
            chosen.append(square)
    words = "; ".join(f"{square.name} {square.label}" for square in chosen)
    return Squares(tuple(chosen), f"Squares inside one another, areas in proportion: {words}")


def parameter_tiles(row: NetworkRow) -> Tiles:
    """Where the parameters sit: a rectangle a layer, its area the share of the network's parameters."""
    cost, groups = row.profile(), dict[str, list[Layer]]()
    for layer in cost.layers:
        if layer.parameters:
            groups.setdefault(_group(layer.name), []).append(layer)
    found = tuple(
        Tile(
            group,
            sum(layer.parameters for layer in layers),
            tuple(Tile(layer.name, layer.parameters) for layer in layers) if len(layers) > 1 else (),
        )
        for group, layers in groups.items()
    )
    largest = sorted(found, key=lambda tile: -tile.value)[:4]
    words = ", ".join(f"{tile.name} {tile.value / cost.parameters:.0%}" for tile in largest)
    return Tiles(row.title, found, row.colour, f"Where {row.title}’s parameters sit: {words}")


def _group(layer: str) -> str:
    """The block that a layer belongs to: "fire2.squeeze" → "fire2", "features.3.conv" → "features.3"."""
    parts = layer.split(".")
    if len(parts) == 1:
        return layer.partition("_")[0]  # VGG's conv3_1 and conv3_2 are one block
    return ".".join(parts[: 2 if parts[0] == "features" and len(parts) > 2 else 1])


def published_bars(rows: Sequence[PublishedRow]) -> Bars:
    """The paper's own table: sizes in MB as printed."""
    sized = [(row, row.megabytes) for row in rows if row.megabytes is not None]
    found = tuple(
        Bar(
            row.title,
            size,
            f"{size:g} MB{f', {row.reduction}× smaller' if row.reduction > 1 else ''}",
            ACCENT if row.title.startswith("Squeeze") else NEUTRAL,
        )
        for row, size in sized
    )
    largest = max(size for _, size in sized)
    ticks = tuple((value, f"{value:g} MB") for value in round_ticks(largest))
    alt = "Sizes in the paper’s Table 2: " + "; ".join(f"{bar.name} {bar.label}" for bar in found)
    return Bars(found, "Size as the paper prints it (MB)", ticks, 1.02 * largest, alt, '0" MB"')


def accuracy_bars(accuracies: dict[str, float], color: Callable[[str], str], axis: str) -> Bars:
    """Percentages by what reached them, in that order, on an axis from 0 to 100."""
    found = tuple(Bar(name, value, f"{value:.1f}%", color(name)) for name, value in accuracies.items())
    alt = f"{axis}: " + "; ".join(f"{bar.name} {bar.label}" for bar in found)
    return Bars(found, axis, _PERCENT_TICKS, 100, alt, '0"%"')
