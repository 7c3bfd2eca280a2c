"""What every drawing consists of: texts, shapes and pictures at places, in points, y downwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from PIL import Image
from reportlab.pdfbase.pdfmetrics import stringWidth

# Colours that follow the theme of wherever the drawing is shown; all others are "#rrggbb".
INK, QUIET, LINE, PAPER = "ink", "quiet", "line", "paper"
ON_WHITE = {INK: "#1B1F24", QUIET: "#5B636D", LINE: "#DDE1E6", PAPER: "#FFFFFF"}


@dataclass(frozen=True)
class Text:
    """One line; (x, y) is on its baseline, at its `anchor`: "start", "middle" or "end"."""

    x: float
    y: float
    text: str
    size: float
    color: str = INK
    bold: bool = False
    anchor: str = "start"


@dataclass(frozen=True)
class Rect:
    """A rectangle; `tip` says what it stands for, `value` how much its length or area is drawn from."""

    x: float
    y: float
    width: float
    height: float
    fill: str | None
    stroke: str | None = None
    tip: str = ""
    value: float | None = None
    line: float = 1


@dataclass(frozen=True)
class Circle:
    x: float
    y: float
    radius: float
    fill: str | None
    stroke: str | None = None
    tip: str = ""
    value: float | None = None
    line: float = 2


@dataclass(frozen=True)
class Line:
    x0: float
    y0: float
    x1: float
    y1: float
    color: str = LINE
    width: float = 1
    dashed: bool = False


@dataclass(frozen=True)
class Photo:
    """A picture, RGB or RGBA, stretched to the place."""

    x: float
    y: float
    width: float
    height: float
    image: Image.Image
    alt: str


Item = Text | Rect | Circle | Line | Photo


@dataclass(frozen=True)
class Drawing:
    """Items in the order in which they are painted, on an area of `width` × `height` points."""

    width: float
    height: float
    items: tuple[Item, ...]
    alt: str

    def at(self, x: float, y: float) -> tuple[Item, ...]:
        """The items moved right and down."""
        return tuple(_moved(item, x, y) for item in self.items)


def _moved(item: Item, x: float, y: float) -> Item:
    if isinstance(item, Line):
        return replace(item, x0=item.x0 + x, x1=item.x1 + x, y0=item.y0 + y, y1=item.y1 + y)
    return replace(item, x=item.x + x, y=item.y + y)


def text_width(text: str, size: float, bold: bool = False) -> float:
    """How wide the line is in Helvetica, or in Arial, which has the same widths."""
    wide = sum(ord(mark) >= 0x2E80 for mark in text)  # Chinese, Japanese and Korean signs are squares
    rest = "".join(mark for mark in text if ord(mark) < 0x2E80)
    return stringWidth(rest, "Helvetica-Bold" if bold else "Helvetica", size) + wide * size


def wrapped(text: str, size: float, width: float, bold: bool = False) -> list[str]:
    """The text in lines that are at most `width` wide, broken between words, or within a longer one."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else word
            if text_width(longer, size, bold) <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            while text_width(word, size, bold) > width and len(word) > 1:
                fits = max(1, sum(text_width(word[: n + 1], size, bold) <= width for n in range(len(word))))
                lines.append(word[:fits])
                word = word[fits:]
            line = word
        lines.append(line)
    return lines


def cut(text: str, size: float, width: float, bold: bool = False) -> str:
    """The text, its end left out where it would be wider than `width`."""
    if text_width(text, size, bold) <= width:
        return text
    while text and text_width(f"{text}…", size, bold) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def paragraph(
    lines: Iterable[str], x: float, y: float, size: float, color: str = INK, bold: bool = False
) -> list[Text]:
    """Lines under one another from the top `y`."""
    return [
        Text(x, y + size * (1.0 + 1.28 * number), line, size, color, bold)
        for number, line in enumerate(lines)
    ]


def line_height(size: float) -> float:
    return 1.28 * size


def ink_on(color: str) -> str:
    """Black or white, whichever is read better on "#rrggbb" (WCAG's relative luminance)."""
    return "#FFFFFF" if luminance(color) < 0.25 else "#1B1F24"


def luminance(color: str) -> float:
    """Relative luminance of "#rrggbb", 0–1 (WCAG 2.2)."""
    levels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4 for level in levels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
