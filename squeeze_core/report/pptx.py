"""The slides as a PowerPoint file: native, editable charts, and what a speaker says in the notes."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

from lxml import etree
from PIL import Image
from pptx import Presentation
from pptx.chart.data import BubbleChartData, CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_TICK_LABEL_POSITION
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Emu, Pt

from squeeze_core.figures.charts import Bar, Bars, Bubble, Bubbles, Squares, Tiles
from squeeze_core.figures.classification import percent
from squeeze_core.figures.maps import encoded
from squeeze_core.figures.style import readable
from squeeze_core.report import slides
from squeeze_core.report.parts import Facts, Heading, Part, Photo, Table, Words, written
from squeeze_core.report.slides import HEIGHT, LINE, MARGIN, SOURCE_SIZE, WIDTH, Box, Slide
from squeeze_core.spreadsheet import defused

_FONT = "Arial"
_INK, _QUIET = "#1B1F24", "#5B636D"


def write(deck: tuple[Slide, ...]) -> bytes:
    """The .pptx file's bytes."""
    file = Presentation()
    file.slide_width, file.slide_height = _emu(WIDTH), _emu(HEIGHT)
    file.core_properties.title = _printable(deck[0].branding.title)
    file.core_properties.author = _printable(deck[0].branding.name) or "Squeeze Lab"
    for slide in deck:
        _add(file, slide)
    buffer = io.BytesIO()
    file.save(buffer)
    return buffer.getvalue()


def _add(file: Any, slide: Slide) -> None:
    sheet = file.slides.add_slide(file.slide_layouts[5])  # title only
    branding, shape, size = slide.branding, sheet.shapes.title, slides.title_size(slide)
    width = WIDTH - 2 * MARGIN - (slides.LOGO[0] + 16 if branding.logo else 0)
    top = 150 if slide.first else 200 if slide.section is None else 26
    shape.left, shape.top, shape.width, shape.height = map(_emu, (MARGIN, top, width, 2.1 * LINE * size))
    shape.text_frame.vertical_anchor = MSO_ANCHOR.TOP
    _write(shape.text_frame, [slide.title], size, _INK, True)
    bar = sheet.shapes.add_shape(MSO_SHAPE.RECTANGLE, *map(_emu, (0, 0, 12, HEIGHT)))
    _fill(bar, branding.color)
    if slide.first:
        _text(sheet, [branding.title], (MARGIN, 52, width, 56), 20, readable(branding.color), bold=True)
        if branding.name:
            _text(sheet, [branding.name], (MARGIN, 110, width, 20), 15, _QUIET)
    if branding.logo:
        scale = min(slides.LOGO[0] / branding.logo.width, slides.LOGO[1] / branding.logo.height)
        wide, tall = scale * branding.logo.width, scale * branding.logo.height
        _picture(sheet, branding.logo, (WIDTH - MARGIN - wide, 26, wide, tall), "Logo")
    for part, box in slides.placed(slide):
        _part(sheet, part, box, slide)
    if slide.source:
        y = slides.source_top(slide)
        place = (MARGIN, y, WIDTH - 2 * MARGIN, HEIGHT - 30 - y)
        _text(sheet, [slide.source], place, SOURCE_SIZE, _QUIET)
    foot = " · ".join(part for part in (branding.name, branding.title) if part)
    _text(sheet, [foot], (MARGIN, HEIGHT - 24, WIDTH - 240, 16), 9, _QUIET)
    number = (WIDTH - MARGIN - 100, HEIGHT - 24, 100, 16)
    _text(sheet, [f"{slide.number} / {slide.count}"], number, 9, _QUIET, align=PP_ALIGN.RIGHT)
    if slide.section is not None:
        notes = [slide.section.notes, slide.source]
        sheet.notes_slide.notes_text_frame.text = "\n\n".join(_printable(line) for line in notes if line)


