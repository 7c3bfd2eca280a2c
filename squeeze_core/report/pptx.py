"""The slides as a PowerPoint file: native, editable charts, and what a speaker says in the notes."""

from __future__ import annotations

import io
import math
from typing import Any

from lxml import etree
from pptx import Presentation
from pptx.chart.data import BubbleChartData, CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_TICK_LABEL_POSITION
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Emu, Pt

from squeeze_core.figures import layout
from squeeze_core.figures.charts import Bar, Bars, Bubble, Bubbles, Squares, Tiles
from squeeze_core.figures.drawing import INK, ON_WHITE, QUIET, Line, Rect, Text, line_height
from squeeze_core.figures.drawing import Photo as PhotoItem
from squeeze_core.figures.svg import encoded
from squeeze_core.report import slide as slides
from squeeze_core.report.parts import Facts, Heading, Part, Photo, Table, Words, written
from squeeze_core.report.slide import BAR_WIDTH, HEIGHT, MARGIN, WIDTH, Box, Slide
from squeeze_core.spreadsheet import defused

_FONT = "Arial"


def write(deck: tuple[Slide, ...]) -> bytes:
    """The .pptx file's bytes."""
    file = Presentation()
    file.slide_width, file.slide_height = _emu(WIDTH), _emu(HEIGHT)
    file.core_properties.title = deck[0].look.title
    file.core_properties.author = deck[0].look.name or "Squeeze Lab"
    for slide in deck:
        _add(file, slide)
    buffer = io.BytesIO()
    file.save(buffer)
    return buffer.getvalue()


def _add(file: Any, slide: Slide) -> None:
    sheet = file.slides.add_slide(file.slide_layouts[5])  # title only
    title = slides.title_of(slide)
    shape = sheet.shapes.title
    height = line_height(title.size) * len(title.lines) + 8
    _place(shape, (MARGIN, title.top, WIDTH - 2 * MARGIN - (126 if slide.look.logo else 0), height))
    shape.text_frame.vertical_anchor = MSO_ANCHOR.TOP
    _write(shape.text_frame, [slide.title], title.size, INK, True)
    bar = sheet.shapes.add_shape(MSO_SHAPE.RECTANGLE, *map(_emu, (0, 0, BAR_WIDTH, HEIGHT)))
    _fill(bar, slide.look.color)
    if slide.first:
        for text in slides.opening(slide):
            _item(sheet, text)
    for item in slides.logo(slide):
        _item(sheet, item)
    for part, box in slides.placed(slide):
        _part(sheet, part, box, slide)
    lines = slides.source_lines(slide)
    if lines:
        box = (
            MARGIN,
            slides.source_top(slide),
            WIDTH - 2 * MARGIN,
            line_height(slides.SOURCE_SIZE) * len(lines),
        )
        _text(sheet, [" ".join(lines)], box, slides.SOURCE_SIZE, QUIET)
    _text(sheet, [slide.foot], (MARGIN, HEIGHT - 24, WIDTH - 200, 16), slides.FOOT_SIZE, QUIET)
    number = (WIDTH - MARGIN - 100, HEIGHT - 24, 100, 16)
    _text(sheet, [f"{slide.number} / {slide.count}"], number, slides.FOOT_SIZE, QUIET, align=PP_ALIGN.RIGHT)
    if slide.section is not None:
        notes = [slide.section.notes, slide.section.source and f"Source: {slide.section.source}"]
        sheet.notes_slide.notes_text_frame.text = "\n\n".join(line for line in notes if line)


def _part(sheet: Any, part: Part, box: Box, slide: Slide) -> None:
    if isinstance(part, Bars):
        _bars(sheet, part, box)
    elif isinstance(part, Bubbles):
        _bubbles(sheet, part, box)
    elif isinstance(part, Squares):
        _shapes(sheet, part, box)
    elif isinstance(part, Tiles):
        _shares(sheet, part, box)
    elif isinstance(part, Photo):
        _photo(sheet, part, box)
    elif isinstance(part, Table):
        _table(sheet, part, box)
    elif isinstance(part, Words):
        size = slides.words_size(part, box[2], box[3])
        _text(sheet, list(part.sentences), box, size, INK, space=0.35 * size)
    elif isinstance(part, Heading):
        _text(sheet, [part.text], box, 14, INK, bold=True)
    elif isinstance(part, Facts):
        for item in slides.part_drawing(part, box[2], box[3], slide.look).at(box[0], box[1]):
            _item(sheet, item)


