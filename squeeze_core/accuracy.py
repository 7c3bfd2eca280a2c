"""How often is the classifier right? Labels of pictures, and top-1 and top-5 accuracy."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

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
