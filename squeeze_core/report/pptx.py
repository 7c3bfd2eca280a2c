"""The report as a PowerPoint file: native, editable charts; a finding for a title; sources on the slide."""

from __future__ import annotations

import io
import math
from typing import Any

from pptx import Presentation
from pptx.chart.data import BubbleChartData, CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_TICK_LABEL_POSITION
from pptx.oxml.ns import qn
from pptx.util import Emu, Inches, Pt

from squeeze_core.cost import handmade
from squeeze_core.cost import rows as zoo
from squeeze_core.cost.profile import Layer
from squeeze_core.cost.published import TABLE_2
from squeeze_core.cost.rows import REFERENCE
from squeeze_core.cost.units import COSTS, SPEEDS, Axis, amount, ratio
from squeeze_core.figures.style import ACCENT, NEUTRAL, color_of
from squeeze_core.report import Report, findings, tables
from squeeze_core.report.slides import (
    HEIGHT,
    INK,
    MARGIN,
    QUIET,
    WIDTH,
    add_chart,
    add_labels,
    add_slide,
    add_source,
    add_text,
    describe,
    dress_axis,
    fill_cell,
    make_logarithmic,
    paint,
    rgb,
)

_MILLIONS = (1e6, '[>=1000]#,##0.##," G";#,##0" M"')
_MILLISECONDS = (1e-3, '#,##0" ms"')
_COUNTED = "Counted by Squeeze Lab on {day}, {versions}. MB are 10⁶ bytes of fp32 parameters."


def write(report: Report) -> bytes:
    """The .pptx file's bytes."""
    deck = Presentation()
    deck.slide_width, deck.slide_height = WIDTH, HEIGHT
    deck.core_properties.title = "What does small cost, and what does it save?"
    deck.core_properties.author = "Squeeze Lab"
    _cover(deck, report)
    _size(deck, report)
    _accuracy(deck, report)
    _computation(deck, report)
    _layers(deck, report)
    if report.measurements:
        _speed(deck, report)
    if report.picture and report.answers:
        _picture(deck, report)
    _paper(deck)
    _hand_made(deck)
    _table(deck, report)
    buffer = io.BytesIO()
    deck.save(buffer)
    return buffer.getvalue()


def _cover(deck: Any, report: Report) -> None:
    slide = add_slide(deck, "What does small cost, and what does it save?", size=40, top=1.5)
    ours = report.reference
    rest = [row for row in report.rows if row.name != REFERENCE]
    lead = findings.cost(report.rows, "parameters")
    add_text(slide, lead, MARGIN, Inches(2.7), Inches(12), Inches(0.8), 24, QUIET)
    facts = [
        (amount(ours.parameters), f"parameters in {ours.title}"),
        (f"{ours.megabytes:.2f} MB", "to store and to download (fp32)"),
        (f"{ours.top1:.1f}%", "ImageNet top-1 accuracy, published"),
    ]
    for number, (value, words) in enumerate(facts):
        left = MARGIN + number * Inches(4.1)
        add_text(slide, value, left, Inches(4.0), Inches(3.9), Inches(0.9), 44, rgb(ACCENT), bold=True)
        add_text(slide, words, left, Inches(4.9), Inches(3.9), Inches(0.6), 16, QUIET)
    names = ", ".join(row.title for row in rest) or "no other network"
    add_source(slide, f"Compared with {names}. Squeeze Lab, {report.day}, {report.versions}.")


def _size(deck: Any, report: Report) -> None:
    slide = add_slide(deck, findings.cost(report.rows, "parameters"))
    values = {row.name: float(row.parameters) for row in report.rows}
    _bars(slide, values, report, COSTS["parameters"], "Bar chart of the number of parameters", _MILLIONS)
    add_source(slide, _COUNTED.format(day=report.day, versions=report.versions))