def _bars(sheet: Any, part: Bars, box: Box) -> None:
    """Bars that begin at zero, each labelled with its value in words."""
    data = CategoryChartData(number_format="General")
    data.categories = [defused(bar.name) for bar in part.bars[::-1]]
    data.add_series(defused(part.axis or "Value"), [bar.value for bar in part.bars[::-1]])
    chart = _chart(sheet, XL_CHART_TYPE.BAR_CLUSTERED, data, part.alt, box)
    plot, values = chart.plots[0], chart.value_axis
    plot.gap_width = 60
    chart.category_axis.format.line.color.rgb = _rgb(ON_WHITE[QUIET])
    size = Pt(min(14, max(9, 0.36 * box[3] / len(part.bars))))
    chart.category_axis.tick_labels.font.size = size
    for number, bar in enumerate(part.bars[::-1]):
        point = plot.series[0].points[number]
        point.format.fill.solid()
        point.format.fill.fore_color.rgb = _rgb(bar.color)
        frame = point.data_label.text_frame
        frame.text, frame.word_wrap = bar.label, False
        font = frame.paragraphs[0].runs[0].font
        font.size, font.bold, font.color.rgb = size, True, _rgb(ON_WHITE[INK])
        point.data_label.position = XL_LABEL_POSITION.OUTSIDE_END
    # To the right of the longest bar its label needs room.
    widest = max(len(bar.label) for bar in part.bars)
    values.minimum_scale = 0
    values.maximum_scale = part.high * (1 + min(0.6, 0.011 * widest * 874 / box[2]))
    if part.axis:
        _dress(values, part.axis, part.number_format)
        if len(part.ticks) > 1:
            values.major_unit = part.ticks[1][0] - part.ticks[0][0]
    else:
        values.tick_label_position = XL_TICK_LABEL_POSITION.NONE
        values.has_major_gridlines = False
        values.format.line.fill.background()


def _bubbles(sheet: Any, part: Bubbles, box: Box) -> None:
    data = BubbleChartData()
    order = sorted(part.bubbles, key=lambda one: (one.chosen, -one.area))
    for one in order:
        data.add_series(defused(one.name)).add_data_point(one.x, one.y, one.area)
    chart = _chart(sheet, XL_CHART_TYPE.BUBBLE, data, part.alt, box)
    chart.plots[0].bubble_scale = 22
    for one, series in zip(order, chart.plots[0].series, strict=True):
        fill = series.format.fill
        if one.chosen:
            fill.solid()
            fill.fore_color.rgb = _rgb(one.color)
            _name_label(series, _label_side(one, order, part), Pt(13))
        else:
            fill.background()
        series.format.line.color.rgb = _rgb(one.color)
    x, y = chart.category_axis, chart.value_axis
    _dress(x, part.x_axis, part.number_format)
    costs = [one.x for one in part.bubbles]
    _make_logarithmic(x, *_decades(min(costs), max(costs)))
    _dress(y, part.y_axis, '0"%"')
    y.minimum_scale, y.maximum_scale = part.y_range


def _decades(low: float, high: float) -> tuple[float, float]:
    """The powers of ten around: PowerPoint marks a logarithmic axis at these only."""
    first, last = 1.0, 1.0
    while first > low:
        first /= 10
    while first * 10 <= low:
        first *= 10
    while last < high:
        last *= 10
    return first, last


def _label_side(one: Bubble, others: list[Bubble], part: Bubbles) -> Any:
    """Right of the bubble; where a chosen one's name or bubble is in the way, left of it, or else below."""

    def near(other: Bubble) -> float | None:
        """How far right of this one, as a share of the axis; None where it is no matter."""
        high = abs(other.y - one.y) / (part.y_range[1] - part.y_range[0])
        if not other.chosen or other is one or high > 0.09:
            return None
        return math.log(other.x / one.x) / math.log(part.x_range[1] / part.x_range[0])

    distances = [distance for other in others if (distance := near(other)) is not None]
    if not any(0 <= distance < 0.25 for distance in distances):
        return XL_LABEL_POSITION.RIGHT
    free = not any(-0.25 < distance < 0 for distance in distances)
    return XL_LABEL_POSITION.LEFT if free else XL_LABEL_POSITION.BELOW