def _part(sheet: Any, part: Part, box: Box, slide: Slide) -> None:
    if draw := _DRAWN.get(type(part)):
        draw(sheet, part, box)
    elif isinstance(part, Words):
        size = slides.words_size(part, box[2], box[3])
        _text(sheet, list(part.sentences), box, size, _INK, space=0.35 * size)
    elif isinstance(part, Heading):
        _text(sheet, [part.text], box, 14, _INK, bold=True)
    elif isinstance(part, Facts):
        _facts(sheet, part, box, readable(slide.branding.color))


def _facts(sheet: Any, part: Facts, box: Box, color: str) -> None:
    step = box[2] / len(part.facts)
    for number, (value, words) in enumerate(part.facts):
        left = box[0] + number * step
        _text(sheet, [value], (left, box[1], step - 12, 52), 40, color, bold=True)
        _text(sheet, [words], (left, box[1] + 58, step - 24, 60), 14, _QUIET)


def _bars(sheet: Any, part: Bars, box: Box) -> None:
    """Bars that begin at zero, each labelled with its value in words."""
    bars = part.bars[::-1]  # PowerPoint's first bar is the lowest
    data = CategoryChartData(number_format="General")
    data.categories = [_cell(bar.name) for bar in bars]
    data.add_series(_cell(part.axis or "Value"), [bar.value for bar in bars])
    chart = _chart(sheet, XL_CHART_TYPE.BAR_CLUSTERED, data, part.alt, box)
    plot, values = chart.plots[0], chart.value_axis
    plot.gap_width = 60
    chart.category_axis.format.line.color.rgb = _rgb(_QUIET)
    size = Pt(min(14, max(9, 0.36 * box[3] / len(bars))))
    chart.category_axis.tick_labels.font.size = size
    for point, bar in zip(plot.series[0].points, bars, strict=True):
        point.format.fill.solid()
        point.format.fill.fore_color.rgb = _rgb(bar.color)
        frame = point.data_label.text_frame
        frame.text, frame.word_wrap = _printable(bar.label), False
        font = frame.paragraphs[0].runs[0].font
        font.size, font.bold, font.color.rgb = size, True, _rgb(_INK)
        point.data_label.position = XL_LABEL_POSITION.OUTSIDE_END
    # To the right of the longest bar its label needs room.
    widest = max(len(bar.label) for bar in bars)
    values.minimum_scale = 0
    values.maximum_scale = part.range[1] * (1 + min(0.6, 0.011 * widest * 874 / box[2]))
    if part.axis:
        _dress(values, part.axis, _number_format(part.range[1], part.unit))
        values.major_unit = part.ticks[1][0]
    else:
        values.tick_label_position = XL_TICK_LABEL_POSITION.NONE
        values.has_major_gridlines = False
        values.format.line.fill.background()


def _number_format(largest: float, unit: str) -> str:
    """A spreadsheet's number format for axis labels: 138357544 shows as "138 M"."""
    if unit == "%":
        return "0%"
    for scale, commas, prefix in ((1e9, ",,,", "G"), (1e6, ",,", "M"), (1e3, ",", "k"), (1, "", "")):
        if largest >= scale:
            digits = "0" if largest >= 8 * scale else "0.0"
            return f'{digits}{commas}" {prefix}{unit}"'
    return f'0.###" {unit}"'


def _bubbles(sheet: Any, part: Bubbles, box: Box) -> None:
    data = BubbleChartData()
    order = sorted(part.bubbles, key=lambda one: (one.chosen, -one.area))
    for one in order:
        data.add_series(_cell(one.name)).add_data_point(one.x, one.y, one.area)
    chart = _chart(sheet, XL_CHART_TYPE.BUBBLE, data, part.alt, box)
    chart.plots[0].bubble_scale = 22
    for one, series in zip(order, chart.plots[0].series, strict=True):
        fill = series.format.fill
        if one.chosen:
            fill.solid()
            fill.fore_color.rgb = _rgb(one.color)
            _name_label(series, _label_side(one, order, part))
        else:
            fill.background()
        series.format.line.color.rgb = _rgb(one.color)
    x, y = chart.category_axis, chart.value_axis
    costs = [one.x for one in order]
    _dress(x, part.x_axis, _number_format(max(costs), part.unit))
    _make_logarithmic(x, min(costs), max(costs))
    _dress(y, part.y_axis, '0"%"')
    y.minimum_scale, y.maximum_scale = part.y_range
    y.major_unit = 5


