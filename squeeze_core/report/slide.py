"""Sections as slides of 13⅓ × 7½ inches, in points: which come when, what stands where, and a drawing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from squeeze_core.figures import layout
from squeeze_core.figures.charts import Bars, Bubbles, Squares, Tiles
from squeeze_core.figures.drawing import (
    INK,
    LINE,
    PAPER,
    QUIET,
    Drawing,
    Item,
    Line,
    Rect,
    Text,
    cut,
    line_height,
    luminance,
    paragraph,
    text_width,
    wrapped,
)
from squeeze_core.figures.drawing import Photo as PhotoItem
from squeeze_core.report import Look, Report
from squeeze_core.report.parts import Facts, Heading, Part, Photo, Section, Table, Words, written
from squeeze_core.report.sections import USUAL, sections

WIDTH, HEIGHT = 960.0, 540.0
MARGIN, GAP = 43.0, 22.0
BAR_WIDTH = 12.0
SOURCE_SIZE, FOOT_SIZE = 9.5, 9.0
LOGO = (110.0, 34.0)
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Slide:
    """One slide: `section` is None for the sheet before the appendix. `number` from 1 to `count`."""

    section: Section | None
    number: int
    count: int
    look: Look

    @property
    def first(self) -> bool:
        return self.section is not None and self.section.key == "finding"

    @property
    def title(self) -> str:
        return self.section.title if self.section else "Appendix"

    @property
    def foot(self) -> str:
        return " · ".join(part for part in (self.look.name, self.look.title) if part)


@dataclass(frozen=True)
class Title:
    """A slide's title in lines of one size, at the top of the slide or of its own kind on the first."""

    lines: tuple[str, ...]
    size: float
    top: float


def deck(report: Report, keys: Iterable[str] = USUAL) -> tuple[Slide, ...]:
    """The slides of those sections: the main ones, then the appendix behind a sheet of its own."""
    chosen = sections(report, keys)
    main = [section for section in chosen if section.main]
    rest = [section for section in chosen if not section.main]
    order: list[Section | None] = [*main, *([None] if main and rest else []), *rest]
    return tuple(Slide(section, number, len(order), report.look) for number, section in enumerate(order, 1))


def title_of(slide: Slide) -> Title:
    """The title as it fits: two lines at most where that can be had at a readable size."""
    width = WIDTH - 2 * MARGIN - (LOGO[0] + 16 if slide.look.logo else 0)
    sizes = (38, 34, 30, 26) if slide.first or slide.section is None else (27, 24, 21, 18)
    top = 150.0 if slide.first else 200.0 if slide.section is None else 26.0
    for size in sizes:
        lines = wrapped(slide.title, size, width, bold=True)
        if len(lines) <= 2:
            break
    return Title(tuple(lines[:3]), size, top)


def source_lines(slide: Slide) -> list[str]:
    """The line or lines at the foot that say where the figures come from."""
    if slide.section is None or not slide.section.source:
        return []
    return wrapped(f"Source: {slide.section.source}", SOURCE_SIZE, WIDTH - 2 * MARGIN)


def source_top(slide: Slide) -> float:
    return HEIGHT - 30 - line_height(SOURCE_SIZE) * len(source_lines(slide))


def placed(slide: Slide) -> list[tuple[Part, Box]]:
    """Every part of the slide and its place: left, top, width, height."""
    if slide.section is None:
        return []
    title = title_of(slide)
    under = title.top + line_height(title.size) * len(title.lines)
    top = 300.0 if slide.first else max(98.0, under + 14)
    bottom = source_top(slide) - 12
    columns = slide.section.columns
    # Sentences beside a chart need less room than it does.
    shares = [0.42 if all(isinstance(part, Words) for part in parts) else 1.0 for parts in columns]
    room = WIDTH - 2 * MARGIN - GAP * (len(columns) - 1)
    found: list[tuple[Part, Box]] = []
    left, width = MARGIN - GAP, 0.0
    for share, parts in zip(shares, columns, strict=True):
        left += width + GAP
        width = room * share / sum(shares)
        fixed = {id(part): natural(part, width) for part in parts}
        space = bottom - top - 10 * (len(parts) - 1) - sum(tall for tall in fixed.values() if tall)
        loose = sum(tall is None for tall in fixed.values())
        y = top
        for part in parts:
            tall = fixed[id(part)] or space / loose
            if isinstance(part, Bars):
                tall = min(tall, 58 * len(part.bars) + 44)
            found.append((part, (left, y, width, min(tall, bottom - y))))
            y += tall + 10
    return found


