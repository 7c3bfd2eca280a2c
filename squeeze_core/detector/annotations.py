"""Annotated folders in COCO format, checked before anything is trained or scored on them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import ExifTags, Image
from torch import Tensor

from squeeze_core.errors import UserError

# Annotation tools round; a box may stick out by this much, pixels, and is clipped.
TOLERANCE = 1.5


class AnnotationError(UserError):
    """The annotation file is broken; the message names the entry."""


@dataclass(frozen=True)
class Example:
    """One picture: `boxes` float32 [M, 4] x0, y0, x1, y1 in its pixels; `labels` int64 [M]."""

    image_id: int
    path: Path
    width: int
    height: int
    boxes: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Annotations:
    """A checked COCO file: class names in label order, their COCO ids, and the pictures."""

    file: Path
    classes: tuple[str, ...]
    category_ids: tuple[int, ...]
    examples: tuple[Example, ...]


def read_coco(folder: Path, file: Path, classes: tuple[str, ...] | None = None) -> Annotations:
    """Read and check a COCO annotation file whose pictures lie in `folder`.

    `classes` fixes the label order (names of another set's); None takes the file's. Raises
    AnnotationError naming the first entry that is broken: a picture that is missing or of another
    size (upright, as EXIF says), a box outside its picture or without area, an unknown class, a
    missing field; or when there is no box at all. Classes that no box has may be unknown.
    """
    try:
        document = json.loads(file.read_text())
        pictures, rows, categories = (list(document[k]) for k in ("images", "annotations", "categories"))
        names = {category["id"]: str(category["name"]) for category in categories}
    except OSError as error:
        raise AnnotationError(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, *_WRONG_SHAPE):
        raise AnnotationError(f"{file} is not a COCO annotation file.") from None
    if classes is None:
        classes = tuple(names.values())
    boxes: dict[int, list[tuple[list[float], int]]] = {}
    sizes: dict[int, tuple[int, int]] = {}
    for place, picture in enumerate(pictures):
        with _naming(f"{file}, image {_id_of(picture, place)}"):
            boxes[picture["id"]] = []
            sizes[picture["id"]] = (picture["width"], picture["height"])
    for place, row in enumerate(rows):
        entry = f"{file}, annotation {_id_of(row, place)}"
        with _naming(entry):
            if row["image_id"] not in boxes:
                raise AnnotationError(f"{entry}: there is no image {row['image_id']}.")
            if row["category_id"] not in names:
                raise AnnotationError(f"{entry}: there is no category {row['category_id']}.")
            name = names[row["category_id"]]
            if name not in classes:
                raise AnnotationError(f"{entry}: the class {name!r} is unknown here.")
            box = _check_box(row["bbox"], sizes[row["image_id"]], entry)
            boxes[row["image_id"]].append((box, classes.index(name)))
    examples = []
    for place, picture in enumerate(pictures):
        with _naming(f"{file}, image {_id_of(picture, place)}"):
            examples.append(_example(folder, picture, boxes[picture["id"]], file))
    if not any(boxes.values()):
        raise AnnotationError(f"{file} lists no box.")
    ids = {name: identifier for identifier, name in names.items()}
    return Annotations(file, classes, tuple(ids.get(name, -1) for name in classes), tuple(examples))


_WRONG_SHAPE = (KeyError, TypeError, AttributeError)


@contextmanager
def _naming(entry: str) -> Iterator[None]:
    """Say of which entry a field is missing or of the wrong kind."""
    try:
        yield
    except KeyError as error:
        raise AnnotationError(f"{entry} has no {error.args[0]!r}.") from None
    except _WRONG_SHAPE:
        raise AnnotationError(f"{entry} is not what COCO's format has there.") from None


def _id_of(entry: Any, place: int) -> Any:
    """The entry's own id, else its place in the list."""
    return entry.get("id", f"in place {place}") if isinstance(entry, dict) else f"in place {place}"


def _check_box(box: list[float], size: tuple[int, int], entry: str) -> list[float]:
    """COCO's x, y, width, height → x0, y0, x1, y1 within the picture."""
    if not isinstance(box, list) or len(box) != 4 or not all(isinstance(v, int | float) for v in box):
        raise AnnotationError(f"{entry}: the box {box} is not four numbers.")
    x, y, width, height = box
    if not (width > 0 and height > 0):
        raise AnnotationError(f"{entry}: the box {box} has no area.")
    limit_x, limit_y = size[0] + TOLERANCE, size[1] + TOLERANCE
    if not (min(x, y) >= -TOLERANCE and x + width <= limit_x and y + height <= limit_y):
        raise AnnotationError(f"{entry}: the box {box} lies outside its {size[0]}×{size[1]} image.")
    return [max(x, 0), max(y, 0), min(x + width, size[0]), min(y + height, size[1])]


def _example(
    folder: Path, picture: dict[str, Any], boxes: list[tuple[list[float], int]], file: Path
) -> Example:
    path = folder / picture["file_name"]
    entry = f"{file}, image {picture['id']}"
    try:
        with Image.open(path) as image:
            turned = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
            size = image.size[::-1] if turned else image.size
    except OSError:
        raise AnnotationError(f"{entry}: {path} is missing or is no picture.") from None
    if size != (picture["width"], picture["height"]):
        raise AnnotationError(f"{entry}: {path} is {size[0]}×{size[1]}, not as annotated.")
    corners = torch.tensor([box for box, _ in boxes], dtype=torch.float32).reshape(-1, 4)
    labels = torch.tensor([label for _, label in boxes], dtype=torch.int64)
    return Example(picture["id"], path, *size, corners, labels)
