"""YOLO's text files: a line a box, class number and shares of the picture's sides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from squeeze_core.detector.annotations.listing import (
    AnnotationError,
    ListedBox,
    ListedPicture,
    Listing,
    find_picture,
    number_in,
    read_text,
)
from squeeze_core.images import SUFFIXES


def splits(file: Path) -> dict[str, Any]:
    """A data.yaml as ultralytics has it, checked: `names` a list; AnnotationError when it is none."""
    text = read_text(file)
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        raise AnnotationError(f"{file} is not a YAML file.") from None
    names = document.get("names") if isinstance(document, dict) else None
    if isinstance(names, dict) and list(names) == list(range(len(names))):
        names = list(names.values())
    if not isinstance(names, list) or not names or not all(isinstance(n, str | int | float) for n in names):
        raise AnnotationError(f"{file} has no list 'names' of the classes.")
    return document | {"names": [str(name).strip() for name in names]}


def listing(file: Path, split: str) -> Listing:
    """The listing of one split ("train", "val") of a data.yaml; AnnotationError when it has none."""
    document = splits(file)
    where = document.get(split)
    if not where:
        raise AnnotationError(f"{file} names no {split!r} pictures.")
    roots = [Path(file.parent, str(document.get("path") or "")), file.parent]
    pictures = [
        path
        for entry in (where if isinstance(where, list) else [where])
        for path in _pictures_of(str(entry), roots, file)
    ]
    return list_boxes(file, document["names"], pictures, keypoints="kpt_shape" in document)


def _pictures_of(entry: str, roots: Sequence[Path], file: Path) -> list[Path]:
    """The pictures of a folder, or those that a text file names, wherever the export was unpacked."""
    parts = [part for part in entry.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    places = [root.joinpath(entry) for root in roots]
    places += [root.joinpath(*parts[start:]) for root in roots for start in range(len(parts))]
    for place in places:
        if place.is_dir():
            return pictures_in(place)
        if place.is_file():
            names = [line.strip() for line in read_text(place).splitlines()]
            return [find_picture(name, place.parent) or place.parent / name for name in names if name]
    raise AnnotationError(f"{file} names {entry!r}, which is not here.")


def pictures_in(folder: Path) -> list[Path]:
    """Every picture file below the folder, in order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def list_boxes(
    source: Path, names: Sequence[str], pictures: Iterable[Path], keypoints: bool = False
) -> Listing:
    """The boxes of those pictures; each one's text file lies beside it or below labels/ for images/."""
    found = Listing(source, {name: names.index(name) for name in names}, in_shares=True)
    for name in found.categories:
        if names.count(name) > 1:
            found.notices.append(f"{names.count(name)} classes are called {name!r} and are taken as one")
    for path in pictures:
        picture = ListedPicture(path.name, path, None)
        found.pictures.append(picture)
        labels = _labels_of(path)
        for place, line in enumerate(read_text(labels).splitlines() if labels else (), 1):
            if labels and line.strip():
                _add_box(found, picture, line, f"{labels.name}, line {place}", names, keypoints)
    return found


def _labels_of(picture: Path) -> Path | None:
    """The text file with the picture's boxes; None where there is none, as for a picture without any."""
    parts = list(picture.parts)
    candidates = [picture.with_suffix(".txt")]
    for place in range(len(parts) - 2, -1, -1):
        if parts[place] == "images":
            there = Path(*parts[:place], "labels", *parts[place + 1 :])
            candidates.insert(0, there.with_suffix(".txt"))
            break
    return next((path for path in candidates if path.is_file()), None)


def _add_box(
    found: Listing, picture: ListedPicture, line: str, entry: str, names: Sequence[str], keypoints: bool
) -> None:
    """A box (centre, width, height), or a polygon, whose box it is; all as shares of the sides."""
    values = [number_in(text) for text in line.split()]
    if None in values or len(values) < 5:
        found.faults.append(f"{entry}: {line.strip()[:60]!r} is not a class and four numbers")
        return
    index, *shares = (value or 0.0 for value in values)
    if index != int(index) or not 0 <= index < len(names):
        found.faults.append(f"{entry}: there is no class {index:g}; {len(names)} are named")
        return
    if keypoints or len(shares) in (4, 5):  # the fifth is a score
        x, y, width, height = shares[:4]
        corners = x - width / 2, y - height / 2, x + width / 2, y + height / 2
    elif len(shares) >= 6 and len(shares) % 2 == 0:
        corners = min(shares[::2]), min(shares[1::2]), max(shares[::2]), max(shares[1::2])
    else:
        found.faults.append(f"{entry}: {len(shares)} numbers are neither a box nor a polygon")
        return
    picture.boxes.append(ListedBox(entry, names[int(index)], corners))