def _name_label(series: Any, side: Any, size: Any) -> None:
    label = series.points[0].data_label
    label.font.size, label.font.bold, label.font.color.rgb = size, True, _rgb(ON_WHITE[INK])
    label.position = side
    shown = label._dLbl  # python-pptx has no word for a label that is the series' name
    for tag in ("c:showVal", "c:showBubbleSize", "c:showCatName"):
        shown.find(qn(tag)).set("val", "0")
    shown.find(qn("c:showSerName")).set("val", "1")


def _shares(sheet: Any, part: Tiles, box: Box) -> None:
    """PowerPoint's own treemap is not in the format that all programs read: the largest parts as bars."""
    total = sum(tile.value for tile in part.tiles)
    tiles = sorted(part.tiles, key=lambda tile: -tile.value)
    shown, rest = tiles[:7], sum(tile.value for tile in tiles[7:])
    named = [(tile.name, tile.value) for tile in shown] + ([("all others", rest)] if rest else [])
    bars = tuple(
        Bar(name, value / total, layout.share_in_words(value / total), part.color) for name, value in named
    )
    ticks = tuple((share / 4, f"{share / 4:.0%}") for share in range(5))
    _bars(sheet, Bars(bars, "Share of the network’s parameters", ticks, 1, part.alt, "0%"), box)


def _shapes(sheet: Any, part: Squares, box: Box) -> None:
    """Squares are shapes that can be moved and coloured."""
    for item in layout.draw(part, box[2], box[3]).at(box[0], box[1]):
        _item(sheet, item)


def _photo(sheet: Any, part: Photo, box: Box) -> None:
    (_, _, width, height), lines = slides.photo_box(part, box[2], box[3])
    image = part.image.copy()
    image.thumbnail((1200, 1200))
    _item(sheet, PhotoItem(box[0], box[1], width, height, image, part.alt))
    if lines:
        _text(sheet, [" ".join(lines)], (box[0], box[1] + height + 4, box[2], 45), 11, QUIET)


def _table(sheet: Any, part: Table, box: Box) -> None:
    size = slides.table_size(part, box[2], box[3])
    widths = slides.table_columns(part, box[2], size)
    count = len(part.rows) + 1
    pitch = min(2.1 * size, box[3] / count)
    frame = sheet.shapes.add_table(count, len(widths), *map(_emu, (box[0], box[1], box[2], pitch * count)))
    _describe(frame, part.alt)
    table = frame.table
    for row in table.rows:
        row.height = _emu(pitch)
    for x, (column, width) in enumerate(zip(part.rows[0], widths, strict=True)):
        table.columns[x].width = _emu(width)
        for y, text in enumerate([column, *(written(row[column]) for row in part.rows)]):
            cell = table.cell(y, x)
            cell.margin_top = cell.margin_bottom = cell.margin_left = cell.margin_right = _emu(3)
            cell.fill.solid()
            cell.fill.fore_color.rgb = RGBColor(0xE9, 0xEC, 0xEF) if y == 0 else RGBColor(255, 255, 255)
            cell.vertical_anchor = MSO_ANCHOR.MIDDLE
            _write(cell.text_frame, [text], size, INK, y == 0, margins=False)


def _chart(sheet: Any, kind: Any, data: Any, alt: str, box: Box) -> Any:
    frame = sheet.shapes.add_chart(kind, *map(_emu, box), data)
    _describe(frame, alt)
    chart = frame.chart
    chart.has_legend = chart.has_title = False
    chart.font.size, chart.font.name, chart.font.color.rgb = Pt(13), _FONT, _rgb(ON_WHITE[INK])
    return chart


def _dress(axis: Any, title: str, number_format: str) -> None:
    """The axis named, with quiet grid lines and no line of its own."""
    axis.has_title = True
    axis.axis_title.text_frame.text = title
    font = axis.axis_title.text_frame.paragraphs[0].runs[0].font
    font.size, font.bold, font.color.rgb = Pt(11.5), False, _rgb(ON_WHITE[QUIET])
    axis.tick_labels.font.size = Pt(11.5)
    axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = number_format, False
    axis.has_major_gridlines = True
    axis.major_gridlines.format.line.color.rgb = RGBColor(0xDD, 0xE1, 0xE6)
    axis.format.line.fill.background()


