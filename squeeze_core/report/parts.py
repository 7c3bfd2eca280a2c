"""Parts of a report's sections, the same for slides and the web page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from squeeze_core.figures.charts import Chart

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Facts:
    """Large numbers in a row, each with the words that say what it is."""

    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Words:
    """Sentences under one another."""

    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Heading:
    """A short line over what follows it in its column."""

    text: str


@dataclass(frozen=True)
class Photo:
    """A picture, RGB, with the words under it."""

    image: Image.Image
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Table:
    """Rows with the same keys; None is written as a dash."""

    rows: Rows
    alt: str


Part = Facts | Words | Heading | Photo | Table | Chart


@dataclass(frozen=True)
class Section:
    """One thing to say, for every kind of file.

    `title`: its finding. `columns`: its parts, from left to right and in each from the top down.
    `source`: where its figures come from. `notes`: what a speaker says besides. `rows`: the numbers behind
    its charts. `key`: its function's name. `main`: one of the first slides; the rest is appendix.
    """

    title: str
    columns: tuple[tuple[Part, ...], ...]
    source: str
    notes: str = ""
    rows: Rows = ()
    key: str = ""
    main: bool = False


def written(value: object) -> str:
    """A cell's text."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