def _computation(deck: Any, report: Report) -> None:
    counted = {row.name: 1e9 * row.gmacs for row in report.rows if row.gmacs is not None}
    slide = add_slide(deck, findings.cost(report.rows, "gmacs"))
    _bars(
        slide,
        counted,
        report,
        COSTS["gmacs"],
        "Bar chart of multiply-accumulates for one picture",
        _MILLIONS,
    )
    note = _COUNTED.format(day=report.day, versions=report.versions)
    add_source(slide, f"{note} One picture at each network’s own input size.")


def _accuracy(deck: Any, report: Report) -> None:
    slide = add_slide(deck, findings.accuracy(report.rows, report.field, "megabytes"))
    chosen = {row.name for row in report.rows}
    shown = [row for row in report.field if row.top1 is not None and row.gmacs is not None]
    data = BubbleChartData()
    for row in shown:
        data.add_series(row.title).add_data_point(row.megabytes, row.top1, math.sqrt(row.gmacs or 0))
    chart = add_chart(
        slide, XL_CHART_TYPE.BUBBLE, data, "Bubble chart of ImageNet accuracy against size in megabytes"
    )
    chart.plots[0].bubble_scale = 18
    for row, series in zip(shown, chart.plots[0].series, strict=True):
        fill = series.format.fill
        named = row.name in chosen
        if named:
            fill.solid()
            fill.fore_color.rgb = rgb(color_of(row.name))
        else:
            fill.background()
        series.format.line.color.rgb = rgb(color_of(row.name))
        if named:
            label = series.points[0].data_label
            label.font.size, label.font.bold, label.font.color.rgb = Pt(14), True, INK
            label.position = XL_LABEL_POSITION.RIGHT
            shown_part = label._dLbl  # python-pptx has no word for a label that is the series' name
            for tag in ("c:showVal", "c:showBubbleSize", "c:showCatName"):
                shown_part.find(qn(tag)).set("val", "0")
            shown_part.find(qn("c:showSerName")).set("val", "1")
    x, y = chart.category_axis, chart.value_axis
    dress_axis(x, "Size of the fp32 parameters, MB (10⁶ bytes), logarithmic")
    make_logarithmic(x, 1, 1000)
    x.tick_labels.number_format, x.tick_labels.number_format_is_linked = '0" MB"', False
    dress_axis(y, "ImageNet top-1 accuracy, %")
    y.minimum_scale, y.maximum_scale = 50, 90
    add_source(
        slide,
        "Accuracy: torchvision’s metadata for its default weights; EfficientNet-Lite0 from its README. "
        "Filled: the networks chosen; rings: the others compared. The larger the bubble, the more "
        "multiply-accumulates.",
    )


def _layers(deck: Any, report: Report) -> None:
    known = [row for row in report.rows if row.gmacs is not None]
    largest = max(known, key=lambda row: row.parameters)
    names = [REFERENCE] if largest.name == REFERENCE else [REFERENCE, largest.name]
    slide = add_slide(deck, findings.where(names[-1]))
    width = (WIDTH - 2 * MARGIN) // len(names)
    for number, name in enumerate(names):
        left = MARGIN + number * width
        cost = zoo.network(name).profile()
        layers = sorted(cost.layers, key=lambda layer: -layer.parameters)[:6]
        rest = cost.parameters - sum(layer.parameters for layer in layers)
        layers.append(Layer("all other layers", "", (), rest, 0))
        data = CategoryChartData(number_format="0%")
        data.categories = [layer.name for layer in layers][::-1]
        data.add_series("Share", [layer.parameters / cost.parameters for layer in layers][::-1])
        add_text(slide, report.title_of(name), left, Inches(1.45), width, Inches(0.5), 18, INK, bold=True)
        box = (left, Inches(1.9), width - Inches(0.2), Inches(4.6))
        alt = f"Bar chart of where {report.title_of(name)}'s parameters sit"
        chart = add_chart(slide, XL_CHART_TYPE.BAR_CLUSTERED, data, alt, box)
        series = chart.plots[0].series[0]
        series.format.fill.solid()
        series.format.fill.fore_color.rgb = rgb(color_of(name))
        add_labels(chart, "0%")
        dress_axis(chart.value_axis, "Share of the network’s parameters")
        chart.value_axis.tick_labels.number_format_is_linked = False
        chart.value_axis.tick_labels.number_format = "0%"
        chart.value_axis.major_unit = 0.25
        chart.value_axis.minimum_scale, chart.value_axis.maximum_scale = 0, 1
    add_source(slide, _COUNTED.format(day=report.day, versions=report.versions))


