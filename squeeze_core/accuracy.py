"""Labels of pictures, top-1 and top-5 accuracy, and 95 % intervals."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from squeeze_core.errors import UserError


class LabelsError(UserError):
    """The labels cannot be used; the message is one sentence for people."""


@dataclass(frozen=True)
class Accuracy:
    """In percent of `images`, rounded to 0.01: the true class first, or among the five first."""

    images: int
    top1: float
    top5: float


def read_labels(file: Path, folder: Path, classes: int = 1000) -> dict[Path, int]:
    """Picture → class index, from a JSON object of file name (in `folder`) → index.

    LabelsError when it is no such object, names a picture that is not there, or names none.
    """
    if not folder.is_dir():
        raise LabelsError(f"There is no folder {folder}.")
    try:
        labels = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise LabelsError(f"There is no labels file {file}.") from None
    except OSError as error:
        raise LabelsError(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise LabelsError(f"{file} is not JSON: {error}.") from None
    if not isinstance(labels, dict):
        raise LabelsError(f"{file} must hold a JSON object of file name → class index.")
    for name, index in labels.items():
        if type(index) is not int or not 0 <= index < classes:
            raise LabelsError(f"{file} gives {name} the class {index!r}, not one of 0 to {classes - 1}.")
    missing = [name for name in labels if not (folder / name).is_file()]
    if missing:
        count = f"{len(missing):,} of the {len(labels):,}"
        raise LabelsError(f"{count} pictures in {file} are not in {folder}, {missing[0]} first.")
    if not labels:
        raise LabelsError(f"{file} names no picture.")
    return {folder / name: index for name, index in labels.items()}


def accuracy(images: int, first: int, among_five: int) -> Accuracy:
    """Of how many pictures the true class came first, and among the five first."""
    return Accuracy(images, round(100 * first / images, 2), round(100 * among_five / images, 2))


_Z = 1.96  # 95 % of a normal distribution


class Interval(NamedTuple):
    """A share or a difference in percent, and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """ "55.4% (52.3 to 58.5)"."""
        return f"{self.value:.1f}% ({self.low:.1f} to {self.high:.1f})"

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
