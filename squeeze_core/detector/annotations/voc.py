"""PASCAL VOC's XML: a file a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath

from lxml import etree

from squeeze_core.detector.annotations.listing import (
    AnnotationError,
    ListedBox,
    ListedPicture,
    Listing,
    Tree,
    find_picture,
    number_in,
    read_bytes,
    read_text,
)
from squeeze_core.images import SUFFIXES

CORNERS = ("xmin", "ymin", "xmax", "ymax")


def listing(source: Path, files: Sequence[Path], tree: Tree) -> Listing:
    """The listing of those XML files; their pictures lie beside them or elsewhere in the tree."""
    found = Listing(source)
    for file in files:
        _add_picture(found, file, tree)
    # A class's number is its place in the alphabet, whatever the order of the files.
    found.categories = sorted({box.label for picture in found.pictures for box in picture.boxes})
    return found


def _add_picture(found: Listing, file: Path, tree: Tree) -> None:
    root = _root(file)
    if root is None:
        found.faults.append(f"{file.name} is not PASCAL VOC's XML")
        return
    name = (root.findtext("filename") or "").strip()
    path = find_picture(name, file.parent, tree.root) if name else None
    for called in (file.with_name(PurePath(name.replace("\\", "/")).name or "-"), file):
        path = path or tree.partner(called, SUFFIXES)
    if path is None:
        found.faults.append(f"{file.name}: no picture {name or file.stem!r} goes with it in {tree.root}")
        return
    width, height = (number_in(root.findtext(f"size/{side}")) for side in ("width", "height"))
    size = (int(width), int(height)) if width and height else None  # tools that do not know it write 0
    picture = ListedPicture(file.name, path, size)
    found.pictures.append(picture)
    for place, thing in enumerate(root.findall("object"), 1):
        entry = f"{file.name}, object {place}"
        label = (thing.findtext("name") or "").strip()
        corners = [number_in(thing.findtext(f"bndbox/{corner}")) for corner in CORNERS]
        if not label:
            found.faults.append(f"{entry} has no name")
        elif None in corners:
            found.faults.append(f"{entry} has no bndbox of four numbers")
        else:
            x0, y0, x1, y1 = (corner or 0.0 for corner in corners)
            ignored = (thing.findtext("difficult") or "0").strip() == "1"
            # VOC counts pixels from 1 and includes the last one.
            picture.boxes.append(ListedBox(entry, label, (x0 - 1, y0 - 1, x1, y1), ignored))


def _root(file: Path) -> etree._Element | None:
    """The <annotation> element; None where there is none."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    data = read_bytes(file)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return root if root.tag == "annotation" else None


def files_named(list_file: Path, tree: Tree) -> list[Path]:
    """The XML files of an ImageSets list, one name a line."""
    stems = [line.split()[0] for line in read_text(list_file).splitlines() if line.split()]
    if not stems:
        raise AnnotationError(f"{list_file} names no picture.")
    below = {file.stem: file for file in tree.of(".xml")}
    return [below.get(stem, list_file.with_name(f"{stem}.xml")) for stem in stems]
