"""YOLO's text files: a line a box, class number and shares of the picture's sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from squeeze_core.detector.annotations.listing import (
    AnnotationError,
    ListedBox,
    ListedPicture,
    Listing,
    Tree,
    find_picture,
    number_in,
    read_text,
)
from squeeze_core.images import SUFFIXES
from squeeze_core.label_lists import listed, plain_yaml


def splits(file: Path) -> dict[str, Any]:
    """A data.yaml as ultralytics has it, `names` as number → name; AnnotationError when it is none."""
    text = read_text(file)
    try:
        document = plain_yaml(text)
    except ValueError:
        raise AnnotationError(f"{file} is not a YAML file.") from None
    names = listed(document["names"]) if isinstance(document, dict) and "names" in document else None
    if names is None:
        raise AnnotationError(
            f"{file} has no list 'names' of the classes, or names with numbers from 0 or 1."
        )
    return document | {"names": names}


def listing(file: Path, split: str) -> Listing:
    """The listing of a split ("train", "val", "test") of a data.yaml; AnnotationError when it has none."""
    document = splits(file)
    where = split_of(document, split)
    if not where:
        raise AnnotationError(f"{file} names no {split!r} pictures.")
    roots = [Path(file.parent, str(document.get("path") or "")), file.parent]
    pictures = [path for entry in where for path in _pictures_of(entry, roots, file)]
    return list_boxes(
        file, document["names"], pictures, Tree(file.parent), keypoints="kpt_shape" in document
    )


def split_of(document: dict[str, Any], split: str) -> list[str]:
    """The folders and lists of a data.yaml's split; empty for one without, or null."""
    where = document.get(split)
    entries = where if isinstance(where, list) else [where]
    return [entry for entry in entries if isinstance(entry, str) and entry not in ("", "~", "null")]


def _pictures_of(entry: str, roots: Sequence[Path], file: Path) -> list[Path]:
    """The pictures of a folder, or those that a text file names, wherever the export was unpacked."""
    parts = [part for part in entry.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    places = [root.joinpath(entry) for root in roots]
    places += [root.joinpath(*parts[start:]) for root in roots for start in range(len(parts))]
    for place in places:
        if place.is_dir():
            return Tree(place).of(*SUFFIXES)
        if place.is_file():
            names = [line.strip() for line in read_text(place).splitlines()]
            return [find_picture(name, place.parent) or place.parent / name for name in names if name]
    raise AnnotationError(f"{file} names {entry!r}, which is not here.")


def list_boxes(
    source: Path, names: Mapping[int, str], pictures: Sequence[Path], tree: Tree, keypoints: bool = False
) -> Listing:
    """The boxes of those pictures. Each one's text file lies below labels/ for images/, or is its partner
    in the tree; pictures without one are counted in a notice."""
    called = list(names.values())
    found = Listing(source, list(dict.fromkeys(called)), in_shares=True)
    for name in found.categories:
        if called.count(name) > 1:
            found.notices.append(f"{called.count(name)} classes are called {name!r} and are taken as one")
    without = []
    for path in pictures:
        picture = ListedPicture(path.name, path, None)
        found.pictures.append(picture)
        labels = labels_of(path, tree)
        if labels is None:
            without.append(path)
        for place, line in enumerate(read_text(labels).splitlines() if labels else (), 1):
            if labels and line.strip():
                _add_box(found, picture, line, f"{labels.name}, line {place}", names, keypoints)
    if without:
        has = "has no label file and counts" if len(without) == 1 else "have no label file and count"
        found.notices.append(
            f"{len(without):,} of {len(pictures):,} pictures {has} as background ({without[0].name} first; "
            f"looked for {without[0].stem}.txt in {tree.root} and below)"
        )
    return found


def labels_of(picture: Path, tree: Tree) -> Path | None:
    """The text file with the picture's boxes; None where there is none, as for a picture without any."""
    parts = list(picture.parts)
    for place in range(len(parts) - 2, -1, -1):
        if parts[place].lower() == "images":
            there = Path(*parts[:place], "labels", *parts[place + 1 :]).with_suffix(".txt")
            if there.is_file():
                return there
            break
    return tree.partner(picture, (".txt",))


def _add_box(
    found: Listing,
    picture: ListedPicture,
    line: str,
    entry: str,
    names: Mapping[int, str],
    keypoints: bool,
) -> None:
    """A box (centre, width, height), or a polygon, whose box it is; all as shares of the sides."""
    values = [number_in(text) for text in line.split()]
    if None in values or len(values) < 5:
        found.faults.append(f"{entry}: {line.strip()[:60]!r} is not a class and four numbers")
        return
    index, *shares = (value or 0.0 for value in values)
    if index not in names:
        numbers = f"{min(names)} to {max(names)}"
        found.faults.append(f"{entry}: there is no class {index:g}; {len(names)} are named, {numbers}")
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
