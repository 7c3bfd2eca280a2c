"""Training and validation sets in a folder, in each layout that tools export."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from squeeze_core.detector.annotations import coco, voc, yolo
from squeeze_core.detector.annotations.checking import Annotations, check
from squeeze_core.detector.annotations.listing import AnnotationError, Listing, read_text

# What a set is called in a folder: training first.
NAMES = {"train": ("train",), "val": ("val", "valid", "validation")}
# Of exports that hold one set only: Label Studio's, Roboflow's, and what people call it.
SINGLE_FILES = ("result.json", "_annotations.coco.json", "annotations.json")
# Class names and pictures as Label Studio and CVAT export YOLO.
YOLO_SINGLE = (("classes.txt", "images"), ("obj.names", "obj_train_data"))
Finder = Callable[[Path, str], Listing | None]


def read(
    folder: Path,
    source: Path,
    classes: tuple[str, ...] | None = None,
    rename: Mapping[str, str] | None = None,
) -> Annotations:
    """One set whose pictures lie in `folder`: `source` is a COCO file, a data.yaml (its "val"), or a
    folder of VOC's XML files. Checked as `checking.check` does, with its errors."""
    if source.is_dir():
        files = sorted(source.rglob("*.xml"))
        if not files:
            raise AnnotationError(f"{source} holds no XML file of PASCAL VOC's.")
        return check(voc.listing(source, files, folder), classes, rename)
    if source.suffix.lower() in (".yaml", ".yml"):
        return check(yolo.listing(source, "val"), classes, rename)
    return check(coco.listing(folder, source), classes, rename)


def read_sets(data: Path) -> tuple[Annotations, Annotations | None]:
    """The training set in a folder (or of a data.yaml), and its validation set when there is one.

    The layouts: train/ and train.json beside each other; Roboflow's (train/_annotations.coco.json);
    COCO's, CVAT's and Label Studio's (annotations/instances_train….json, result.json); YOLO's with a
    data.yaml or classes.txt; VOC's XML beside the pictures or in Annotations/. The validation set has
    the training set's classes, in its order. AnnotationError lists what is wrong with both.
    """
    if not data.exists():
        raise AnnotationError(f"There is no folder {data}.")
    training = _find(data, "train")
    if training is None:
        raise AnnotationError(
            f"{data} holds no annotated pictures: neither train.json beside train/, "
            "train/_annotations.coco.json, annotations/instances_train….json, result.json, data.yaml, "
            "nor XML files beside their pictures."
        )
    validation = _find(data, "val")
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


def _find(data: Path, part: str) -> Listing | None:
    return next((found for find in _FINDERS if (found := find(data, part)) is not None), None)


def _plain_coco(data: Path, part: str) -> Listing | None:
    for name in NAMES[part]:
        for file in (data / f"{name}.json", data / name / "_annotations.coco.json"):
            if file.is_file():
                return coco.listing(data / name, file)
    return None


def _instances(data: Path, part: str) -> Listing | None:
    """annotations/instances_train2017.json with train2017/; CVAT's and Label Studio's single file."""
    for file in sorted((data / "annotations").glob(f"instances_{part}*.json")):
        name = file.stem.removeprefix("instances_")
        folder = next((f for f in (data / name, data / "images" / name) if f.is_dir()), data)
        return coco.listing(folder, file)
    if part == "train":
        for name in ("annotations/instances_default.json", *SINGLE_FILES):
            if (data / name).is_file():
                folders = (data / "images" / "default", data / "images", data)
                return coco.listing(next(f for f in folders if f.is_dir()), data / name)
    return None


def _yolo(data: Path, part: str) -> Listing | None:
    plain = data if data.is_file() else data / "data.yaml"
    files = [plain] if plain.is_file() else [*sorted(data.glob("*.yaml")), *sorted(data.glob("*.yml"))]
    for file in files:
        if yolo.splits(file).get(part):
            return yolo.listing(file, part)
    if part == "train" and not files:
        for names, pictures in YOLO_SINGLE:
            if (data / names).is_file() and (data / pictures).is_dir():
                lines = [line.strip() for line in read_text(data / names).splitlines() if line.strip()]
                return yolo.list_boxes(data / names, lines, yolo.pictures_in(data / pictures))
    return None


def _voc(data: Path, part: str) -> Listing | None:
    xml, named = data / "Annotations", data / "ImageSets" / "Main" / f"{part}.txt"
    if xml.is_dir() and named.is_file():
        return voc.listing(named, voc.files_named(named, xml), data / "JPEGImages")
    if xml.is_dir() and part == "train" and not named.parent.is_dir():
        return voc.listing(xml, sorted(xml.glob("*.xml")), data / "JPEGImages", data / "images", data)
    for name in NAMES[part]:
        files = sorted((data / name).rglob("*.xml"))
        if files:
            return voc.listing(data / name, files, data / name)
    return None


_FINDERS: tuple[Finder, ...] = (_plain_coco, _instances, _yolo, _voc)
