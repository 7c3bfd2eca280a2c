"""Labels of pictures, top-1 and top-5 accuracy, and 95 % intervals."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from squeeze_core.errors import UserError
from squeeze_core.images import SUFFIXES
from squeeze_core.label_lists import CALLED, cells, encoding_of, index_of


@dataclass(frozen=True)
class Accuracy:
    """In percent of `images`, rounded to 0.01: the true class first, or among the five first; None where
    there are no more than five."""

    images: int
    top1: float
    top5: float | None


def read_labels(file: Path | None, folder: Path, labels: tuple[str, ...]) -> dict[Path, int]:
    """Picture → class index.

    `file`: a JSON object of file name (in `folder`) → class, or a CSV file with a picture a row, the file
    in one column and the class in another; a class is an index or one of `labels`. None for a folder with
    one sub-folder a class, called by its name or index; where none is and there are as many as classes,
    they are the classes in the order of their names, as torchvision's ImageFolder has it. UserError when
    there are no such labels, or when they name a picture that is not there, or none.
    """
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}.")
    rows = _in_folders(folder, labels) if file is None else _in_file(file, folder)
    if not rows:
        raise UserError(f"{file or folder} names no picture.")
    found = {}
    for name, label in rows.items():
        index = index_of(label, labels)
        if index is None:
            raise UserError(
                f"{file or folder} gives {name} the class {label!r}, not one of 0 to {len(labels) - 1} "
                f"or of the names of the {len(labels):,} classes, such as {labels[0]}."
            )
        found[folder / name] = index
    missing = [name for name in rows if not (folder / name).is_file()]
    if missing:
        count = f"{len(missing):,} of the {len(rows):,}"
        raise UserError(f"{count} pictures in {file} are not in {folder}, {missing[0]} first.")
    return found


def class_folders(folder: Path) -> dict[Path, list[Path]]:
    """Each sub-folder, by name, hidden ones left out, with the pictures below it."""
    folders = sorted(one for one in folder.iterdir() if one.is_dir() and not one.name.startswith("."))
    return {
        one: [file for file in sorted(one.rglob("*")) if file.suffix.lower() in SUFFIXES] for one in folders
    }


def _in_folders(folder: Path, labels: tuple[str, ...]) -> dict[str, Any]:
    """Picture → class, by its sub-folder."""
    folders = class_folders(folder)
    if not folders:
        raise UserError(f"{folder} has no sub-folder a class; give the classes by --labels.")
    classes: dict[Path, Any] = {one: one.name for one in folders}
    if len(folders) == len(labels) and all(index_of(one.name, labels) is None for one in folders):
        classes = {one: index for index, one in enumerate(folders)}
    return {str(file.relative_to(folder)): classes[one] for one, files in folders.items() for file in files}


def _in_file(file: Path, folder: Path) -> dict[str, Any]:
    """Picture → class, as a JSON or CSV file says."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise UserError(f"There is no labels file {file}.") from None
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}.") from None
    text = data.decode(encoding_of(data), "replace")
    if file.suffix.lower() in (".csv", ".tsv", ".txt"):
        return _in_table(text, file, folder)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file} is not JSON: {error}.") from None
    if not isinstance(found, dict):
        raise UserError(f"{file} must hold a JSON object of file name → class index.")
    return found


def _in_table(text: str, file: Path, folder: Path) -> dict[str, Any]:
    lines = text.splitlines()
    try:
        rows = [row for row in cells(lines, next((one for one in "\t;," if one in lines[0]), " ")) if row]
        places = [
            at for row in rows[:2] for at, cell in enumerate(row) if cell and (folder / cell).is_file()
        ]
        place = places[0] if places else 0
        headed = Path(rows[0][place]).suffix.lower() not in SUFFIXES
        called = [
            at for at, cell in enumerate(rows[0]) if headed and cell.lower() in CALLED and at != place
        ]
        label = called[0] if called else int(place == 0)
        return {row[place]: row[label] for row in rows[headed:]}
    except (ValueError, IndexError):
        raise UserError(f"{file} is not a table with a picture's file and its class in each row.") from None


def accuracy(images: int, first: int, among_five: int | None) -> Accuracy:
    """Of how many pictures the true class came first, and among the five first."""
    five = None if among_five is None else round(100 * among_five / images, 2)
    return Accuracy(images, round(100 * first / images, 2), five)


_Z = 1.96  # 95 % of a normal distribution


class Interval(NamedTuple):
    """A share or a difference in percent, and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """ "55.4 % (52.3 to 58.5)"."""
        return f"{self.value:.1f} % ({self.low:.1f} to {self.high:.1f})"

    def points(self) -> str:
        """ "−1.8 points (−3.4 to −0.2)": a difference."""
        return "{} points ({} to {})".format(*(f"{value:+.1f}".replace("-", "−") for value in self))


def share(percent: float, pictures: int) -> Interval:
    """The interval of an accuracy of `percent` on so many pictures (Wilson 1927)."""
    p, spread = percent / 100, _Z**2 / pictures
    middle = (p + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(p * (1 - p) / pictures + spread / (4 * pictures)) / (1 + spread)
    return Interval(percent, 100 * (middle - half), 100 * (middle + half))


def paired_difference(lost: int, won: int, pictures: int) -> Interval:
    """The change of accuracy on the same pictures, in points, of which `lost` were right before only and
    `won` after only; normal approximation of paired proportions."""
    change = (won - lost) / pictures
    half = _Z * math.sqrt((won + lost - (won - lost) ** 2 / pictures) / pictures**2)
    return Interval(100 * change, 100 * (change - half), 100 * (change + half))
