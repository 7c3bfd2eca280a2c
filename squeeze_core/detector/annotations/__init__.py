"""Annotated pictures as people's tools export them, checked before anything is learnt or scored.

`read_sets` finds the training and the validation set in a folder, by what is in it; `read` takes one set:
COCO's JSON (also Roboflow's, Label Studio's and CVAT's), YOLO's text files, PASCAL VOC's XML. Each format's
module lists what is there; `checking` finds everything that is wrong with it at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path

from squeeze_core import label_lists
from squeeze_core.detector.annotations import coco, voc, yolo
from squeeze_core.detector.annotations.checking import Annotations, check
from squeeze_core.detector.annotations.listing import AnnotationError, Listing, Tree, read_bytes
from squeeze_core.images import SUFFIXES

# Lists of class names beside YOLO's label files: labelImg's and Label Studio's, CVAT's, Roboflow's.
_NAME_FILES = ("classes.txt", "names.txt", "predefined_classes.txt", "_darknet.labels")
_YAML = (".yaml", ".yml")
Finder = Callable[[Tree, str], Listing | None]


def read(
    folder: Path,
    source: Path,
    classes: tuple[str, ...] | None = None,
    rename: Mapping[str, str] | None = None,
    split: str = "val",
) -> Annotations:
    """One set whose pictures lie in `folder`: `source` is a COCO file, a data.yaml (of which `split`), or a
    folder of VOC's XML files. Checked as `checking.check` does, with its errors."""
    if source.is_dir():
        files = Tree(source).of(".xml")
        if not files:
            raise AnnotationError(f"{source} holds no XML file of PASCAL VOC's.")
        return check(voc.listing(source, files, Tree(folder)), classes, rename)
    if source.suffix.lower() in _YAML:
        return check(yolo.listing(source, split), classes, rename)
    return check(coco.listing(source, folder, folder / "images"), classes, rename)


def read_sets(data: Path) -> tuple[Annotations, Annotations | None]:
    """The training set in a folder (or of a data.yaml), and its validation set when there is one.

    COCO's JSON, YOLO's label files with a data.yaml or a list of classes, or VOC's XML, wherever in the
    folder they and the pictures lie; what belongs to which set is told by ImageSets/, or by a train, val,
    valid or validation in the path. The validation set has the training set's classes, in its order.
    AnnotationError lists what is wrong with both.
    """
    if not data.exists():
        raise AnnotationError(f"There is no folder {data}.")
    tree = Tree(data if data.is_dir() else data.parent)
    find = partial(_yaml, data) if data.is_file() else partial(_find, tree)
    training, validation = find("train"), find("val")
    if training is None:
        raise AnnotationError(_nothing(tree))
    faults = []
    checked: list[Annotations] = []
    for listing in (training, validation):
        if listing is None:
            continue
        try:
            checked.append(check(listing, None if listing is training else tuple(training.categories)))
        except AnnotationError as error:
            faults.append(str(error))
    if faults:
        raise AnnotationError("\n".join(faults))
    return checked[0], checked[1] if len(checked) > 1 else None


def _nothing(tree: Tree) -> str:
    """The sentence for a folder without a training set, with what is in it."""
    kinds = {"picture": tuple(SUFFIXES)}
    kinds |= {f"{end} file": (end,) for end in (".txt", ".xml", ".json", ".csv")}
    seen = [
        f"{len(files):,} {kind}{'s' * (len(files) > 1)}"
        for kind, ends in kinds.items()
        if (files := tree.of(*ends))
    ]
    hint = ""
    if any(yolo.labels_of(picture, tree) for picture in tree.of(*SUFFIXES)):
        hint = f"; the label files lack a list of their classes, {_NAME_FILES[0]} or data.yaml"
    if several := [file.name for file in tree.of(".json") if coco.is_one(file)]:
        hint = f"; train is not in the path of {' or '.join(several[:3])}"
    return (
        f"{tree.root} holds no annotated pictures to learn from. In it and below: "
        f"{', '.join(seen) or 'no pictures'}{hint}; read are COCO's JSON, label files with a data.yaml or "
        f"{_NAME_FILES[0]}, and PASCAL VOC's XML: all of them, or those with train in their path."
    )


def _find(tree: Tree, part: str) -> Listing | None:
    return next((found for find in _FINDERS if (found := find(tree, part)) is not None), None)


def _coco(tree: Tree, part: str) -> Listing | None:
    """The set's JSON, or the only one; of COCO's own files that of the instances."""
    files = [file for file in tree.of(".json") if coco.is_one(file)]
    of_part = [file for file in files if tree.part_of(file) == part]
    if not of_part and part == "train" and len(files) == 1 and tree.part_of(files[0]) is None:
        of_part = files
    if not of_part:
        return None
    file = min(of_part, key=lambda file: ("instances" not in file.stem, len(file.parts)))
    folders = dict.fromkeys(picture.parent for one in (part, None) for picture in tree.pictures(one))
    return coco.listing(file, file.parent, tree.root, *folders)


def _yaml(file: Path, part: str) -> Listing | None:
    return yolo.listing(file, part) if yolo.split_of(yolo.splits(file), part) else None


def _yolo(tree: Tree, part: str) -> Listing | None:
    files = sorted(tree.of(*_YAML), key=lambda file: (len(file.parts), file.name != "data.yaml", file))
    for file in files:
        with nullcontext() if file.parent == tree.root else suppress(AnnotationError):
            if found := _yaml(file, part):
                return found
    named = [file for file in tree.files if file.suffix == ".names" or file.name.lower() in _NAME_FILES]
    if not named or any(file.parent == tree.root for file in files):
        return None
    pictures = tree.pictures(part) or (tree.pictures(None) if part == "train" else [])
    if not any(yolo.labels_of(picture, tree) for picture in pictures):
        return None
    try:
        names = label_lists.read(read_bytes(named[0]))
    except ValueError:
        raise AnnotationError(f"{named[0]} does not list class names.") from None
    return yolo.list_boxes(named[0], dict(enumerate(names.values())), pictures, tree)


def _voc(tree: Tree, part: str) -> Listing | None:
    files = tree.of(".xml")
    lists = [file for file in tree.of(".txt") if file.parent.name.lower() == "main"]
    for file in lists:
        if file.stem.lower() == part and files:
            return voc.listing(file, voc.files_named(file, tree), tree)
    parts = {file: tree.part_of(file.parent) for file in files}
    for file in files:
        if parts[file] is None and (picture := tree.partner(file, SUFFIXES)):
            parts[file] = tree.part_of(picture.parent)
    of_part = [file for file in files if parts[file] == part]
    if part == "train" and not of_part:
        of_part = [file for file in files if parts[file] is None]
    if not of_part or (lists and part != "train"):
        return None
    source = of_part[0].parent if len({file.parent for file in of_part}) == 1 else tree.root
    return voc.listing(source, of_part, tree)


_FINDERS: tuple[Finder, ...] = (_coco, _yolo, _voc)
