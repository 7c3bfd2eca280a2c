"""The figures as sentences: the titles of slides, sections and charts."""

from __future__ import annotations

from collections.abc import Sequence

from squeeze_core.classifier import Classification
from squeeze_core.cost import comparison, handmade
from squeeze_core.cost.budget import Budget, Verdict
from squeeze_core.cost.comparison import REFERENCE, NetworkRow
from squeeze_core.cost.measure import Measurement
from squeeze_core.cost.published import BOARD, BOARD_MILLISECONDS, BOARD_SOURCE, HAND_MADE
from squeeze_core.cost.units import COSTS, SPEEDS, Cost, amount, percent, ratio
from squeeze_core.figures.comparison_charts import pareto
from squeeze_core.networks.catalogue import CATALOGUE

_NOUNS: dict[Cost, str] = {
    "parameters": "parameters",
    "megabytes": "bytes",
    "gmacs": "multiply-accumulates",
    "activation_megabytes": "activation memory",
}


def cost(rows: Sequence[NetworkRow], kind: Cost) -> str:
    """ "SqueezeNet 1.1 needs 112× fewer parameters than VGG16"; alone, the amount that it needs."""
    ours, others = _split(rows)
    others = [row for row in others if getattr(row, kind) is not None and row.comparable]
    if not others:
        alone = amount(getattr(ours, kind) * COSTS[kind].factor, COSTS[kind].unit)
        return f"{ours.title} needs {alone}{f' {_NOUNS[kind]}' if not COSTS[kind].unit else ''}"
    most = max(others, key=lambda row: getattr(row, kind))
    times = getattr(most, kind) / getattr(ours, kind)
    if times < 1.05:
        return f"None of these networks needs more {_NOUNS[kind]} than {ours.title}"
    less = "less" if kind == "activation_megabytes" else "fewer"
    return f"{ours.title} needs {_times(times)} {less} {_NOUNS[kind]} than {most.title}"


def room(rows: Sequence[NetworkRow]) -> str:
    """ "VGG16 is as large as 112 SqueezeNets"."""
    ours, others = _split(rows)
    largest = max((ours, *(row for row in others if row.comparable)), key=lambda row: row.megabytes)
    times = largest.megabytes / ours.megabytes
    if times < 1.5:
        return cost(rows, "megabytes")
    return f"{largest.title} is as large as {times:.0f} SqueezeNets"


def worth(rows: Sequence[NetworkRow]) -> str:
    """ "57.5 % top-1 instead of VGG16’s 71.6 %, in 1/112 of the bytes"; without a larger one, the size."""
    ours, others = _split(rows)
    largest = max((row for row in others if row.top1), key=lambda row: row.megabytes, default=ours)
    if largest.megabytes < 1.5 * ours.megabytes:
        return f"{ours.top1:.1f} % top-1 in {ours.megabytes:.2f} MB"
    times = largest.megabytes / ours.megabytes
    part = f"1/{times:.0f} of the bytes" if times >= 9.5 else f"{times:.1f} times fewer bytes"
    return f"{ours.top1:.1f} % top-1 instead of {largest.title}’s {largest.top1:.1f} %, in {part}"


def difference(file: NetworkRow) -> str:
    """The accuracy of a compressed file beside that of its uncompressed network on the same pictures."""
    measured = file.measured
    assert measured is not None and measured.difference is not None
    return (
        f"Top-1 {measured.uncompressed:.1f} % uncompressed and {measured.top1:.1f} % compressed: "
        f"{measured.difference.points()}, on {measured.on}."
    )


def which_figure(ours: NetworkRow) -> str:
    """The published and the measured accuracy of SqueezeNet, told apart where both stand."""
    measured = ours.measured
    assert measured is not None and ours.top1 is not None
    return (
        f"Two accuracies: published, {ours.top1} % top-1 on ImageNet’s validation set ({ours.note}); "
        f"measured, {measured.interval} on {measured.on}. Networks are compared by the "
        "published figure, files of one network by the measured one."
    )


def computation(ours: NetworkRow) -> str:
    """SqueezeNet's multiply-accumulates at its own input size, and torchvision's figure at another."""
    theirs = CATALOGUE[f"{ours.name}_torchvision"]
    assert ours.network is not None
    side, other = ours.network.preprocess.size, theirs.preprocess.size
    return (
        f"{ours.gmacs:.3f} GMACs at {side}×{side} pixels; torchvision states "
        f"{theirs.published.gmacs:.3f} at {other}×{other}."
    )


def accuracy(rows: Sequence[NetworkRow], field: Sequence[NetworkRow], kind: Cost) -> str:
    """The cost of more accuracy; or, where there is one, which network is cheaper and better at once."""
    ours, others = _split(rows)
    better = [
        row
        for row in pareto(field, kind)
        if getattr(row, kind) < getattr(ours, kind) and (row.top1 or 0) >= (ours.top1 or 0)
    ]
    if better:
        return f"{better[-1].title} is more accurate than {ours.title} with fewer {_NOUNS[kind]}"
    known = [row for row in others if (row.top1 or 0) > (ours.top1 or 0)]
    if not known:
        return f"None of these networks is both smaller and more accurate than {ours.title}"
    best = max(known, key=lambda row: row.top1 or 0)
    gap = (best.top1 or 0) - (ours.top1 or 0)
    times = getattr(best, kind) / getattr(ours, kind)
    return f"{best.title} is {gap:.0f} points more accurate with {_times(times)} the {_NOUNS[kind]}"


