"""Everything that a report can say, one function a section: title, parts, source and what to say about it.

To add a section, add a function here; the web page, the slides, the sheets and the page follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from squeeze_core.compression.precision_rows import fewer_bytes
from squeeze_core.cost import comparison, meaning
from squeeze_core.cost.budget import Budget, Verdict, judge
from squeeze_core.cost.comparison import REFERENCE
from squeeze_core.cost.devices import DEVICES
from squeeze_core.cost.published import BOARD, BOARD_SOURCE, TABLE_2
from squeeze_core.cost.units import amount
from squeeze_core.figures import comparison_charts
from squeeze_core.figures.charts import Bar, Bars
from squeeze_core.figures.classification import probability_bars
from squeeze_core.figures.detections import annotated
from squeeze_core.figures.detections import describe as describe_boxes
from squeeze_core.report import Report, findings, tables
from squeeze_core.report.parts import Facts, Heading, Part, Photo, Section, Table, Words

# Slides and sheets hold this many rows of a table that people can still read.
_ROWS_ON_A_SLIDE = 14
# Measured figures are of other pictures for a compressed file, and stand beside their set in the CSV alone.
_CSV_ONLY = (
    *(
        "Top-1 measured (%)",
        "Top-1 measured, 95 % interval",
        "Top-5 measured (%)",
        "Top-1 uncompressed, same pictures (%)",
        "Measured on",
    ),
    *("Top-5 published (%)", "Activations (MB)", "Accuracy from"),
    *("Fastest", "Slowest", "Runs", "Batch", "Weights"),
)


class _Entry(NamedTuple):
    key: str
    name: str
    main: bool
    make: Callable[[Report], Section | None]


_ENTRIES: list[_Entry] = []


def _section(name: str, main: bool = False) -> Callable[[Callable[[Report], Section | None]], None]:
    """Registers the function below it; its name is the section's key."""

    def register(make: Callable[[Report], Section | None]) -> None:
        _ENTRIES.append(_Entry(make.__name__.strip("_"), name, main, make))

    return register


def sections(report: Report, keys: Iterable[str] | None = None) -> tuple[Section, ...]:
    """The sections that this report has something to say in, in order; `keys` None for all of them."""
    wanted = None if keys is None else set(keys)
    made = ((entry, entry.make(report)) for entry in _ENTRIES if wanted is None or entry.key in wanted)
    return tuple(replace(section, key=entry.key, main=entry.main) for entry, section in made if section)


@_section("The decision", main=True)
def decision(report: Report) -> Section:
    alexnet, ours, small = comparison.headline()
    best = max(report.rows, key=lambda row: row.top1 or 0)
    faster, where, timed = findings.speed_gain(report.measurements)
    facts = [
        (
            f"{ours.megabytes:.2f} MB",
            f"Gain: AlexNet takes {alexnet.megabytes:.0f} MB to store and to send. Compressed, ours takes "
            f"{small.megabytes:.2f} MB.",
        ),
        (f"{ours.top1:.1f} %", f"Kept: top-1 accuracy on ImageNet. AlexNet has {TABLE_2[0].top1} %."),
        (
            f"{faster:.1f}×",
            f"Gain in speed over AlexNet {where}; not {alexnet.megabytes / ours.megabytes:.0f}×.",
        ),
    ]
    if best.top1 and ours.top1 and best.top1 > ours.top1:
        size = amount(1e6 * best.megabytes, "B")
        facts.append(
            (f"{best.top1 - ours.top1:.0f} points", f"Loss: {best.title} has {best.top1:.1f} %, in {size}.")
        )
    return Section(
        report.branding.decision,
        ((Facts(tuple(facts)),),),
        f"Accuracy: {TABLE_2[0].source}, SqueezeNet’s {ours.note}; {best.title}: {best.source}. Time: "
        f"{timed}. {_counted(report)}",
        f"We ask for one decision: {report.branding.decision}. We gain a quick download, cheap updates and "
        "a place on small devices. We do not gain the best accuracy, and less speed than size.",
    )


@_section("The same accuracy in fewer bytes", main=True)
def smaller(report: Report) -> Section:
    three = alexnet, ours, small = comparison.headline()
    assert small.measured is not None and small.difference is not None
    said = (f"{TABLE_2[0].top1} % top-1", f"{ours.top1:.1f} % top-1", small.difference.points())
    bars = [
        Bar(row.title, 1e6 * row.megabytes, f"{amount(1e6 * row.megabytes, 'B')}: {words}", row.colour)
        for row, words in zip(three, said, strict=True)
    ]
    large, paper, deep = TABLE_2[0], TABLE_2[4], TABLE_2[-1]
    words = (
        f"{large.top1} % and {ours.top1:.1f} % top-1: ImageNet’s validation set, as published.",
        f"Compressed: {small.difference.points()} of top-1 against itself uncompressed, on the same "
        f"{small.measured.pictures} pictures.",
        f"The paper itself states {paper.reduction}× and {deep.reduction}×: {large.megabytes:g} MB, "
        f"{paper.megabytes:g} MB and {deep.megabytes:g} MB.",
    )
    return Section(
        f"AlexNet’s accuracy in 1/{alexnet.megabytes / ours.megabytes:.0f} of its bytes, "
        f"compressed in 1/{alexnet.megabytes / small.megabytes:.0f}",
        ((Bars(tuple(bars), "", "B"),), (Words(words),)),
        f"{large.source}; SqueezeNet’s {ours.note}. Compressed: {small.measured.on}. {_counted(report)}",
        "The first two bars are the paper’s claim, with our count of the bytes. The third is our own file; "
        "its accuracy is compared with that of the uncompressed network on the same pictures.",
        [
            {"Network": bar.name, "Bytes": round(bar.value), "Accuracy": words}
            for bar, words in zip(bars, said, strict=True)
        ],
    )


