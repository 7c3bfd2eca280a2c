"""Sections as slides of 13⅓ × 7½ inches, in points: which come when, and what stands where."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from squeeze_core.figures.charts import Bars
from squeeze_core.report import Branding, Report
from squeeze_core.report.parts import Facts, Heading, Part, Section, Table, Words, written
from squeeze_core.report.sections import USUAL, sections

WIDTH, HEIGHT = 960.0, 540.0
MARGIN, GAP = 43.0, 22.0
LINE = 1.25  # of the size of its letters
SOURCE_SIZE = 9.5
LOGO = (110.0, 34.0)
Box = tuple[float, float, float, float]  # left, top, width, height


@dataclass(frozen=True)
class Slide:
    """One slide: `section` is None for the sheet before the appendix. `number` from 1 to `count`."""

    section: Section | None
    number: int
    count: int
    branding: Branding

    @property
    def first(self) -> bool:
        return self.section is not None and self.section.key == "finding"

    @property
    def title(self) -> str:
        return self.section.title if self.section else "Appendix"

    @property
    def source(self) -> str:
        return f"Source: {self.section.source}" if self.section and self.section.source else ""


def deck(report: Report, keys: Iterable[str] = USUAL) -> tuple[Slide, ...]:
    """The slides of those sections: the main ones, then the appendix behind a sheet of its own."""
    chosen = sections(report, keys)
    main = [section for section in chosen if section.main]
    rest = [section for section in chosen if not section.main]
    order: list[Section | None] = [*main, *([None] if main and rest else []), *rest]
    return tuple(
        Slide(section, number, len(order), report.branding) for number, section in enumerate(order, 1)
    )


def text_width(text: str, size: float) -> float:
    """About how wide a line is in Arial; Chinese, Japanese and Korean signs are squares."""
    return size * sum(1.0 if ord(mark) >= 0x2E80 else 0.54 for mark in text)


def text_height(text: str, size: float, width: float) -> float:
    """About how high a text is in lines of at most that width."""
    return LINE * size * max(1, math.ceil(1.05 * text_width(text, size) / width))


def title_size(slide: Slide) -> float:
    """The largest size at which the title has two lines at most."""
    width = WIDTH - 2 * MARGIN - (LOGO[0] + 16 if slide.branding.logo else 0)
    sizes = (38, 34, 30, 26) if slide.first or slide.section is None else (27, 24, 21, 18)
    return next((s for s in sizes if text_height(slide.title, s, width) <= 2.1 * LINE * s), sizes[-1])


def source_top(slide: Slide) -> float:
    """Top of the lines that name the sources."""
    return HEIGHT - 30 - text_height(slide.source, SOURCE_SIZE, WIDTH - 2 * MARGIN)


def placed(slide: Slide) -> list[tuple[Part, Box]]:
    """Every part of the slide and its place."""
    if slide.section is None:
        return []
    top, bottom = (300.0 if slide.first else 98.0), source_top(slide) - 12
    columns = slide.section.columns
    # Sentences beside a chart need less room than it does.
    shares = [0.42 if all(isinstance(part, Words) for part in parts) else 1.0 for parts in columns]
    room = WIDTH - 2 * MARGIN - GAP * (len(columns) - 1)
    found: list[tuple[Part, Box]] = []
    left = MARGIN
    for share, parts in zip(shares, columns, strict=True):
        width = room * share / sum(shares)
        fixed = [_height(part, width) for part in parts]
        space = bottom - top - 10 * (len(parts) - 1) - sum(tall for tall in fixed if tall)
        y = top
        for part, needed in zip(parts, fixed, strict=True):
            tall = needed or space / fixed.count(None)
            if isinstance(part, Bars):
                tall = min(tall, 58 * len(part.bars) + 44)
            found.append((part, (left, y, width, min(tall, bottom - y))))
            y += tall + 10
        left += width + GAP
    return found


def _height(part: Part, width: float) -> float | None:
    """The height that the part needs, or None for one that takes what there is."""
    if isinstance(part, Heading):
        return text_height(part.text, 14, width)
    if isinstance(part, Facts):
        return 120
    if isinstance(part, Words) and len(part.sentences) <= 4:
        return sum(text_height(text, 16, width) + 6 for text in part.sentences)
    return None


def words_size(part: Words, width: float, height: float) -> int:
    """The largest size at which all sentences fit."""
    for size in range(16, 8, -1):
        if sum(text_height(text, size, width) + 0.35 * size for text in part.sentences) <= height:
            break
    return size


def table_size(part: Table, width: float, height: float) -> tuple[float, list[float]]:
    """The largest size at which the table's rows and columns fit, and the columns' widths.

    At the smallest size long cells take several lines; words stay whole.
    """
    columns = [[name, *(written(row[name]) for row in part.rows)] for name in part.rows[0]]
    for size in (14, 13, 12.5, 11.5, 10.5, 9.5, 8.5):
        need = [min(0.4 * width, max(text_width(cell, size) for cell in cells) + 14) for cells in columns]
        if sum(need) <= width and 1.9 * size * (len(part.rows) + 1) <= height:
            return size, [one * width / sum(need) for one in need]
    least = [
        max(text_width(word, size) for cell in cells for word in cell.split()) + 8 for cells in columns
    ]
    spare = (width - sum(least)) / (sum(need) - sum(least))
    return size, [low + spare * (high - low) for low, high in zip(least, need, strict=True)]
