"""A listing → checked annotations, or everything that is wrong with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from squeeze_core.detector.annotations.listing import AnnotationError, ListedBox, ListedPicture, Listing
from squeeze_core.images import ImageError, prefetch, read

# Annotation tools round; a box may stick out by this much, pixels, and is clipped without a word.
TOLERANCE = 1.5
# A box of which less than this share is in the picture is a mistake: corners for sides, another scale.
LEAST_INSIDE = 0.5


@dataclass(frozen=True)
class Example:
    """One picture: `boxes` float32 [M, 4] x0, y0, x1, y1 in pixels of the upright `width`×`height`
    picture, within it; `labels` int64 [M]. `ignored_boxes` and `ignored_labels`: the same for crowds
    and objects marked difficult, which are neither learnt nor missed."""

    path: Path
    width: int
    height: int
    boxes: np.ndarray
    labels: np.ndarray
    ignored_boxes: np.ndarray
    ignored_labels: np.ndarray


@dataclass(frozen=True)
class Annotations:
    """A checked set: class names in label order, and the pictures. `notices`: one sentence for each thing
    that was put right or left out."""

    source: Path
    classes: tuple[str, ...]
    examples: tuple[Example, ...]
    notices: tuple[str, ...] = ()


def check(
    listing: Listing, classes: tuple[str, ...] | None = None, rename: Mapping[str, str] | None = None
) -> Annotations:
    """The annotations, their classes renamed by `rename`, old name → new.

    `classes` fixes the label order (names of another set's); None takes the source's. Every picture is
    decoded. Raises AnnotationError with all that is wrong: pictures that are missing, do not decode or
    are not as large as annotated (upright, as EXIF says); boxes mostly outside their picture; unknown
    classes; no box at all. Boxes of no area are left out, boxes over the edge clipped, with a notice.
    """
    names = {name: (rename or {}).get(name, name) for name in listing.categories}
    if classes is None:
        classes = tuple(dict.fromkeys(names.values()))
    label_of = {name: classes.index(own) for name, own in names.items() if own in classes}
    unknown: dict[str, list[ListedBox]] = defaultdict(list)
    for box in (box for picture in listing.pictures for box in picture.boxes):
        if box.label not in label_of and not box.ignored:
            unknown[box.label].append(box)
    hint = f"the classes here are {', '.join(classes[:20])}{', …' if len(classes) > 20 else ''}"
    for label, boxes in unknown.items():
        listing.faults.append(
            f"{boxes[0].entry}: the class {label!r} is unknown ({len(boxes):,} boxes); {hint}, and "
            "--rename OLD=NEW maps one name to another"
        )
    examples = []
    sizes = prefetch(_size_or_fault, listing.pictures)
    bar = tqdm(sizes, f"check {listing.source.name}", len(listing.pictures), unit="picture", delay=2)
    for picture, size in zip(listing.pictures, bar, strict=True):
        if isinstance(size, str):
            listing.faults.append(f"{picture.entry}: {size}")
        else:
            examples.append(_example(listing, picture, size, label_of))
    if listing.faults:
        raise listing.error()
    if not any(len(example.boxes) for example in examples):
        seen = "".join(f"; {notice}" for notice in listing.notices)
        raise AnnotationError(f"{listing.source} lists no box for its {len(examples):,} pictures{seen}.")
    return Annotations(listing.source, classes, tuple(examples), listing.all_notices())


def _size_or_fault(picture: ListedPicture) -> tuple[int, int] | str:
    try:
        decoded = read(picture.path)
    except ImageError as error:
        return str(error).removesuffix(".")
    except ValueError:
        return f"no file can be called {picture.path.name!r}"
    size = decoded.width, decoded.height
    if picture.size in (None, size):
        return size
    here, there = (f"{width}×{height}" for width, height in (size, picture.size or size))
    if picture.size == size[::-1]:
        return f"{picture.path.name} is {here} upright, but annotated as {there}, lying on its side"
    return f"{picture.path.name} is {here}, but annotated as {there}"


def _inside(listing: Listing, picture: ListedPicture, size: tuple[int, int]) -> list[ListedBox]:
    """The picture's boxes that can be used, clipped to it."""
    usable = []
    width, height = size
    scales = size if listing.in_shares else (1, 1)
    for box in picture.boxes:
        x0, y0, x1, y1 = (c * s for c, s in zip(box.corners, scales * 2, strict=True))
        as_listed = f"the box {x0:g}, {y0:g} – {x1:g}, {y1:g}"
        if x1 < x0 or y1 < y0:
            listing.faults.append(f"{box.entry}: {as_listed} has a negative side")
            continue
        if x1 == x0 or y1 == y0:
            listing.left_out["of no area left out"].append(box.entry)
            continue
        corners = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
        across, down = corners[2] - corners[0], corners[3] - corners[1]
        if min(across, down) <= 0 or across * down < LEAST_INSIDE * (x1 - x0) * (y1 - y0):
            listing.faults.append(f"{box.entry}: {as_listed} lies outside its {width}×{height} picture")
            continue
        if min(x0, y0) < -TOLERANCE or x1 > width + TOLERANCE or y1 > height + TOLERANCE:
            listing.left_out["over the edge of the picture clipped"].append(box.entry)
        if box.ignored:
            listing.left_out["marked as crowd or difficult ignored"].append(box.entry)
        usable.append(ListedBox(box.entry, box.label, corners, box.ignored))
    return usable


def _example(
    listing: Listing, picture: ListedPicture, size: tuple[int, int], label_of: Mapping[str, int]
) -> Example:
    boxes = [box for box in _inside(listing, picture, size) if box.label in label_of]

    def arrays(ignored: bool) -> tuple[np.ndarray, np.ndarray]:
        chosen = [box for box in boxes if box.ignored == ignored]
        corners = np.array([box.corners for box in chosen], np.float32).reshape(-1, 4)
        return corners, np.array([label_of[box.label] for box in chosen], np.int64)

    return Example(picture.path, *size, *arrays(ignored=False), *arrays(ignored=True))