@_section("What it saves and what it costs", main=True)
def saves(report: Report) -> Section:
    three = alexnet, ours, small = comparison.headline()
    given, measured = report.given, {one.name: one for one in report.measurements}
    assert small.measured is not None and small.difference is not None
    said = (f"{TABLE_2[0].top1} %", f"{ours.top1:.1f} %", small.difference.points())
    lines = [
        {"What": "Top-1 accuracy", **{row.title: words for row, words in zip(three, said, strict=True)}}
    ]
    for line in meaning.table(three, given, measured):
        cells = {row.title: line[row.title] for row in three}
        if len(set(cells.values())) > 1:
            lines.append({"What": line["What"], **cells})
    before, after = (
        meaning.duration(meaning.download_seconds(row, given.mbit_3g)) for row in (alexnet, ours)
    )
    faster, where, _ = findings.speed_gain(report.measurements)
    return Section(
        f"Downloads shrink from {before} to {after}; speed gains less",
        ((Table(lines, "What SqueezeNet saves and costs"),),),
        f"{meaning.SPEEDS_SOURCE}: {given.mbit_3g:g} and {given.mbit_4g:g} Mbit/s. Price: our own figure, "
        f"{meaning.price(given.price_mb, given.currency)} a MB. {BOARD}: {BOARD_SOURCE}. Accuracy: "
        f"{TABLE_2[0].source}; compressed, against itself uncompressed on {small.measured.on}.",
        f"A download of {before} becomes one of {after}, and an update costs as much less. It is "
        f"{faster:.1f} times as fast as AlexNet {where}. Replace our price of a megabyte by your own.",
        lines,
    )


@_section("Our recommendation", main=True)
def recommendation(report: Report) -> Section:
    ours = comparison.row(REFERENCE)
    best = next(
        (one.row for one in _judged(report) if one.fits and one.row.parameters != ours.parameters), None
    )
    words = [
        "Use it where a network is sent over a slow or paid connection, or kept on a small device.",
        f"Condition: {ours.top1:.1f} % top-1 over 1,000 classes is enough, or we teach it a few of ours.",
    ]
    if best is not None and (best.top1 or 0) > (ours.top1 or 0):
        size, limits = amount(1e6 * best.megabytes, "B"), findings.limits(report.budget)
        words.append(f"{limits}, {best.title} is more accurate: {best.top1:.1f} % in {size}.")
    words.append(f"Next step: {report.branding.next_step}")
    return Section(
        "We recommend SqueezeNet where bytes decide",
        ((Words(tuple(words)),),),
        f"Accuracy of {ours.title}: {TABLE_2[0].source}, {ours.note}"
        + (f"; of {best.title}: {best.source}." if best else "."),
        "We recommend it for its bytes, under one condition, and we name the alternative. "
        f"The next step: {report.branding.next_step}",
    )


def _judged(report: Report) -> tuple[Verdict, ...]:
    return judge((*report.everybody, *fewer_bytes()), report.budget, report.milliseconds)


@_section("Size to scale")
def scale(report: Report) -> Section:
    smallest = comparison.compressed_rows()[:1]
    chart = comparison_charts.size_squares(report.rows, smallest)
    return Section(
        findings.room(report.rows),
        ((chart,), (Words(tuple(findings.difference(row) for row in smallest)),)),
        _counted(report),
        "It is drawn to scale: what looks a hundred times larger is a hundred times larger.",
        [{"Network": square.name, "Bytes": square.value} for square in chart.squares],
    )


@_section("Accuracy against size")
def accuracy(report: Report) -> Section:
    small = comparison.below_a_megabyte()
    names = [row.name for row in (*report.rows, small[0])]
    every = (*report.everybody, *small)
    return Section(
        findings.accuracy(report.rows, report.everybody, "megabytes"),
        ((comparison_charts.accuracy_bubbles(every, "megabytes", names),),),
        f"ImageNet accuracy as published, sources in the notes. {tables.COMPRESSED} Filled: the networks "
        "chosen; rings: others. Area: multiply-accumulates, the smallest drawn as dots. Dotted: the best "
        "for each size.",
        "Up is more accurate, left is smaller. No smaller network beats one on the dotted line. Few "
        f"networks are as small as our compressed file. {tables.accuracy_source(every)}",
        tables.accuracies(every, "megabytes"),
    )


