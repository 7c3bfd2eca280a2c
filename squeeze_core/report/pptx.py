"""The report as a PowerPoint file: native, editable charts, and what a speaker says in the notes.

Title, body, footer and number are the layout's own placeholders, charts and tables stand in them, and fonts
and colours are the theme's: a company's template takes effect. Places and sizes are in points.
"""

from __future__ import annotations

import copy
import io
import math
import re
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

from lxml import etree
from pptx import Presentation
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_MARKER_STYLE, XL_TICK_LABEL_POSITION
from pptx.enum.dml import MSO_LINE, MSO_THEME_COLOR
from pptx.enum.shapes import MSO_SHAPE, PP_PLACEHOLDER
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml.ns import qn
from pptx.shapes.placeholder import ChartPlaceholder, PicturePlaceholder, TablePlaceholder
from pptx.util import Pt

from squeeze_core.cost.units import percent
from squeeze_core.errors import UserError
from squeeze_core.figures.bubble_names import diameter, places
from squeeze_core.figures.charts import Bar, Bars, Bubbles, Squares, Tiles
from squeeze_core.figures.maps import encoded, for_screen
from squeeze_core.figures.style import mixed, readable
from squeeze_core.report import Branding, Report
from squeeze_core.report.parts import Facts, Heading, Part, Photo, Section, Table, Words, written
from squeeze_core.report.sections import USUAL, sections
from squeeze_core.spreadsheet import defused

_SIZE = (960.0, 540.0)
_GAP, _SOURCES = 18.0, 44.0  # between parts; the strip of sources under them
_LOGO = (110.0, 34.0)
_LEAST = 12.0  # no text is smaller but sources
_MOST_BYTES = 200_000_000  # of a template, unpacked
# Of a layout and of a master, in hundredths of a point.
_TITLE_SIZES = ".//p:sp[.//p:ph[@type='title']]//a:defRPr/@sz | .//p:titleStyle/a:lvl1pPr/a:defRPr/@sz"
_TABLE_STYLE = "{3B4B98B0-60AC-42C2-AFA5-B58CD77FA1E5}"  # "Light Style 1 - Accent 1", for light and dark
_GREY = RGBColor(0x80, 0x86, 0x91)
Box = tuple[float, float, float, float]  # left, top, width, height


class TemplateError(UserError):
    """A file cannot serve as template; the message is one sentence for people."""


def slides(report: Report, keys: Iterable[str] = USUAL) -> tuple[Section, ...]:
    """The slides' contents: the main sections, then the appendix."""
    return tuple(sorted(sections(report, keys), key=lambda section: not section.main))


def write(report: Report, keys: Iterable[str] = USUAL) -> bytes:
    """The .pptx file's bytes, of the sections of those keys. TemplateError where its template is none."""
    branding = report.branding
    file = _plain(branding.color) if branding.template is None else opened(branding.template)
    file.core_properties.title = _printable(f"{branding.title} · SqueezeNet 1.1")
    file.core_properties.author = _printable(branding.name) or "Squeeze Lab"
    for section in slides(report, keys):
        _add(file, section, branding)
    buffer = io.BytesIO()
    file.save(buffer)
    return buffer.getvalue()