def natural(part: Part, width: float) -> float | None:
    """The height that the part needs, or None for one that takes what there is."""
    if isinstance(part, Heading):
        return line_height(14) * len(wrapped(part.text, 14, width, bold=True))
    if isinstance(part, Facts):
        return 120
    if isinstance(part, Words) and len(part.sentences) <= 4:
        return sum(line_height(16) * len(wrapped(text, 16, width)) + 5 for text in part.sentences)
    return None


def drawing(slide: Slide) -> Drawing:
    """The slide as a drawing, WIDTH × HEIGHT."""
    items: list[Item] = [
        Rect(0, 0, WIDTH, HEIGHT, PAPER),
        Rect(0, 0, BAR_WIDTH, HEIGHT, slide.look.color),
    ]
    title = title_of(slide)
    items += paragraph(title.lines, MARGIN, title.top, title.size, INK, True)
    if slide.first:
        items += opening(slide)
    items += logo(slide)
    for part, (left, top, width, height) in placed(slide):
        items += part_drawing(part, width, height, slide.look).at(left, top)
    items += paragraph(source_lines(slide), MARGIN, source_top(slide), SOURCE_SIZE, QUIET)
    items.append(Text(MARGIN, HEIGHT - 12, cut(slide.foot, FOOT_SIZE, WIDTH - 200), FOOT_SIZE, QUIET))
    count = f"{slide.number} / {slide.count}"
    items.append(Text(WIDTH - MARGIN, HEIGHT - 12, count, FOOT_SIZE, QUIET, False, "end"))
    return Drawing(WIDTH, HEIGHT, tuple(items), slide.title)


def opening(slide: Slide) -> list[Text]:
    """What stands over the finding on the first slide: the deck's title, and whose it is."""
    width = WIDTH - 2 * MARGIN - (LOGO[0] + 16 if slide.look.logo else 0)
    color = readable(slide.look.color)
    words: list[Text] = paragraph(wrapped(slide.look.title, 20, width)[:2], MARGIN, 60, 20, color, True)
    if slide.look.name:
        below = 66 + line_height(20) * len(words)
        words.append(Text(MARGIN, below + 14, cut(slide.look.name, 15, width), 15, QUIET))
    return words


def logo(slide: Slide) -> list[Item]:
    """The person's logo in the upper right corner."""
    if slide.look.logo is None:
        return []
    image = slide.look.logo
    scale = min(LOGO[0] / image.width, LOGO[1] / image.height)
    width, height = scale * image.width, scale * image.height
    return [PhotoItem(WIDTH - MARGIN - width, 26, width, height, image, "Logo")]


def readable(color: str) -> str:
    """The colour, darkened until text in it has a contrast of 4.5 to white (WCAG 2.2, AA)."""
    while 1.05 / (luminance(color) + 0.05) < 4.5:
        channels = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
        color = "#" + "".join(f"{int(0.92 * channel):02x}" for channel in channels)
    return color


def part_drawing(part: Part, width: float, height: float, look: Look) -> Drawing:
    """One part, at most `width` × `height`."""
    if isinstance(part, Bars | Bubbles | Squares | Tiles):
        return layout.draw(part, width, height)
    items: Sequence[Item]
    if isinstance(part, Facts):
        items = _facts(part, width, look)
    elif isinstance(part, Heading):
        items = paragraph(wrapped(part.text, 14, width, True), 0, 0, 14, INK, True)
    elif isinstance(part, Words):
        items = _words(part, width, height)
    elif isinstance(part, Photo):
        items = _photo(part, width, height)
    else:
        items = _table(part, width, height)
    return Drawing(width, height, tuple(items), "")


