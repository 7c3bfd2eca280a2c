"""The parts that slides are made of: text, tables and native charts in one look, each with its words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lxml import etree
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Emu, Inches, Pt

from squeeze_core.figures.style import ACCENT

WIDTH, HEIGHT = Inches(13.333), Inches(7.5)
MARGIN = Inches(0.6)
INK, QUIET = RGBColor(0x1B, 0x1F, 0x24), RGBColor(0x5B, 0x63, 0x6D)
FONT = "Calibri"


def add_slide(deck: Any, title: str, size: int = 28, top: float = 0.35) -> Any:
    """A new slide with that title, `size` points, `top` inches down, beside a bar in the accent colour."""
    slide = deck.slides.add_slide(deck.slide_layouts[5])  # title only
    shape = slide.shapes.title
    shape.left, shape.top, shape.width, shape.height = (
        MARGIN,
        Inches(top),
        WIDTH - 2 * MARGIN,
        Inches(1.0),
    )
    frame = shape.text_frame
    frame.text, frame.word_wrap, frame.vertical_anchor = title, True, MSO_ANCHOR.MIDDLE
    frame.paragraphs[0].alignment = PP_ALIGN.LEFT
    font = frame.paragraphs[0].runs[0].font
    font.size, font.bold, font.name, font.color.rgb = Pt(size), True, FONT, INK
    bar = slide.shapes.add_shape(1, 0, 0, Inches(0.18), HEIGHT)
    bar.fill.solid()
    bar.fill.fore_color.rgb = rgb(ACCENT)
    bar.line.fill.background()
    return slide


def add_text(
    slide: Any,
    text: str,
    left: Any,
    top: Any,
    width: Any,
    height: Any,
    size: int,
    color: RGBColor,
    bold: bool = False,
) -> None:
    """A text box; the place in EMU, the size in points."""
    frame = slide.shapes.add_textbox(Emu(left), Emu(top), Emu(width), Emu(height)).text_frame
    frame.word_wrap = True
    frame.text = text
    for paragraph in frame.paragraphs:
        for run in paragraph.runs:
            run.font.size, run.font.bold, run.font.name, run.font.color.rgb = Pt(size), bold, FONT, color


def add_source(slide: Any, text: str) -> None:
    """The line at the foot of the slide that says where its figures come from."""
    add_text(slide, f"Source: {text}", MARGIN, Inches(6.7), WIDTH - 2 * MARGIN, Inches(0.6), 11, QUIET)


def fill_cell(cell: Any, text: str, head: bool) -> None:
    """A table's cell, `head` for one of the first row."""
    cell.text = text
    cell.margin_top = cell.margin_bottom = Inches(0.02)
    font = cell.text_frame.paragraphs[0].runs[0].font if text else cell.text_frame.paragraphs[0].font
    font.size, font.name, font.bold = Pt(10), FONT, head
    cell.margin_left = cell.margin_right = Inches(0.05)
    cell.fill.solid()
    cell.fill.fore_color.rgb = RGBColor(0xE9, 0xEC, 0xEF) if head else RGBColor(0xFF, 0xFF, 0xFF)
    font.color.rgb = INK


def add_chart(slide: Any, kind: Any, data: Any, alt: str, box: tuple[Any, ...] | None = None) -> Any:
    """A native chart of `kind` (XL_CHART_TYPE) in `box` (left, top, width, height in EMU; else all below
    the title), without title and legend; `alt` is its text alternative."""
    box = box or (MARGIN, Inches(1.5), WIDTH - 2 * MARGIN, Inches(5.1))
    frame = slide.shapes.add_chart(kind, *box, data)
    describe(frame, alt)
    chart = frame.chart
    chart.has_legend = chart.has_title = False
    chart.font.size, chart.font.name, chart.font.color.rgb = Pt(14), FONT, INK
    if kind == XL_CHART_TYPE.BAR_CLUSTERED:
        chart.plots[0].gap_width = 45
        chart.category_axis.format.line.color.rgb = QUIET
    return chart


def paint(chart: Any, colors: Sequence[str]) -> None:
    """The points of the first series in these colours ("#rrggbb"), in order."""
    for number, color in enumerate(colors):
        fill = chart.plots[0].series[0].points[number].format.fill
        fill.solid()
        fill.fore_color.rgb = rgb(color)


def add_labels(chart: Any, number_format: str) -> None:
    """Each point's value at its outer end, in that number format of Excel's ("0.0%")."""
    plot = chart.plots[0]
    plot.has_data_labels = True
    labels = plot.data_labels
    labels.number_format, labels.number_format_is_linked = number_format, False
    labels.position, labels.font.size = XL_LABEL_POSITION.OUTSIDE_END, Pt(14)


def dress_axis(axis: Any, title: str) -> None:
    """The axis named, with quiet grid lines and no line of its own."""
    axis.has_title = True
    axis.axis_title.text_frame.text = title
    font = axis.axis_title.text_frame.paragraphs[0].runs[0].font
    font.size, font.bold, font.color.rgb = Pt(12), False, QUIET
    axis.tick_labels.font.size = Pt(12)
    axis.has_major_gridlines = True
    axis.major_gridlines.format.line.color.rgb = RGBColor(0xDD, 0xE1, 0xE6)
    axis.format.line.fill.background()


def make_logarithmic(axis: Any, low: float, high: float) -> None:
    """Base 10 from `low` to `high`, both above 0."""
    # python-pptx has no word for it; c:logBase comes first in c:scaling (ECMA-376).
    axis.minimum_scale, axis.maximum_scale = low, high
    scaling = axis._element.find(qn("c:scaling"))
    base = etree.Element(qn("c:logBase"))
    base.set("val", "10")
    scaling.insert(0, base)
    # The other axis must cross at the low end, or bars would start from 1.
    for crosses in axis._element.getparent().iter(qn("c:crosses")):
        crosses.set("val", "min")


def describe(shape: Any, alt: str) -> None:
    """Gives a picture, chart or table its text alternative."""
    shape._element.xpath(".//p:cNvPr")[0].set("descr", alt)


def rgb(color: str) -> RGBColor:
    """ "#rrggbb" as python-pptx has it; ValueError for anything else."""
    return RGBColor.from_string(color.lstrip("#"))