def _speed(deck: Any, report: Report) -> None:
    slide = add_slide(deck, findings.speed(report.measurements))
    values = {m.name: m.milliseconds / 1000 for m in report.measurements}
    _bars(
        slide,
        values,
        report,
        SPEEDS["milliseconds"],
        "Bar chart of the time for one picture",
        _MILLISECONDS,
    )
    untrained = [report.title_of(m.name) for m in report.measurements if not m.trained]
    note = f" Measured with untrained weights: {', '.join(untrained)}." if untrained else ""
    conditions = report.measurements[0].conditions
    add_source(slide, f"Measured here: median at batch 1 on {conditions}. Other machines differ.{note}")


def _picture(deck: Any, report: Report) -> None:
    assert report.picture is not None
    slide = add_slide(deck, findings.picture(report.answers))
    image = report.picture.image.copy()
    image.thumbnail((1200, 1200))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=88)
    box_width, box_height = Inches(4.8), Inches(4.6)
    scale = min(box_width / image.width, box_height / image.height)
    shape = slide.shapes.add_picture(
        buffer, MARGIN, Inches(1.6), round(scale * image.width), round(scale * image.height)
    )
    describe(shape, f"The picture {report.picture.name}")
    left = MARGIN + Inches(5.1)
    room = (Inches(6.6) - Inches(1.5)) // min(2, len(report.answers))
    for number, answer in enumerate(report.answers[:2]):
        top = answer.top(5)
        data = CategoryChartData(number_format="0%")
        data.categories = [p.label for p in top][::-1]
        data.add_series("Probability", [p.probability for p in top][::-1])
        y = Inches(1.5) + number * room
        title = f"{report.title_of(answer.model)}, {amount(_parameters(answer.model))} parameters"
        add_text(slide, title, left, y, Inches(7), Inches(0.4), 16, INK, bold=True)
        box = (left, y + Inches(0.35), WIDTH - left - MARGIN, room - Inches(0.4))
        alt = f"Bar chart of the five likeliest classes by {report.title_of(answer.model)}"
        chart = add_chart(slide, XL_CHART_TYPE.BAR_CLUSTERED, data, alt, box)
        series = chart.plots[0].series[0]
        series.format.fill.solid()
        series.format.fill.fore_color.rgb = rgb(color_of(answer.model))
        add_labels(chart, "0%")
        chart.value_axis.minimum_scale, chart.value_axis.maximum_scale = 0, 1
        chart.value_axis.tick_label_position = XL_TICK_LABEL_POSITION.NONE
        chart.value_axis.has_major_gridlines = False
    device = report.answers[0].device
    add_source(
        slide, f"{report.picture.name}: predicted here on {device}, {report.day}, {report.versions}."
    )


def _paper(deck: Any) -> None:
    slide = add_slide(deck, findings.paper())
    data = CategoryChartData(number_format="General")
    words = [f"{row.mebibytes:g} MiB, {row.reduction}×, {row.top1} / {row.top5}%" for row in TABLE_2]
    data.categories = [f"{row.title}\n{line}" for row, line in zip(TABLE_2, words, strict=True)][::-1]
    data.add_series("MiB", [row.mebibytes for row in TABLE_2][::-1])
    chart = add_chart(
        slide, XL_CHART_TYPE.BAR_CLUSTERED, data, "Bar chart of the sizes in the paper's Table 2"
    )
    paint(chart, [ACCENT if row.title.startswith("Squeeze") else NEUTRAL for row in TABLE_2][::-1])
    dress_axis(chart.value_axis, "Size in the paper’s unit, MiB (2²⁰ bytes)")
    chart.value_axis.minimum_scale, chart.value_axis.maximum_scale = 0, 250
    source = f"{TABLE_2[0].source}: size, times smaller than AlexNet, ImageNet top-1 / top-5."
    add_source(slide, f"{source} Not comparable with the MB of 10⁶ bytes on the other slides.")