def _label_side(one: Bubble, others: list[Bubble], part: Bubbles) -> Any:
    """Right of the bubble; where a chosen one's name or bubble is in the way, left of it, or else below."""
    (left, right), (low, high) = part.x_range, part.y_range
    level = [
        math.log(other.x / one.x) / math.log(right / left)  # to the right, as a share of the axis
        for other in others
        if other.chosen and other is not one and abs(other.y - one.y) <= 0.09 * (high - low)
    ]
    if not any(0 <= distance < 0.25 for distance in level):
        return XL_LABEL_POSITION.RIGHT
    free = not any(-0.5 < distance < 0 for distance in level)
    return XL_LABEL_POSITION.LEFT if free else XL_LABEL_POSITION.BELOW


def _name_label(series: Any, side: Any) -> None:
    label = series.points[0].data_label
    label.font.size, label.font.bold, label.font.color.rgb = Pt(13), True, _rgb(_INK)
    label.position = side
    shown = label._dLbl  # python-pptx cannot show a series' name
    for tag in ("c:showVal", "c:showBubbleSize", "c:showCatName"):
        shown.find(qn(tag)).set("val", "0")
    shown.find(qn("c:showSerName")).set("val", "1")


def _shares(sheet: Any, part: Tiles, box: Box) -> None:
    """PowerPoint's own treemap is not in the format that all programs read: the largest parts as bars."""
    total = sum(tile.value for tile in part.tiles)
    tiles = sorted(part.tiles, key=lambda tile: -tile.value)
    named = [(tile.name, tile.value / total) for tile in tiles[:7]]
    if tiles[7:]:
        named.append(("all others", sum(tile.value for tile in tiles[7:]) / total))
    bars = tuple(Bar(name, share, percent(share), part.color) for name, share in named)
    _bars(sheet, Bars(bars, "Share of the network’s parameters", "%"), box)


def _squares(sheet: Any, part: Squares, box: Box) -> None:
    """Shapes that can be moved and coloured, nested and to one scale; their names stand beside them."""
    left, top, width, height = box
    side = min(height, 0.62 * width)
    for one in part.squares:
        edge = side * math.sqrt(one.value / part.squares[0].value)
        shape = sheet.shapes.add_shape(
            MSO_SHAPE.RECTANGLE, *map(_emu, (left, top + side - edge, edge, edge))
        )
        _fill(shape, one.color, "#FFFFFF")
        _describe(shape, f"{one.name}: {one.label}")
    beside = left + side + 16
    pitch = min(44, side / len(part.squares))
    for number, one in enumerate(part.squares):
        y = top + side - pitch * (len(part.squares) - number)
        key = sheet.shapes.add_shape(MSO_SHAPE.RECTANGLE, *map(_emu, (beside, y + 3, 11, 11)))
        _fill(key, one.color)
        _text(sheet, [one.name, one.label], (beside + 18, y, left + width - beside - 18, pitch), 12, _INK)


def _photo(sheet: Any, part: Photo, box: Box) -> None:
    left, top, width, height = box
    words = min(3 * LINE * 11, slides.text_height(part.caption, 11, width)) if part.caption else 0
    scale = min(width / part.image.width, (height - words - 6) / part.image.height)
    wide, tall = scale * part.image.width, scale * part.image.height
    image = part.image.copy()
    image.thumbnail((1200, 1200))
    _picture(sheet, image, (left, top, wide, tall), part.alt)
    if part.caption:
        _text(sheet, [part.caption], (left, top + tall + 4, width, words), 11, _QUIET)


def _picture(sheet: Any, image: Image.Image, box: Box, alt: str) -> None:
    _describe(sheet.shapes.add_picture(io.BytesIO(encoded(image)), *map(_emu, box)), alt)