def where(name: str) -> str:
    """ "one of its 16 layers holds 74 % of the parameters"."""
    cost = comparison.row(name).profile()
    layers = [layer.parameters for layer in cost.layers if layer.parameters]
    share = percent(max(layers) / cost.parameters, 0)
    return f"one of its {len(layers)} layers holds {share} of the parameters"


def speed(measurements: Sequence[Measurement]) -> str:
    """SqueezeNet's time beside that of the slowest network measured."""
    ours = next((m for m in measurements if m.name == REFERENCE), None)
    others = [m for m in measurements if m.name != REFERENCE]
    first = ours or measurements[0]
    alone = f"{comparison.title(first.name)} takes {amount(first.milliseconds / 1000, 's')} a picture here"
    if ours is None or not others:
        return alone
    slowest = max(others, key=lambda m: m.milliseconds)
    compared = ratio(ours.milliseconds, slowest.milliseconds, SPEEDS["milliseconds"]) or "as fast"
    than = "as" if compared == "as fast" else "than"
    return f"{alone}, {compared} {than} {comparison.title(slowest.name)}"


def speed_gain(measurements: Sequence[Measurement]) -> tuple[float, str, str]:
    """SqueezeNet's speed as a multiple of AlexNet's, the machine, and the source: measured here, else
    published."""
    here = {one.name: one for one in measurements}
    if {REFERENCE, "alexnet"} <= here.keys():
        ours = here[REFERENCE]
        times = here["alexnet"].milliseconds / ours.milliseconds
        return times, "on this machine, measured", f"median here, {ours.device}, {ours.day}"
    times = BOARD_MILLISECONDS["alexnet"] / BOARD_MILLISECONDS[REFERENCE]
    return times, f"on a {BOARD}, as published", BOARD_SOURCE


def not_as_fast(measurements: Sequence[Measurement]) -> str:
    """ "AlexNet has 49× the parameters of SqueezeNet 1.1 and 1.8× the multiply-accumulates; it takes 2.3×
    as long on this machine"."""
    small, large = comparison.row(REFERENCE), comparison.row("alexnet")
    assert small.gmacs and large.gmacs
    times, where, _ = speed_gain(measurements)
    return (
        f"{large.title} has {_times(large.parameters / small.parameters)} the parameters of {small.title} "
        f"and {_times(large.gmacs / small.gmacs)} the multiply-accumulates; it takes {_times(times)} as "
        f"long {where}"
    )


def picture(answers: Sequence[Classification]) -> str:
    """ "SqueezeNet 1.1 says “Egyptian cat” (41.0 %)", and whether the others agree."""
    ours = next((answer for answer in answers if answer.model == REFERENCE), answers[0])
    top = ours.top(1)[0]
    sentence = f"{ours.network.title} says “{top.label}” ({percent(top.probability)})"
    others = [answer for answer in answers if answer is not ours]
    other = next((answer for answer in others if answer.top(1)[0].index != top.index), None)
    if other:
        return f"{sentence}; {other.network.title} says “{other.top(1)[0].label}”"
    return f"{sentence}; the others agree" if others else sentence


def fitting(verdicts: Sequence[Verdict]) -> str:
    """ "38 of 47 networks fit; ConvNeXt Tiny is the most accurate"."""
    found = [verdict.row for verdict in verdicts if verdict.fits]
    count = f"{len(found)} of {len(verdicts)} networks fit"
    return f"{count}; {found[0].title} is the most accurate" if found else count


def limits(budget: Budget) -> str:
    """The budget in words, at the beginning of a sentence."""
    given = (
        (budget.flash_mb, "MB of storage"),
        (budget.ram_mb, "MB of memory"),
        (budget.milliseconds, "ms a picture"),
        (budget.download_s, "s of download"),
    )
    words = [f"{value:g} {unit}" for value, unit in given if value is not None]
    if not words:
        return "Without any limit"
    return f"Within {', '.join(words[:-1])}{' and ' if len(words) > 1 else ''}{words[-1]}"


def learnt_features() -> str:
    record = handmade.study()
    return (
        f"Learnt features name {record['squeezenet']['top1']:.0f} % of the objects, "
        f"hand-made ones {record['hog']['top1']:.0f} %"
    )


def best_hand_made() -> str:
    best = HAND_MADE[-1]
    return (
        f"On ImageNet itself the best hand-made features of their day, {best.title}, reached "
        f"{best.top1} % top-1 and {best.top5} % top-5: {best.source}, an earlier edition of the set."
    )


def _split(rows: Sequence[NetworkRow]) -> tuple[NetworkRow, list[NetworkRow]]:
    return comparison.row(REFERENCE), [row for row in rows if row.name != REFERENCE]


def _times(times: float) -> str:
    return f"{times:.0f}×" if times >= 10 else f"{times:.1f}×"