def _facts(part: Facts, width: float, look: Look) -> list[Item]:
    step = width / len(part.facts)
    items: list[Item] = []
    for number, (value, words) in enumerate(part.facts):
        items.append(Text(number * step, 44, value, 40, readable(look.color), True))
        items += paragraph(wrapped(words, 14, step - 24), number * step, 58, 14, QUIET)
    return items


def words_size(part: Words, width: float, height: float) -> float:
    """The largest size at which all sentences fit."""
    for size in (16, 15, 14, 13, 12, 11, 10, 9):
        lines = sum(len(wrapped(text, size, width)) for text in part.sentences)
        if line_height(size) * lines + 0.35 * size * len(part.sentences) <= height + 1:
            break
    return size


def _words(part: Words, width: float, height: float) -> list[Item]:
    size = words_size(part, width, height)
    items: list[Item] = []
    top = 0.0
    for text in part.sentences:
        lines = wrapped(text, size, width)
        items += paragraph(lines, 0, top, size)
        top += line_height(size) * len(lines) + 0.35 * size
    return items


def photo_box(part: Photo, width: float, height: float) -> tuple[Box, list[str]]:
    """Where the picture is, and the lines of its caption below it."""
    lines = wrapped(part.caption, 11, width)[:3] if part.caption else []
    room = height - line_height(11) * len(lines) - 6
    scale = min(width / part.image.width, room / part.image.height)
    return (0, 0, scale * part.image.width, scale * part.image.height), lines


def _photo(part: Photo, width: float, height: float) -> list[Item]:
    (left, top, wide, tall), lines = photo_box(part, width, height)
    # A slide is seldom shown at more than 1920 pixels.
    image = part.image.copy()
    image.thumbnail((int(2 * wide), int(2 * tall)))
    return [
        PhotoItem(left, top, wide, tall, image, part.alt),
        *paragraph(lines, 0, tall + 6, 11, QUIET),
    ]


def table_columns(part: Table, width: float, size: float) -> list[float]:
    """The columns' widths: as their longest cells, all of them to fill the width."""
    columns = list(part.rows[0])
    need = [
        max(text_width(cell, size, True) for cell in (column, *(written(row[column]) for row in part.rows)))
        for column in columns
    ]
    need = [min(one, 0.4 * width) + 14 for one in need]
    return [one * width / sum(need) for one in need]


TABLE_SIZES = (14, 13, 12.5, 11.5, 10.5, 9.5, 8.5)


def table_size(part: Table, width: float, height: float) -> float:
    """The largest size at which the table's rows and columns fit."""
    for size in TABLE_SIZES:
        columns = list(part.rows[0])
        need = sum(
            max(text_width(cell, size, True) for cell in (c, *(written(row[c]) for row in part.rows))) + 14
            for c in columns
        )
        if need <= width and 1.9 * size * (len(part.rows) + 1) <= height:
            break
    return size


def _table(part: Table, width: float, height: float) -> list[Item]:
    size = table_size(part, width, height)
    widths = table_columns(part, width, size)
    pitch = min(2.1 * size, height / (len(part.rows) + 1))
    items: list[Item] = []
    for y, row in enumerate([{column: column for column in part.rows[0]}, *part.rows]):
        left = 0.0
        for wide, column in zip(widths, part.rows[0], strict=True):
            text = cut(written(row[column]), size, wide - 8, y == 0)
            items.append(Text(left, pitch * y + 0.7 * pitch, text, size, INK, y == 0))
            left += wide
        line = pitch * (y + 1)
        items.append(Line(0, line, width, line, QUIET if y == 0 else LINE, 1.2 if y == 0 else 0.8))
    return items