def _make_logarithmic(axis: Any, low: float, high: float) -> None:
    """Base 10 from `low` to `high`, both above 0."""
    # python-pptx has no word for it; c:logBase comes first in c:scaling (ECMA-376).
    axis.minimum_scale, axis.maximum_scale = low, high
    scaling = axis._element.find(qn("c:scaling"))
    base = etree.Element(qn("c:logBase"))
    base.set("val", "10")
    scaling.insert(0, base)
    # The other axis must cross at the low end, or it would stand at 1.
    for crosses in axis._element.getparent().iter(qn("c:crosses")):
        crosses.set("val", "min")


def _item(sheet: Any, item: Any) -> None:
    """One item of a drawing as a shape."""
    if isinstance(item, Text):
        width = 1.15 * slides.text_width(item.text, item.size, item.bold) + 12
        left = item.x - {"start": 0, "middle": width / 2, "end": width}[item.anchor]
        box = (left, item.y - item.size, width, 1.4 * item.size)
        align = {"start": PP_ALIGN.LEFT, "middle": PP_ALIGN.CENTER, "end": PP_ALIGN.RIGHT}[item.anchor]
        _text(sheet, [item.text], box, item.size, item.color, item.bold, align=align)
    elif isinstance(item, Rect):
        shape = sheet.shapes.add_shape(
            MSO_SHAPE.RECTANGLE, *map(_emu, (item.x, item.y, item.width, item.height))
        )
        _fill(shape, item.fill or "#FFFFFF", item.stroke)
        _describe(shape, item.tip)
    elif isinstance(item, Line):
        line = sheet.shapes.add_connector(1, *map(_emu, (item.x0, item.y0, item.x1, item.y1)))
        line.line.color.rgb, line.line.width = _rgb(ON_WHITE.get(item.color, item.color)), Pt(item.width)
    elif isinstance(item, PhotoItem):
        box = (item.x, item.y, item.width, item.height)
        shape = sheet.shapes.add_picture(io.BytesIO(encoded(item.image)[1]), *map(_emu, box))
        _describe(shape, item.alt)


def _text(
    sheet: Any,
    paragraphs: list[str],
    box: Box,
    size: float,
    color: str,
    bold: bool = False,
    space: float = 0,
    align: Any = PP_ALIGN.LEFT,
) -> None:
    shape = sheet.shapes.add_textbox(*map(_emu, box))
    _write(shape.text_frame, paragraphs, size, color, bold, space, align)


def _write(
    frame: Any,
    paragraphs: list[str],
    size: float,
    color: str,
    bold: bool,
    space: float = 0,
    align: Any = PP_ALIGN.LEFT,
    margins: bool = True,
) -> None:
    frame.word_wrap = True
    if margins:
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    frame.text = "\n".join(paragraphs)
    for paragraph in frame.paragraphs:
        paragraph.alignment, paragraph.space_after = align, Pt(space)
        for run in paragraph.runs:
            font = run.font
            font.size, font.bold, font.name = Pt(size), bold, _FONT
            font.color.rgb = _rgb(ON_WHITE.get(color, color))


def _place(shape: Any, box: Box) -> None:
    shape.left, shape.top, shape.width, shape.height = map(_emu, box)


def _fill(shape: Any, color: str, stroke: str | None = None) -> None:
    shape.shadow.inherit = False
    shape.fill.solid()
    shape.fill.fore_color.rgb = _rgb(ON_WHITE.get(color, color))
    if stroke:
        shape.line.color.rgb, shape.line.width = _rgb(ON_WHITE.get(stroke, stroke)), Pt(1)
    else:
        shape.line.fill.background()


def _describe(shape: Any, alt: str) -> None:
    """Gives a picture, chart or table its text alternative."""
    shape._element.xpath(".//p:cNvPr")[0].set("descr", alt)


def _emu(points: float) -> Emu:
    return Emu(round(12_700 * points))


def _rgb(color: str) -> RGBColor:
    return RGBColor.from_string(color.lstrip("#").upper())