def _table(sheet: Any, part: Table, box: Box) -> None:
    size, widths = slides.table_size(part, box[2], box[3])
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
            _write(cell.text_frame, [text], size, _INK, y == 0, margins=False)


def _chart(sheet: Any, kind: Any, data: Any, alt: str, box: Box) -> Any:
    frame = sheet.shapes.add_chart(kind, *map(_emu, box), data)
    _describe(frame, alt)
    chart = frame.chart
    chart.has_legend = chart.has_title = False
    chart.font.size, chart.font.name, chart.font.color.rgb = Pt(13), _FONT, _rgb(_INK)
    return chart


def _dress(axis: Any, title: str, number_format: str) -> None:
    """The axis named, with quiet grid lines and no line of its own."""
    axis.has_title = True
    axis.axis_title.text_frame.text = title
    font = axis.axis_title.text_frame.paragraphs[0].runs[0].font
    font.size, font.bold, font.color.rgb = Pt(11.5), False, _rgb(_QUIET)
    axis.tick_labels.font.size = Pt(11.5)
    axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = number_format, False
    axis.has_major_gridlines = True
    axis.major_gridlines.format.line.color.rgb = RGBColor(0xDD, 0xE1, 0xE6)
    axis.format.line.fill.background()


def _make_logarithmic(axis: Any, low: float, high: float) -> None:
    """Base 10, between the powers of ten around: PowerPoint marks a logarithmic axis at these only."""
    axis.minimum_scale, axis.maximum_scale = (
        10 ** math.floor(math.log10(low)),
        10 ** math.ceil(math.log10(high)),
    )
    scaling = axis._element.find(qn("c:scaling"))
    base = etree.Element(qn("c:logBase"), val="10")
    scaling.insert(0, base)  # first in c:scaling (ECMA-376)
    # The other axis must cross at the low end, or it would stand at 1.
    for crosses in axis._element.getparent().iter(qn("c:crosses")):
        crosses.set("val", "min")


def _text(sheet: Any, paragraphs: list[str], box: Box, size: float, color: str, **style: Any) -> None:
    """A text box; `style` as in `_write`."""
    shape = sheet.shapes.add_textbox(*map(_emu, box))
    _write(shape.text_frame, paragraphs, size, color, **style)


def _write(
    frame: Any,
    paragraphs: list[str],
    size: float,
    color: str,
    bold: bool = False,
    space: float = 0,
    align: Any = PP_ALIGN.LEFT,
    margins: bool = True,
) -> None:
    frame.word_wrap = True
    if margins:
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    frame.text = "\n".join(map(_printable, paragraphs))
    for paragraph in frame.paragraphs:
        paragraph.alignment, paragraph.space_after = align, Pt(space)
        for run in paragraph.runs:
            font = run.font
            font.size, font.bold, font.name = Pt(size), bold, _FONT
            font.color.rgb = _rgb(color)


def _fill(shape: Any, color: str, stroke: str | None = None) -> None:
    shape.shadow.inherit = False
    shape.fill.solid()
    shape.fill.fore_color.rgb = _rgb(color)
    if stroke:
        shape.line.color.rgb, shape.line.width = _rgb(stroke), Pt(1)
    else:
        shape.line.fill.background()


def _describe(shape: Any, alt: str) -> None:
    """Gives a picture, chart or table its text alternative."""
    shape._element.xpath(".//p:cNvPr")[0].set("descr", _printable(alt))


def _printable(text: str) -> str:
    """The text without characters that XML cannot hold."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _cell(text: str) -> str:
    """Text for a cell of a chart's workbook, which computes nothing."""
    return defused(_printable(text))


def _emu(points: float) -> Emu:
    return Emu(round(12_700 * points))


def _rgb(color: str) -> RGBColor:
    return RGBColor.from_string(color.lstrip("#").upper())


_DRAWN: dict[type, Callable[[Any, Any, Box], None]] = {
    Bars: _bars,
    Bubbles: _bubbles,
    Squares: _squares,
    Tiles: _shares,
    Photo: _photo,
    Table: _table,
}
