"""Everything that a report can say, one function a section: title, parts, source and what to say about it.

To add a section, add a function here; the web page, the slides, the sheets and the page follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from squeeze_core.compression.precision_rows import fewer_bytes
from squeeze_core.cost import comparison, handmade
from squeeze_core.cost.budget import Budget, judge
from squeeze_core.cost.comparison import REFERENCE
from squeeze_core.cost.devices import DEVICES
from squeeze_core.cost.published import TABLE_2
from squeeze_core.cost.units import amount
from squeeze_core.figures import comparison_charts
from squeeze_core.figures.charts import Bars
from squeeze_core.figures.classification import probability_bars
from squeeze_core.figures.detections import annotated
from squeeze_core.figures.detections import describe as describe_boxes
from squeeze_core.figures.explanations import explained
from squeeze_core.report import Report, findings, tables
from squeeze_core.report.parts import Facts, Heading, Part, Photo, Section, Table, Words

# Slides and sheets hold this many rows of a table that people can still read.
_ROWS_ON_A_SLIDE = 14
# Measured figures are of other pictures for a compressed file, and stand beside their set in the CSV alone.
_CSV_ONLY = (
    *("Top-1 measured (%)", "Top-5 measured (%)", "Top-1 uncompressed, same pictures (%)", "Measured on"),
    *("Accuracy from", "Fastest", "Slowest", "Runs", "Batch", "Weights"),
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


@_section("The finding", main=True)
def finding(report: Report) -> Section:
    ours, alexnet = comparison.row(REFERENCE), comparison.row("alexnet")
    facts = Facts(
        (
            (amount(ours.parameters), f"parameters; AlexNet has {amount(alexnet.parameters)}"),
            (f"{ours.megabytes:.2f} MB", f"to store and to send; AlexNet takes {alexnet.megabytes:.0f} MB"),
            (f"{ours.top1:.1f} %", f"top-1 on ImageNet, {ours.note}; AlexNet has {TABLE_2[0].top1} %"),
        )
    )
    return Section(
        findings.claim(),
        ((facts,),),
        f"Accuracy: {TABLE_2[0].source}. {_counted(report)}",
        "Small means: fast to download, cheap to update over the air, and able to run where there is "
        f"little memory. {findings.accuracy(report.rows, report.everybody, 'megabytes')}.",
    )


@_section("Size to scale", main=True)
def scale(report: Report) -> Section:
    smallest = comparison.compressed_rows()[:1]
    chart = comparison_charts.size_squares(report.rows, smallest)
    return Section(
        findings.room(report.rows),
        ((chart,), (Words(findings.beside_the_squares(report.rows, smallest)),)),
        f"{_counted(report)} Areas are in proportion to bytes. {findings.PHONE_PHOTOGRAPH}",
        "The squares are to scale: what looks a hundred times larger is a hundred times larger.",
        [{"Network": square.name, "Bytes": square.value} for square in chart.squares],
    )


@_section("Accuracy against size", main=True)
def accuracy(report: Report) -> Section:
    names = [row.name for row in report.rows]
    return Section(
        findings.accuracy(report.rows, report.everybody, "megabytes"),
        ((comparison_charts.accuracy_bubbles(report.everybody, "megabytes", names),),),
        f"{tables.accuracy_source(report.everybody)} Filled: the networks chosen; rings: the others. A "
        "bubble’s area: multiply-accumulates, the smallest drawn as dots. Dotted: the best accuracy for "
        "each size.",
        "Up is more accurate, left is smaller. No smaller network beats one on the dotted line.",
        tables.accuracies(report.everybody, "megabytes"),
    )


@_section("Your picture", main=True)
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
    if report.seen is not None:
        looked = explained(report.seen, shown.image, 0.55)
        words = f"Where SqueezeNet looked for “{report.seen.label}”"
        columns.append((Photo(looked, f"{words}: bright is where it speaks most for it", words),))
    looked_at = f" Map: {report.seen.method.source}." if report.seen else ""
    return Section(
        findings.picture(report.answers),
        tuple(columns),
        f"{shown.name}: predicted here on {report.answers[0].device}, {report.day}, {report.versions}."
        f"{looked_at}",
        "From left to right: what our detector outlines, how sure each network is, and which parts of the "
        "picture speak for SqueezeNet’s answer.",
        tables.answers(report.answers),
    )


@_section("What fits, and our advice", main=True)
def fits(report: Report) -> Section:
    every = (*report.everybody, *fewer_bytes())
    verdicts = judge(every, report.budget, report.milliseconds)
    rows: list[dict[str, object]] = []
    for device in DEVICES:
        limits = Budget(
            None if device.flash is None else device.flash / 1e6, device.ram / 1e6, bits=report.budget.bits
        )
        fitting = [one for one in judge(every, limits, {}) if one.fits]
        rows.append(
            {
                "Device": device.name,
                "Storage": "a card" if device.flash is None else amount(device.flash, "B"),
                "Memory": amount(device.ram, "B"),
                "Networks that fit": f"{len(fitting)} of {len(every)}",
                "Most accurate of them": fitting[0].row.title if fitting else "none",
            }
        )
    return Section(
        findings.advice(verdicts, report.budget),
        ((Words(findings.reasons(verdicts, report.budget)), Table(rows, "What fits on which device")),),
        f"Storage: the parameters at {report.budget.bits} bits each. Memory: those and the largest set of "
        "fp32 activations alive at once, without system and program. Accuracy as published for 32 bits. "
        "Devices: their makers’ own figures, for all of their memory.",
        "Devices: " + "; ".join(device.source for device in DEVICES) + ".",
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
        f"Measured here: median at batch 1, {measured[0].conditions}.{note} Other machines differ.",
        rows=tables.speeds(measured),
    )


@_section("The paper’s own table")
def paper(report: Report) -> Section:
    return Section(
        findings.paper(),
        ((comparison_charts.published_bars(TABLE_2),),),
        f"{tables.paper_source()} The paper does not state its unit; elsewhere MB are 10⁶ bytes.",
        rows=[
            {
                "Network": row.title,
                "MB, as printed": row.megabytes,
                "Top-1 (%)": row.top1,
                "Top-5 (%)": row.top5,
            }
            for row in TABLE_2
        ],
    )


@_section("Learnt and hand-made features")
def features(report: Report) -> Section:
    chart, rows = feature_bars()
    return Section(
        findings.learnt_features(),
        ((chart,),),
        tables.study_source(),
        findings.best_hand_made(),
        rows,
    )


def feature_bars() -> tuple[Bars, list[dict[str, object]]]:
    """The accuracies of the hand-made study, as a chart and as its table."""
    record = handmade.study()
    accuracies = {
        "SqueezeNet 1.1’s features": record["squeezenet"]["top1"],
        "Hand-made features (HOG)": record["hog"]["top1"],
        "Always the commonest class": record["always_the_commonest_class"],
    }
    chart = comparison_charts.accuracy_bars(accuracies)
    return chart, [{"Features": name, "Top-1 (%)": value} for name, value in accuracies.items()]


@_section("All figures")
def figures(report: Report) -> Section:
    rows = tables.rows(report)
    short = [{key: value for key, value in row.items() if key not in _CSV_ONLY} for row in rows]
    return Section(
        "All figures of the networks chosen",
        ((Table(short[:_ROWS_ON_A_SLIDE], "All figures"),),),
        f"{findings.which_figure(comparison.row(REFERENCE))} MB are 10⁶ bytes. “–”: neither published nor "
        "counted.",
        rows=rows,
    )


def _counted(report: Report) -> str:
    return (
        f"Counted by Squeeze Lab on {report.day}, {report.versions}; MB are 10⁶ bytes of fp32 parameters."
    )


CHOICES = {entry.key: entry.name for entry in _ENTRIES}
MAIN = tuple(entry.key for entry in _ENTRIES if entry.main)
# What is ticked when nobody chooses: hand-made features are for those who ask.
USUAL = tuple(key for key in CHOICES if key != "features")
