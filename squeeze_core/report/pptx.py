"""The report as a PowerPoint file: native, editable charts, and what a speaker says in the notes.

Slides are 13⅓ × 7½ inches; places and sizes are in points.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Sequence
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
from pptx.util import Pt

from squeeze_core.cost.units import percent
from squeeze_core.figures.bubble_names import places
from squeeze_core.figures.charts import Bar, Bars, Bubbles, Squares, Tiles
from squeeze_core.figures.maps import encoded, for_screen
from squeeze_core.figures.style import readable
from squeeze_core.report import Branding, Report
from squeeze_core.report.parts import Facts, Heading, Part, Photo, Section, Table, Words, written
from squeeze_core.report.sections import USUAL, sections
from squeeze_core.spreadsheet import defused

WIDTH, HEIGHT = 960.0, 540.0
MARGIN, GAP = 43.0, 22.0
TOP, BOTTOM = 98.0, 460.0  # of what stands between title and sources
INSIDE = WIDTH - 2 * MARGIN
_LOGO = (110.0, 34.0)
_FONT = "Arial"
_INK, _QUIET = "#1B1F24", "#5B636D"
Box = tuple[float, float, float, float]  # left, top, width, height


def slides(report: Report, keys: Iterable[str] = USUAL) -> tuple[Section, ...]:
    """The slides' contents: the main sections, then the others behind a slide of their own."""
    chosen = sections(report, keys)
    main, rest = ([one for one in chosen if one.main == first] for first in (True, False))
    return (*main, *([Section("Appendix", (), "")] if main and rest else []), *rest)


def write(report: Report, keys: Iterable[str] = USUAL) -> bytes:
    """The .pptx file's bytes, of the sections of those keys."""
    deck, branding = slides(report, keys), report.branding
    file = Presentation()
    file.slide_width, file.slide_height = Pt(WIDTH), Pt(HEIGHT)
    file.core_properties.title = _printable(branding.title)
    file.core_properties.author = _printable(branding.name) or "Squeeze Lab"
    for number, section in enumerate(deck, 1):
        _add(file, section, f"{number} / {len(deck)}", branding)
    buffer = io.BytesIO()
    file.save(buffer)
    return buffer.getvalue()


def _add(file: Any, section: Section, number: str, branding: Branding) -> None:
    sheet = file.slides.add_slide(file.slide_layouts[5])  # title only
    first, shape = section.key == "finding", sheet.shapes.title
    width = INSIDE - (_LOGO[0] + 16 if branding.logo else 0)
    size = 34 if first or not section.columns else 27 if len(section.title) < 100 else 20
    top = 150 if first else 26 if section.columns else 200
    shape.left, shape.top, shape.width, shape.height = map(Pt, (MARGIN, top, width, 2.6 * size))
    shape.text_frame.vertical_anchor = MSO_ANCHOR.TOP
    _write(shape.text_frame, [section.title], size, _INK, True)
    _fill(sheet.shapes.add_shape(MSO_SHAPE.RECTANGLE, *map(Pt, (0, 0, 12, HEIGHT))), branding.color)
    if first:
        _text(sheet, [branding.title], (MARGIN, 52, width, 56), 20, readable(branding.color), bold=True)
        _text(sheet, [branding.name], (MARGIN, 110, width, 20), 15, _QUIET)
    if branding.logo:
        _picture(sheet, branding.logo, (WIDTH - MARGIN - _LOGO[0], 26, *_LOGO), "Logo")
    for part, box in placed(section):
        if isinstance(part, Facts):
            _facts(sheet, part, box, readable(branding.color))
        else:
            _DRAWN[type(part)](sheet, part, box)
    source = f"Source: {section.source}" if section.source else ""
    _text(sheet, [source], (MARGIN, BOTTOM + 8, INSIDE, 44), 9, _QUIET)
    foot = " · ".join(part for part in (branding.name, branding.title) if part)
    _text(sheet, [foot], (MARGIN, HEIGHT - 24, INSIDE - 110, 16), 9, _QUIET)
    _text(sheet, [number], (WIDTH - MARGIN - 100, HEIGHT - 24, 100, 16), 9, _QUIET, align=PP_ALIGN.RIGHT)
    notes = filter(None, (section.notes, source))
    sheet.notes_slide.notes_text_frame.text = "\n\n".join(map(_printable, notes))