def _hand_made(deck: Any) -> None:
    slide = add_slide(deck, findings.learnt_features())
    record = handmade.study()
    values = {
        "SqueezeNet 1.1 features": record["squeezenet"]["top1"],
        "HOG (hand-made)": record["hog"]["top1"],
        "Always the commonest class": record["always_the_commonest_class"],
    }
    data = CategoryChartData(number_format='0.0"%"')
    data.categories = list(values)[::-1]
    data.add_series("Top-1", list(values.values())[::-1])
    chart = add_chart(slide, XL_CHART_TYPE.BAR_CLUSTERED, data, "Bar chart of accuracy by kind of feature")
    paint(chart, [NEUTRAL, NEUTRAL, ACCENT])
    add_labels(chart, '0.0"%"')
    dress_axis(
        chart.value_axis, "Top-1 accuracy on the same crops with the same kind of linear classifier, %"
    )
    chart.value_axis.minimum_scale, chart.value_axis.maximum_scale = 0, 100
    add_source(slide, tables.study_source())


def _table(deck: Any, report: Report) -> None:
    slide = add_slide(deck, "All figures")
    rows = [{k: v for k, v in row.items() if k != "Accuracy from"} for row in tables.rows(report)][:16]
    columns = list(rows[0])
    width = WIDTH - 2 * MARGIN
    shape = slide.shapes.add_table(
        len(rows) + 1, len(columns), MARGIN, Inches(1.35), width, Inches(0.3) * (len(rows) + 1)
    )
    describe(shape, "Table of all figures")
    first = Inches(2.1)
    for x, column in enumerate(columns):
        shape.table.columns[x].width = Emu(first if x == 0 else (width - first) // (len(columns) - 1))
        fill_cell(shape.table.cell(0, x), column, True)
        for y, row in enumerate(rows, start=1):
            fill_cell(shape.table.cell(y, x), _written(row[column]), False)
    slide = add_slide(deck, "Where the figures come from")
    add_text(slide, "\n\n".join(tables.sources(report)), MARGIN, Inches(1.5), width, Inches(5), 16, INK)


def _written(value: Any) -> str:
    if value is None:
        return "–"
    return (
        f"{value:,}" if isinstance(value, int) else f"{value:,.4g}" if isinstance(value, float) else value
    )


def _bars(
    slide: Any, values: dict[str, float], report: Report, axis: Axis, alt: str, unit: tuple[float, str]
) -> None:
    """Bars with the smallest on top, each named with its amount and its ratio to SqueezeNet.

    `unit`: what one on the axis stands for, and the axis's number format.
    """
    names = sorted(values, key=lambda name: values[name], reverse=True)
    scale, number_format = unit
    words = []
    for name in names:
        compared = ratio(values[name], values[REFERENCE], axis) if REFERENCE in values else ""
        line = f"{amount(values[name], axis.unit)}{', ' + compared if compared else ''}"
        words.append(f"{report.title_of(name)}\n{line}")
    data = CategoryChartData(number_format="General")
    data.categories = words
    data.add_series(axis.title, [values[name] / scale for name in names])
    chart = add_chart(slide, XL_CHART_TYPE.BAR_CLUSTERED, data, alt)
    paint(chart, [color_of(name) for name in names])
    value_axis = chart.value_axis
    dress_axis(value_axis, axis.title)
    value_axis.minimum_scale, value_axis.maximum_scale = 0, 1.05 * max(values.values()) / scale
    value_axis.tick_labels.number_format_is_linked = False
    value_axis.tick_labels.number_format = number_format


def _parameters(name: str) -> int:
    return zoo.row(name).parameters