def opened(template: bytes) -> Any:
    """A presentation without slides, of a .potx or .pptx file's bytes. TemplateError for another file, one
    with macros, and one without a layout for title and content."""
    try:
        with zipfile.ZipFile(io.BytesIO(template)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
                raise TemplateError("The template is too large.")
            kinds = archive.read("[Content_Types].xml")
            if b"macroEnabled" in kinds:
                raise TemplateError("A template with macros is not used; save it as .potx.")
            # python-pptx opens presentations only.
            kinds = kinds.replace(b"presentationml.template.main", b"presentationml.presentation.main")
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as copied:
                for entry in archive.infolist():
                    data = kinds if entry.filename == "[Content_Types].xml" else archive.read(entry)
                    copied.writestr(entry.filename, data)
        file = Presentation(buffer)
        _without_slides(file)
        _layout(file, 1)
    except TemplateError:
        raise
    except Exception as error:  # whatever a damaged file makes the libraries raise
        raise TemplateError("The template is no PowerPoint file (.potx or .pptx) that opens.") from error
    return file


def _without_slides(file: Any) -> None:
    listed = file.slides._sldIdLst
    for slide in list(listed):
        file.part.drop_rel(slide.rId)
        listed.remove(slide)


def _plain(color: str) -> Any:
    """python-pptx's own template, 16:9, with that colour as the accent and at the slides' edge."""
    file = Presentation()
    wide, tall = _SIZE
    file.slide_width, file.slide_height = Pt(wide), Pt(tall)
    left, half = (44.0, 100.0, wide - 88, 404.0), (wide - 88 - _GAP) / 2
    boxes = {
        PP_PLACEHOLDER.TITLE: (44.0, 22.0, wide - 88, 66.0),
        PP_PLACEHOLDER.BODY: left,
        PP_PLACEHOLDER.DATE: (-200.0, 508.0, 10.0, 20.0),
        PP_PLACEHOLDER.FOOTER: (44.0, 508.0, 700.0, 20.0),
        PP_PLACEHOLDER.SLIDE_NUMBER: (wide - 144, 508.0, 100.0, 20.0),
    }
    master = file.slide_master
    for shape in master.placeholders:
        _place(shape, boxes[shape.placeholder_format.type])
        if shape.placeholder_format.type == PP_PLACEHOLDER.FOOTER:
            shape._element.find(f".//{qn('a:lvl1pPr')}").set("algn", "l")
    for shape, x in zip(_contents(file.slide_layouts[3]), (44.0, 44 + half + _GAP), strict=True):
        _place(shape, (x, left[1], half, left[3]))
    title = master._element.find(f".//{qn('p:titleStyle')}/{qn('a:lvl1pPr')}")
    title.set("algn", "l")
    title.find(qn("a:defRPr")).set("sz", "2800")
    title.find(qn("a:defRPr")).set("b", "1")
    theme = master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    accent = f"<a:accent1><a:srgbClr val='{readable(color)[1:]}'/></a:accent1>".encode()
    blob = re.sub(rb"<a:accent1>.*?</a:accent1>", accent, theme.blob, flags=re.S)
    theme._blob = blob.replace(b'"Calibri"', b'"Arial"')
    edge = file.slides.add_slide(file.slide_layouts[6]).shapes.add_shape(
        MSO_SHAPE.RECTANGLE, *map(Pt, (0, 0, 12, tall))
    )
    edge.fill.solid()
    edge.fill.fore_color.rgb = _rgb(color)
    edge.line.fill.background()
    master.shapes._spTree.insert(2, edge._element)
    _without_slides(file)
    return file


def _contents(sheet: Any) -> list[Any]:
    """The placeholders of a layout or slide that take text, charts and tables, from left to right."""
    found = [one for one in sheet.placeholders if one.placeholder_format.type == PP_PLACEHOLDER.OBJECT]
    return sorted(found, key=lambda shape: shape.left)


def _layout(file: Any, columns: int) -> Any:
    """The layout with a title and so many contents, else with one; TemplateError where there is none."""
    plain: dict[int, Any] = {}
    for layout in file.slide_layouts:
        kinds = [shape.placeholder_format.type for shape in layout.placeholders]
        others = {PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.PICTURE}.intersection(kinds)
        if PP_PLACEHOLDER.TITLE in kinds and not others:
            plain.setdefault(kinds.count(PP_PLACEHOLDER.OBJECT), layout)
    if columns not in plain and 1 not in plain:
        raise TemplateError(
            "The template has no layout with a title and one content, as “Title and Content”."
        )
    return plain.get(columns) or plain[1]


def _add(file: Any, section: Section, branding: Branding) -> None:
    layout = _layout(file, len(section.columns))
    sheet = file.slides.add_slide(layout)
    title = sheet.shapes.title
    title.text_frame.text = _printable(section.title)
    _shrink(title, section.title, _title_size(layout))
    contents = _contents(sheet)
    area = _union([_box(shape) for shape in contents])
    if branding.logo:
        left, top, width, tall = _box(title)
        _place(title, (left, top, width - _LOGO[0] - _GAP, tall))
        logo = sheet.shapes.add_picture(io.BytesIO(encoded(branding.logo)), 0, 0)
        _fit(logo, (left + width - _LOGO[0], top, *_LOGO))
        _describe(logo, "Logo")
    for part, box, first in placed(section, (*area[:3], area[3] - _SOURCES)):
        _draw(sheet, part, box, contents.pop(0) if first and contents else None)
    for unused in contents:
        unused._element.getparent().remove(unused._element)
    source = f"Source: {section.source}" if section.source else ""
    if source:
        strip = sheet.shapes.add_textbox(*map(Pt, (area[0], area[1] + area[3] - _SOURCES + 6, area[2], 38)))
        size = next((one for one in (10, 9, 8) if _tall([source], one, area[2]) <= 42), 7)
        _write(strip.text_frame, [source], size)
    foot = [part for part in ("" if section.main else "Appendix", branding.name, branding.title) if part]
    for shape in layout.placeholders:
        kind = shape.placeholder_format.type
        if kind in (PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER):
            sheet.shapes._spTree.append(copy.deepcopy(shape._element))
        if kind == PP_PLACEHOLDER.FOOTER:
            while (
                len(foot) > 1 and 6 * len(" · ".join(foot)) > shape.width.pt - 14
            ):  # one line of 12 points
                foot.pop()
            frame = sheet.placeholders[shape.placeholder_format.idx].text_frame
            frame.text = _printable(" · ".join(foot))
            frame.paragraphs[0].runs[0].font.name = "+mn-lt"  # the theme's
    notes = filter(None, (section.notes, source))
    sheet.notes_slide.notes_text_frame.text = "\n\n".join(map(_printable, notes))


def _title_size(layout: Any) -> float:
    """Points of the layout's titles."""
    styles = (layout._element, layout.slide_master._element)
    found = (size for style in styles for size in style.xpath(_TITLE_SIZES))
    return int(next(found, 4400)) / 100


def _shrink(shape: Any, text: str, size: float) -> None:
    """Smaller letters for the text where it would not fit into its place in those of `size` points."""
    _, _, width, height = _box(shape)
    smaller = (
        one for one in (size, 36, 32, 28, 24) if one <= size and _tall([text], one, width - 14) <= height
    )
    chosen = next(smaller, 20)
    if chosen < size:
        for run in shape.text_frame.paragraphs[0].runs:
            run.font.size = Pt(chosen)


def placed(section: Section, area: Box) -> list[tuple[Part, Box, bool]]:
    """Every part of the slide, its place, and whether it is its column's first of weight."""
    columns = section.columns
    # Sentences beside a chart need less room than it does.
    shares = [0.5 if all(isinstance(part, Words) for part in parts) else 1.0 for parts in columns]
    found: list[tuple[Part, Box, bool]] = []
    left = area[0]
    for share, parts in zip(shares, columns, strict=True):
        width = (area[2] - _GAP * (len(columns) - 1)) * share / sum(shares)
        needs = [_height(part, width) if len(parts) > 1 else None for part in parts]
        rest = area[3] - 10 * (len(parts) - 1) - sum(filter(None, needs))
        y, weighty = area[1], [not isinstance(part, Heading) for part in parts]
        for number, (part, need) in enumerate(zip(parts, needs, strict=True)):
            tall = need or rest / needs.count(None)
            if isinstance(part, Bars):
                tall = min(tall, 72 * len(part.bars) + 50)
            found.append((part, (left, y, width, tall), weighty[number] and not any(weighty[:number])))
            y += tall + 10
        left += width + _GAP
    return found


def _height(part: Part, width: float) -> float | None:
    """The height that the part needs, or None for one that takes what there is."""
    if isinstance(part, Heading):
        return _tall([part.text], 16, width)
    return _tall(part.sentences, 16, width) if isinstance(part, Words) else None


def _tall(texts: Sequence[str], size: float, width: float) -> float:
    """About the height of paragraphs in lines of that width."""
    return sum(1.2 * size * math.ceil(0.53 * size * len(text) / width) + 0.5 * size for text in texts)


def _draw(sheet: Any, part: Part, box: Box, holder: Any) -> None:
    """Draw the part at its place: in the placeholder `holder`, or where that is None, by itself."""
    if holder is not None:
        _place(holder, box)
    if isinstance(part, Words | Facts | Heading):
        _text(sheet, part, box, holder)
    elif isinstance(part, Bars):
        _bars(sheet, part, box, holder)
    elif isinstance(part, Tiles):
        _bars(sheet, _shares(part), box, holder)
    elif isinstance(part, Bubbles):
        _bubbles(sheet, part, box, holder)
    elif isinstance(part, Squares):  # PowerPoint has no chart of squares
        _bars(sheet, Bars(part.squares, "", "B"), box, holder)
    elif isinstance(part, Photo):
        _photo(sheet, part, box, holder)
    else:
        _table(sheet, part, box, holder)


def _text(sheet: Any, part: Words | Facts | Heading, box: Box, holder: Any) -> None:
    frame = (holder or sheet.shapes.add_textbox(*map(Pt, box))).text_frame
    if isinstance(part, Heading):
        _write(frame, [part.text], 16, bold=True)
        return
    if isinstance(part, Facts):
        _facts(frame, part, box)
        return
    wide = box[2] - (28 if holder else 0)
    sizes = (24, 20, 18, 16, 14)
    size = next((one for one in sizes if _tall(part.sentences, one, wide) <= box[3]), _LEAST)
    _write(frame, part.sentences, size)


def _facts(frame: Any, part: Facts, box: Box) -> None:
    """A line each: the value, large and in the accent colour, and its words beside it."""
    words = [words for _, words in part.facts]
    beside = 0.72 * 32 * max(len(value) for value, _ in part.facts)
    size = next((one for one in (24, 20) if _tall(words, 1.3 * one, box[2] - beside) < box[3]), 16)
    _write(frame, [f"{value}\t{words}" for value, words in part.facts], size)
    for paragraph, (value, said) in zip(frame.paragraphs, part.facts, strict=True):
        properties = paragraph._p.get_or_add_pPr()
        properties.set("marL", str(Pt(beside)))
        properties.set("indent", str(-Pt(beside)))
        properties.append(etree.Element(qn("a:buNone")))
        tabs = etree.SubElement(properties, qn("a:tabLst"))
        etree.SubElement(tabs, qn("a:tab"), pos=str(Pt(beside)), algn="l")
        first, second = paragraph.runs[0], paragraph.add_run()
        paragraph.space_after = Pt(0.6 * size)
        first.text, second.text = _printable(value) + "\t", _printable(said)
        first.font.size, first.font.bold = Pt(1.6 * size), True
        first.font.color.theme_color, second.font.size = MSO_THEME_COLOR.ACCENT_1, Pt(size)


def _bars(sheet: Any, part: Bars, box: Box, holder: Any) -> None:
    """Bars that begin at zero, each labelled with its value in words."""
    bars = part.bars[::-1]  # PowerPoint's first bar is the lowest
    data = CategoryChartData(number_format="General")
    data.categories = [_cell(bar.name) for bar in bars]
    data.add_series(_cell(part.axis or "Value"), [bar.value for bar in bars])
    chart = _chart(sheet, XL_CHART_TYPE.BAR_CLUSTERED, data, part.alt, box, holder)
    plot, values = chart.plots[0], chart.value_axis
    plot.gap_width = 60
    chart.category_axis.format.line.color.rgb = _GREY
    size = Pt(min(16, max(_LEAST, 0.36 * box[3] / len(bars))))
    chart.category_axis.tick_labels.font.size = size
    for point, bar in zip(plot.series[0].points, bars, strict=True):
        point.format.fill.solid()
        point.format.fill.fore_color.rgb = _rgb(bar.color)
        frame = point.data_label.text_frame
        frame.text, frame.word_wrap = _printable(bar.label), False
        font = frame.paragraphs[0].runs[0].font
        font.size, font.bold = size, True
        point.data_label.position = XL_LABEL_POSITION.OUTSIDE_END
    # To the right of the longest bar its label needs room.
    room = max(
        bar.value / part.range[1] + 0.62 * size.pt * len(bar.label) / (0.72 * box[2]) for bar in bars
    )
    values.minimum_scale, values.maximum_scale = 0, part.range[1] * max(1, min(2, room))
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
        return "0 %"
    for scale, commas, prefix in ((1e9, ",,,", "G"), (1e6, ",,", "M"), (1e3, ",", "k"), (1, "", "")):
        if largest >= scale:
            digits = "0" if largest >= 8 * scale else "0.0"
            return f'{digits}{commas}" {prefix}{unit}"'
    return f'0.###" {unit}"'


def _bubbles(sheet: Any, part: Bubbles, box: Box, holder: Any) -> None:
    """A scatter chart, which unlike PowerPoint's bubble chart has room for the line of the best."""
    data, named = XyChartData(), places(part, [(0.85 * box[2], 0.75 * box[3])])
    front = data.add_series(part.legend[2])
    for (x, y), (next_x, _) in zip(part.front, (*part.front[1:], (part.x_range[1], 0)), strict=True):
        front.add_data_point(x, y)
        front.add_data_point(next_x, y)
    order = sorted(part.bubbles, key=lambda one: (one.chosen, -one.area))
    for one in order:
        data.add_series(_cell(one.name)).add_data_point(one.x, one.y)
    chart = _chart(sheet, XL_CHART_TYPE.XY_SCATTER_LINES, data, part.alt, box, holder)
    line, *points = chart.plots[0].series
    line.marker.style, line.smooth = XL_MARKER_STYLE.NONE, False
    line.format.line.color.rgb, line.format.line.width = _GREY, Pt(1.5)
    line.format.line.dash_style = MSO_LINE.ROUND_DOT
    for one, series in zip(order, points, strict=True):
        series.marker.style = XL_MARKER_STYLE.CIRCLE
        series.marker.size = max(6, min(40, round(diameter(part, one))))
        fill = series.marker.format.fill
        fill.solid()
        fill.fore_color.rgb = _rgb(one.color if one.chosen else mixed(one.color, 0.75))
        series.marker.format.line.color.rgb = _rgb(one.color)
        if one.name in named:
            _name_label(series, getattr(XL_LABEL_POSITION, named[one.name][0].upper()), one.chosen)
    x, y = chart.category_axis, chart.value_axis
    costs = [one.x for one in order]
    whole = _number_format(max(costs), part.unit)
    _dress(
        x, part.x_axis, f'[<1000000]0," k{part.unit}";{whole}' if min(costs) < 1e6 < max(costs) else whole
    )
    _make_logarithmic(x, min(costs), max(costs))
    _dress(y, part.y_axis, '0" %"')
    y.minimum_scale, y.maximum_scale = part.y_range
    y.major_unit = 5


def _name_label(series: Any, side: Any, bold: bool) -> None:
    label = series.points[0].data_label
    label.font.size, label.font.bold = Pt(_LEAST), bold
    label.position = side
    shown = label._dLbl  # python-pptx cannot show a series' name
    for tag in ("c:showVal", "c:showBubbleSize", "c:showCatName"):
        shown.find(qn(tag)).set("val", "0")
    shown.find(qn("c:showSerName")).set("val", "1")


def _shares(part: Tiles) -> Bars:
    """PowerPoint's own treemap is not in the format that all programs read: the largest parts as bars."""
    total = sum(tile.value for tile in part.tiles)
    tiles = sorted(part.tiles, key=lambda tile: -tile.value)
    named = [(tile.name, tile.value / total) for tile in tiles[:7]]
    if tiles[7:]:
        named.append(("all others", sum(tile.value for tile in tiles[7:]) / total))
    bars = tuple(Bar(name, share, percent(share), part.color) for name, share in named)
    return Bars(bars, "Share of the network’s parameters", "%")


def _photo(sheet: Any, part: Photo, box: Box, holder: Any) -> None:
    words = min(50, _tall([part.caption], _LEAST, box[2])) if part.caption else 0
    place = (*box[:3], box[3] - words - 6)
    data = io.BytesIO(encoded(for_screen(part.image, 1200)))
    if holder is None:
        shape = sheet.shapes.add_picture(data, 0, 0)
    else:
        shape = PicturePlaceholder(holder._element, holder._parent).insert_picture(data)
    tall = _fit(shape, place)
    _describe(shape, part.alt)
    if part.caption:
        below = sheet.shapes.add_textbox(*map(Pt, (box[0], box[1] + tall + 4, box[2], words)))
        _write(below.text_frame, [part.caption], _LEAST)


def _fit(shape: Any, box: Box) -> float:
    """Make the whole picture as large as fits, at the top of its place; its height."""
    shape.crop_left = shape.crop_right = shape.crop_top = shape.crop_bottom = 0
    wide, tall = shape.image.size
    scale = min(box[2] / wide, box[3] / tall)
    _place(shape, (*box[:2], scale * wide, scale * tall))
    return scale * tall


def _table(sheet: Any, part: Table, box: Box, holder: Any) -> None:
    names = list(part.rows[0])
    cells = [[name, *(written(row[name]) for row in part.rows)] for name in names]
    longest = [
        max(max(map(len, " ".join(column).split())), min(26, max(map(len, column[1:])))) + 3
        for column in cells
    ]
    size = max(_LEAST, min(16, box[2] / (0.57 * sum(longest))))
    count = len(part.rows) + 1
    pitch = min(2.1 * size, box[3] / count)
    if holder is None:
        frame = sheet.shapes.add_table(count, len(names), *map(Pt, box))
    else:
        frame = TablePlaceholder(holder._element, holder._parent).insert_table(count, len(names))
    _place(frame, (*box[:3], pitch * count))
    _describe(frame, part.alt)
    table = frame.table
    frame._element.xpath(".//a:tableStyleId")[0].text = _TABLE_STYLE
    for row in table.rows:
        row.height = Pt(pitch)
    for x, (column, width) in enumerate(zip(cells, longest, strict=True)):
        table.columns[x].width = Pt(box[2] * width / sum(longest))
        for y, text in enumerate(column):
            cell = table.cell(y, x)
            cell.margin_top = cell.margin_bottom = Pt(1)
            cell.margin_left = cell.margin_right = Pt(4)
            _write(cell.text_frame, [text], size, bold=y == 0 or None)


def _chart(sheet: Any, kind: Any, data: Any, alt: str, box: Box, holder: Any) -> Any:
    if holder is None:
        frame = sheet.shapes.add_chart(kind, *map(Pt, box), data)
    else:
        frame = ChartPlaceholder(holder._element, holder._parent).insert_chart(kind, data)
    _describe(frame, alt)
    chart = frame.chart
    chart.has_legend = chart.has_title = False
    chart.font.size = Pt(14)
    return chart


def _dress(axis: Any, title: str, number_format: str) -> None:
    """The axis named, with quiet grid lines and no line of its own."""
    axis.has_title = True
    axis.axis_title.text_frame.text = title
    font = axis.axis_title.text_frame.paragraphs[0].runs[0].font
    font.size, font.bold = Pt(_LEAST), False
    axis.tick_labels.font.size = Pt(_LEAST)
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
    axis.major_unit = 10
    scaling = axis._element.find(qn("c:scaling"))
    base = etree.Element(qn("c:logBase"), val="10")
    scaling.insert(0, base)  # first in c:scaling (ECMA-376)
    # The other axis must cross at the low end, or it would stand at 1.
    for crosses in axis._element.getparent().iter(qn("c:crosses")):
        crosses.set("val", "min")


def _write(frame: Any, paragraphs: Sequence[str], size: float, bold: bool | None = None) -> None:
    """The paragraphs in that size, in the theme's font and colour."""
    frame.word_wrap = True
    frame.text = "\n".join(map(_printable, paragraphs))
    for paragraph in frame.paragraphs:
        for run in paragraph.runs:
            run.font.size, run.font.bold = Pt(size), bold


def _box(shape: Any) -> Box:
    return shape.left.pt, shape.top.pt, shape.width.pt, shape.height.pt


def _union(boxes: Sequence[Box]) -> Box:
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return left, top, right - left, bottom - top


def _place(shape: Any, box: Box) -> None:
    shape.left, shape.top, shape.width, shape.height = map(Pt, box)


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