def placed(section: Section) -> list[tuple[Part, Box]]:
    """Every part of the slide and its place."""
    top, columns = 300.0 if section.key == "finding" else TOP, section.columns
    # Sentences beside a chart need less room than it does.
    shares = [0.42 if all(isinstance(part, Words) for part in parts) else 1.0 for parts in columns]
    found: list[tuple[Part, Box]] = []
    left = MARGIN
    for share, parts in zip(shares, columns, strict=True):
        width = (INSIDE - GAP * (len(columns) - 1)) * share / sum(shares)
        needs = [_height(part, width) if len(parts) > 1 else None for part in parts]
        rest = BOTTOM - top - 10 * (len(parts) - 1) - sum(filter(None, needs))
        y = top
        for part, need in zip(parts, needs, strict=True):
            tall = need or rest / needs.count(None)
            if isinstance(part, Bars):
                tall = min(tall, 58 * len(part.bars) + 44)
            found.append((part, (left, y, width, tall)))
            y += tall + 10
        left += width + GAP
    return found


def _height(part: Part, width: float) -> float | None:
    """The height that the part needs, or None for one that takes what there is."""
    if isinstance(part, Heading):
        return _tall([part.text], 14, width)
    return _tall(part.sentences, 16, width) if isinstance(part, Words) else None


def _tall(texts: Sequence[str], size: float, width: float) -> float:
    """About the height of paragraphs in lines of that width."""
    return sum(1.25 * size * math.ceil(0.57 * size * len(text) / width) + 0.35 * size for text in texts)


def _words(sheet: Any, part: Words, box: Box) -> None:
    size = next((size for size in (16, 13) if _tall(part.sentences, size, box[2]) <= box[3]), 10)
    _text(sheet, part.sentences, box, size, _INK, space=0.35 * size)


def _heading(sheet: Any, part: Heading, box: Box) -> None:
    _text(sheet, [part.text], box, 14, _INK, bold=True)


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
        return '0" %"'
    for scale, commas, prefix in ((1e9, ",,,", "G"), (1e6, ",,", "M"), (1e3, ",", "k"), (1, "", "")):
        if largest >= scale:
            digits = "0" if largest >= 8 * scale else "0.0"
            return f'{digits}{commas}" {prefix}{unit}"'
    return f'0.###" {unit}"'


def _bubbles(sheet: Any, part: Bubbles, box: Box) -> None:
    data = BubbleChartData()
    named = places(part)
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
        else:
            fill.background()
        if one.name in named:
            _name_label(series, getattr(XL_LABEL_POSITION, named[one.name][0].upper()), one.chosen)
        series.format.line.color.rgb = _rgb(one.color)
    x, y = chart.category_axis, chart.value_axis
    costs = [one.x for one in order]
    _dress(x, part.x_axis, _number_format(max(costs), part.unit))
    _make_logarithmic(x, min(costs), max(costs))
    _dress(y, part.y_axis, '0" %"')
    y.minimum_scale, y.maximum_scale = part.y_range
    y.major_unit = 5


