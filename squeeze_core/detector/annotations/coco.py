"""COCO's JSON, as COCO has it and as Roboflow, Label Studio and CVAT write it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from squeeze_core.detector.annotations.listing import (
    AnnotationError,
    ListedBox,
    ListedPicture,
    Listing,
    find_picture,
    number,
    read_json,
)
from squeeze_core.label_lists import encoding_of


def is_one(file: Path) -> bool:
    """True for a JSON file that begins as COCO's do, or cannot be read."""
    try:
        with file.open("rb") as opened:
            start = opened.read(300)
    except OSError:
        return True
    head = start.decode(encoding_of(start), "ignore")
    return (
        re.match(r'\s*(\{\s*"(images|annotations|categories|info|licenses|type)"|[^\s{[])', head)
        is not None
    )


def listing(file: Path, *folders: Path) -> Listing:
    """The listing of a COCO file; its pictures lie in one of the folders. AnnotationError if it is none."""
    document = read_json(file)
    parts = ("images", "annotations", "categories")
    if not isinstance(document, dict) or not all(isinstance(document.get(part), list) for part in parts):
        raise AnnotationError(
            f"{file} is not a COCO annotation file: it needs the lists {', '.join(parts)}."
        )
    found = Listing(file)
    names = _categories(found, document["categories"], document["annotations"])
    pictures = _pictures(found, folders, document["images"])
    for place, row in enumerate(document["annotations"]):
        _add_box(found, row, f"annotation {_id_of(row, place)}", names, pictures)
    found.pictures = [picture for picture in pictures.values() if picture]
    return found


def _key(identifier: Any) -> str | None:
    """One spelling for an id: tools write 5, 5.0 and "5" for the same; None for what is no id."""
    if isinstance(identifier, float) and identifier.is_integer():
        identifier = int(identifier)
    return str(identifier) if isinstance(identifier, str | int | float) else None


def _id_of(row: Any, place: int) -> Any:
    """The entry's own id, else its place in the list."""
    return row.get("id", f"in place {place}") if isinstance(row, dict) else f"in place {place}"


def _missing(row: Any, *fields: str) -> str | None:
    """The field that an entry lacks, as a fault; None when all are there."""
    if not isinstance(row, dict):
        return "is not what COCO's format has there"
    return next((f"has no {name!r}" for name in fields if name not in row), None)


def _categories(found: Listing, rows: list[Any], annotations: list[Any]) -> dict[str, str]:
    """Category id → name. One that only heads a list of others, as Roboflow writes it, is left out."""
    names: dict[str, str] = {}
    parents = set()
    for place, row in enumerate(rows):
        entry = f"category {_id_of(row, place)}"
        missing = _missing(row, "id", "name")
        key = None if missing else _key(row["id"])
        if missing or key is None:
            found.faults.append(f"{entry} {missing or 'has an id that is none'}")
            continue
        name = str(row["name"]).strip()
        if not name:
            found.faults.append(f"{entry} has an empty name")
        elif names.get(key, name) != name:
            found.faults.append(f"{entry} is both {names[key]!r} and {name!r}")
        elif name in names.values() and key not in names:
            found.notices.append(f"two categories are called {name!r} and are taken as one")
        if row.get("supercategory") not in (None, row["name"]):
            parents.add(str(row["supercategory"]).strip())
        names[key] = name
    used = {_key(row.get("category_id")) for row in annotations if isinstance(row, dict)}
    unused = set(names.values()) - {name for key, name in names.items() if key in used}
    for name in unused & parents:
        found.notices.append(f"the category {name!r} only heads others and is left out")
    found.categories = [name for name in dict.fromkeys(names.values()) if name not in unused & parents]
    return names


def _pictures(found: Listing, folders: Sequence[Path], rows: list[Any]) -> dict[str, ListedPicture | None]:
    """Picture id → the picture; None for one that has a fault of its own."""
    pictures: dict[str, ListedPicture | None] = {}
    called: dict[Path, str] = {}
    for place, row in enumerate(rows):
        entry = f"image {_id_of(row, place)}"
        fault = _missing(row, "id", "file_name", "width", "height")
        key = None if fault else _key(row["id"])
        if key is None:
            found.faults.append(f"{entry} {fault or 'has an id that is none'}")
            if isinstance(row, dict) and (known := _key(row.get("id"))) is not None:
                pictures[known] = None
            continue
        if key in pictures:
            found.faults.append(f"{entry}: another image has the same id")
            continue
        pictures[key] = None
        size = number(row["width"]), number(row["height"])
        name = str(row["file_name"])
        path = find_picture(name, *folders)
        if not all(side and side > 0 and side == int(side) for side in size):
            found.faults.append(f"{entry} has no size in pixels: {row['width']!r}×{row['height']!r}")
        elif path is None:
            found.faults.append(f"{entry}: there is no file {name!r} in {', '.join(map(str, folders[:3]))}")
        elif called.setdefault(path, name) != name:
            found.faults.append(f"{entry}: {name!r} and {called[path]!r} both lead to {path}")
        else:
            width, height = (int(side or 0) for side in size)
            pictures[key] = ListedPicture(entry, path, (width, height))
    return pictures


def _add_box(
    found: Listing,
    row: Any,
    entry: str,
    names: dict[str, str],
    pictures: dict[str, ListedPicture | None],
) -> None:
    missing = _missing(row, "image_id", "category_id", "bbox")
    if missing:
        found.faults.append(f"{entry} {missing}")
        return
    picture, name = _key(row["image_id"]), _key(row["category_id"])
    box = [number(value) for value in row["bbox"]] if isinstance(row["bbox"], list) else []
    if picture not in pictures:
        found.faults.append(f"{entry}: there is no image {row['image_id']!r}")
    elif name not in names:
        found.faults.append(f"{entry}: there is no category {row['category_id']!r}")
    elif len(box) != 4 or None in box:
        found.faults.append(f"{entry}: the box is not four numbers: {str(row['bbox'])[:60]}")
    elif listed := pictures[picture]:
        x, y, width, height = (value or 0.0 for value in box)
        ignored = bool(row.get("iscrowd") or row.get("ignore"))
        listed.boxes.append(ListedBox(entry, names[name], (x, y, x + width, y + height), ignored))