@_section("Your picture")
def picture(report: Report) -> Section | None:
    if report.picture is None or not report.answers:
        return None
    shown = report.picture
    columns: list[tuple[Part, ...]] = []
    if report.found is None:
        columns.append((Photo(shown.image, f"The picture {shown.name}", shown.name),))
    else:
        words = describe_boxes(report.found)
        columns.append(
            (Photo(annotated(shown, report.found), f"{shown.name}. {words}", f"Our detector: {words}"),)
        )
    bars: list[Part] = []
    for answer in report.answers[:2]:
        parameters = amount(comparison.row(answer.network).parameters)
        title = f"{comparison.title(answer.model)}, {parameters} parameters"
        bars += [Heading(title), probability_bars(answer.top(3), answer.network.colour)]
    columns.append(tuple(bars))
    return Section(
        findings.picture(report.answers),
        tuple(columns),
        f"{shown.name}: predicted here on {report.answers[0].device}, {report.day}.",
        "On the left what our detector outlines, on the right how sure each network is.",
        tables.answers(report.answers),
    )


@_section("What fits")
def fits(report: Report) -> Section:
    verdicts, rows = _judged(report), list[dict[str, object]]()
    for device in DEVICES:
        limits = Budget(
            None if device.flash is None else device.flash / 1e6, device.ram / 1e6, bits=report.budget.bits
        )
        fitting = [one for one in judge([one.row for one in verdicts], limits, {}) if one.fits]
        rows.append(
            {
                "Device": device.name,
                "Storage": "memory card" if device.flash is None else amount(device.flash, "B"),
                "Memory": amount(device.ram, "B"),
                "Networks that fit": f"{len(fitting)} of {len(verdicts)}",
                "Most accurate of them": fitting[0].row.title if fitting else "none",
            }
        )
    return Section(
        findings.fitting(verdicts),
        (
            (
                Words((f"{findings.limits(report.budget)}, counted for {len(verdicts)} networks.",)),
                Table(rows, "What fits on which device"),
            ),
        ),
        f"Storage: the parameters at {report.budget.bits} bits each. Memory: those and the largest set of "
        "fp32 activations alive at once, without system and program. Accuracy as published for 32 bits. "
        "Devices: their makers’ own figures, for all of their memory.",
        "The table shows what the best-known devices hold. Devices: "
        + "; ".join(device.source for device in DEVICES)
        + ".",
        rows,
    )


@_section("Computation")
def computation(report: Report) -> Section:
    chart = comparison_charts.cost_bars(report.rows, "gmacs")
    return Section(
        findings.cost(report.rows, "gmacs"),
        ((chart,),),
        f"{_counted(report)} One picture at each network’s own input size.",
        "Bars start at zero: their lengths are in the ratio of their numbers.",
        [
            {"Network": bar.name, chart.axis: round(bar.value), "Compared with SqueezeNet 1.1": bar.label}
            for bar in chart.bars
        ],
    )


@_section("Where the parameters sit")
def where(report: Report) -> Section:
    largest = max((row for row in report.rows if row.network), key=lambda row: row.parameters)
    columns = []
    for name in dict.fromkeys((REFERENCE, largest.name)):
        title = comparison.title(name)
        chart = comparison_charts.parameter_tiles(comparison.row(name))
        columns.append((Heading(f"{title}: {findings.where(name)}"), chart))
    return Section(
        f"{largest.title}: {findings.where(largest.name)}",
        tuple(columns),
        f"{_counted(report)} Areas: the layers’ shares of the network’s parameters.",
        "SqueezeNet’s idea: few channels go into the 3×3 convolutions, and no layer at the end connects "
        "everything with everything.",
    )


@_section("Time on this machine")
def speed(report: Report) -> Section | None:
    measured = report.measurements
    if not measured:
        return None
    untrained = ", ".join(comparison.title(one.name) for one in measured if not one.trained)
    note = f" Measured with untrained weights: {untrained}." if untrained else ""
    return Section(
        findings.speed(measured),
        ((comparison_charts.speed_bars(measured, report.rows, "milliseconds"),),),
        f"Measured here: median at batch 1, {measured[0].device}, {measured[0].day}.{note}",
        "These are times on this machine, one picture at a time. On the device itself they will differ.",
        tables.speeds(measured),
    )


@_section("All figures")
def figures(report: Report) -> Section:
    rows = tables.rows(report)
    short = [{key: value for key, value in row.items() if key not in _CSV_ONLY} for row in rows]
    return Section(
        "All figures of the networks chosen",
        ((Table(short[:_ROWS_ON_A_SLIDE], "All figures"),),),
        f"{findings.which_figure(comparison.row(REFERENCE))} MB are 10⁶ bytes. “–”: neither published nor "
        "counted.",
        "This slide is for questions: every figure of the networks that we compared.",
        rows,
    )


def _counted(report: Report) -> str:
    return f"Bytes counted by Squeeze Lab on {report.day}; MB are 10⁶ bytes of fp32 parameters."


CHOICES = {entry.key: entry.name for entry in _ENTRIES}
MAIN = tuple(entry.key for entry in _ENTRIES if entry.main)
# What is ticked when nobody chooses: what a board asks about besides.
USUAL = (*MAIN, "accuracy", "fits", "speed", "figures")