def _name_label(series: Any, side: Any, bold: bool) -> None:
    label = series.points[0].data_label
    label.font.size, label.font.bold, label.font.color.rgb = Pt(12), bold, _rgb(_INK)
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
        shape = sheet.shapes.add_shape(MSO_SHAPE.RECTANGLE, *map(Pt, (left, top + side - edge, edge, edge)))
        _fill(shape, one.color, "#FFFFFF")
        _describe(shape, f"{one.name}: {one.label}")
    beside = left + side + 16
    pitch = min(44, side / len(part.squares))
    for number, one in enumerate(part.squares):
        y = top + side - pitch * (len(part.squares) - number)
        key = sheet.shapes.add_shape(MSO_SHAPE.RECTANGLE, *map(Pt, (beside, y + 3, 11, 11)))
        _fill(key, one.color)
        _text(sheet, [one.name, one.label], (beside + 18, y, left + width - beside - 18, pitch), 12, _INK)


def _photo(sheet: Any, part: Photo, box: Box) -> None:
    left, top, width, height = box
    words = min(42, _tall([part.caption], 11, width)) if part.caption else 0
    image = for_screen(part.image, 1200)
    tall = _picture(sheet, image, (left, top, width, height - words - 6), part.alt)
    _text(sheet, [part.caption], (left, top + tall + 4, width, words), 11, _QUIET)


def _picture(sheet: Any, image: Image.Image, box: Box, alt: str) -> float:
    """The picture as large as fits, at the top of its place; its height."""
    scale = min(box[2] / image.width, box[3] / image.height)
    place = (*box[:2], scale * image.width, scale * image.height)
    _describe(sheet.shapes.add_picture(io.BytesIO(encoded(image)), *map(Pt, place)), alt)
    return place[3]


def _table(sheet: Any, part: Table, box: Box) -> None:
    names = list(part.rows[0])
    cells = [[*name.split(), *(written(row[name]) for row in part.rows)] for name in names]
    longest = [min(28, max(map(len, column))) + 2 for column in cells]
    size = min(14, box[2] / (0.57 * sum(longest)))
    count = len(part.rows) + 1
    pitch = min(2.1 * size, box[3] / count)
    frame = sheet.shapes.add_table(count, len(names), *map(Pt, (box[0], box[1], box[2], pitch * count)))
    _describe(frame, part.alt)
    table = frame.table
    for row in table.rows:
        row.height = Pt(pitch)
    for x, (column, width) in enumerate(zip(names, longest, strict=True)):
        table.columns[x].width = Pt(box[2] * width / sum(longest))
        for y, text in enumerate([column, *(written(row[column]) for row in part.rows)]):
            cell = table.cell(y, x)
            cell.margin_top = cell.margin_bottom = cell.margin_left = cell.margin_right = Pt(3)
            cell.fill.solid()
            cell.fill.fore_color.rgb = RGBColor(0xE9, 0xEC, 0xEF) if y == 0 else RGBColor(255, 255, 255)
            cell.vertical_anchor = MSO_ANCHOR.MIDDLE
            _write(cell.text_frame, [text], size, _INK, y == 0)


def _chart(sheet: Any, kind: Any, data: Any, alt: str, box: Box) -> Any:
    frame = sheet.shapes.add_chart(kind, *map(Pt, box), data)
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


def _text(sheet: Any, paragraphs: Sequence[str], box: Box, size: float, color: str, **style: Any) -> None:
    """A text box, where there is text; `style` as in `_write`."""
    if not any(paragraphs):
        return
    shape = sheet.shapes.add_textbox(*map(Pt, box))
    _write(shape.text_frame, paragraphs, size, color, **style)


def _write(
    frame: Any,
    paragraphs: Sequence[str],
    size: float,
    color: str,
    bold: bool = False,
    space: float = 0,
    align: Any = PP_ALIGN.LEFT,
) -> None:
    frame.word_wrap = True
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


def _rgb(color: str) -> RGBColor:
    return RGBColor.from_string(color.lstrip("#").upper())


_DRAWN: dict[type, Callable[[Any, Any, Box], None]] = {
    Words: _words,
    Heading: _heading,
    Bars: _bars,
    Bubbles: _bubbles,
    Squares: _squares,
    Tiles: _shares,
    Photo: _photo,
    Table: _table,
}
