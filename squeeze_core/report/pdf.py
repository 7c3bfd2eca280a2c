"""The slides as sheets of a PDF: texts as text, shapes as shapes, one sheet a slide."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from squeeze_core.figures.drawing import (
    ON_WHITE,
    Circle,
    Drawing,
    Item,
    Line,
    Photo,
    Rect,
    Text,
    text_width,
)
from squeeze_core.figures.svg import encoded
from squeeze_core.report.slide import Slide, drawing

_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True))


def write(slides: tuple[Slide, ...]) -> bytes:
    """The .pdf file's bytes."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pageCompression=1)
    canvas.setTitle(slides[0].look.title)
    canvas.setAuthor(slides[0].look.name or "Squeeze Lab")
    for slide in slides:
        sheet = drawing(slide)
        canvas.setPageSize((sheet.width, sheet.height))
        canvas.bookmarkPage(str(slide.number))
        canvas.addOutlineEntry(slide.title, str(slide.number))
        paint(canvas, sheet)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def paint(canvas: Any, sheet: Drawing) -> None:
    """Every item of the drawing on the canvas's page."""
    for item in sheet.items:
        _paint(canvas, item, sheet.height)


def _paint(canvas: Any, item: Item, height: float) -> None:
    # A PDF's y goes upwards.
    if isinstance(item, Text):
        _text(canvas, item, height)
    elif isinstance(item, Line):
        canvas.setStrokeColor(_color(item.color))
        canvas.setLineWidth(item.width)
        canvas.setDash([2, 3] if item.dashed else [])
        canvas.line(item.x0, height - item.y0, item.x1, height - item.y1)
        canvas.setDash([])
    elif isinstance(item, Photo):
        picture = ImageReader(io.BytesIO(encoded(item.image)[1]))
        canvas.drawImage(
            picture, item.x, height - item.y - item.height, item.width, item.height, mask="auto"
        )
    else:
        _shape(canvas, item, height)


def _shape(canvas: Any, item: Rect | Circle, height: float) -> None:
    if item.fill:
        canvas.setFillColor(_color(item.fill))
    if item.stroke:
        canvas.setStrokeColor(_color(item.stroke))
        canvas.setLineWidth(item.line)
    paint = {"fill": int(item.fill is not None), "stroke": int(item.stroke is not None)}
    if isinstance(item, Rect):
        canvas.rect(item.x, height - item.y - item.height, item.width, item.height, **paint)
    else:
        canvas.circle(item.x, height - item.y, item.radius, **paint)


def _text(canvas: Any, item: Text, height: float) -> None:
    moved = {"start": 0.0, "middle": 0.5, "end": 1.0}[item.anchor]
    canvas.setFillColor(_color(item.color))
    line = canvas.beginText(item.x - moved * text_width(item.text, item.size, item.bold), height - item.y)
    for kind, run in _runs(item.text):
        if kind == "raised":
            line.setFont("Helvetica-Bold" if item.bold else "Helvetica", 0.62 * item.size)
            line.setRise(0.36 * item.size)
            line.textOut("".join(_RAISED[mark] for mark in run))
            line.setRise(0)
        else:
            line.setFont(_font(kind, item.bold), item.size)
            line.textOut(run)
    canvas.drawText(line)


def _runs(text: str) -> Iterator[tuple[str, str]]:
    """The text in runs, each of one kind of font."""
    kind, run = "", ""
    for mark in text:
        now = _kind(mark)
        if now != kind and run:
            yield kind, run
            run = ""
        kind, run = now, run + mark
    if run:
        yield kind, run


def _kind(mark: str) -> str:
    if mark in _RAISED:
        return "raised"
    try:
        mark.encode("cp1252")
    except UnicodeEncodeError:
        return "asian" if ord(mark) >= 0x2E80 else "wide"
    return "plain"


def _font(kind: str, bold: bool) -> str:
    if kind == "plain":
        return "Helvetica-Bold" if bold else "Helvetica"
    return _asian() if kind == "asian" else _wide(bold)


@cache
def _wide(bold: bool) -> str:
    """A font with the letters of more of Europe's languages: DejaVu Sans, as Matplotlib ships it."""
    import matplotlib

    name = "DejaVuSans-Bold" if bold else "DejaVuSans"
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"
    pdfmetrics.registerFont(TTFont(name, str(path)))
    return name


@cache
def _asian() -> str:
    """A Chinese font that the reader's own program supplies."""
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    return "STSong-Light"


def _color(color: str) -> str:
    return ON_WHITE.get(color, color)
