from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from squeeze_core.detector.annotations import AnnotationError, read_coco


def test_reads_boxes_as_corners_and_labels_in_order(coco_folder: Path) -> None:
    annotations = read_coco(coco_folder / "train", coco_folder / "train.json")
    assert annotations.classes == ("red", "blue")
    assert annotations.category_ids == (3, 7)
    first, second = annotations.examples[:2]
    assert first.boxes.tolist() == [[8, 6, 48, 50]]
    assert first.labels.tolist() == [0] and second.labels.tolist() == [1]


def test_takes_another_sets_label_order(coco_folder: Path) -> None:
    annotations = read_coco(coco_folder / "val", coco_folder / "val.json", ("blue", "green", "red"))
    assert annotations.examples[0].labels.tolist() == [2]
    assert annotations.category_ids == (7, -1, 3)


BREAKS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "outside": (lambda d: d["annotations"][2].update(bbox=[70, 5, 30, 20]), r"annotation 2.*outside"),
    "negative": (lambda d: d["annotations"][3].update(bbox=[-9, 5, 30, 20]), r"annotation 3.*outside"),
    "no area": (lambda d: d["annotations"][1].update(bbox=[5, 5, 0, 20]), r"annotation 1.*no area"),
    "not numbers": (lambda d: d["annotations"][1].update(bbox=[5, 5, None]), r"annotation 1.*four"),
    "unknown category": (lambda d: d["annotations"][4].update(category_id=9), r"annotation 4.*category 9"),
    "unknown image": (lambda d: d["annotations"][4].update(image_id=99), r"annotation 4.*image 99"),
    "missing file": (lambda d: d["images"][5].update(file_name="gone.png"), r"image 5.*gone\.png"),
    "other size": (lambda d: d["images"][6].update(width=81), r"image 6.*80×60"),
    "no images": (lambda d: d.update(images=[], annotations=[]), r"lists no box"),
    "no boxes": (lambda d: d.update(annotations=[]), r"lists no box"),
    "null": (lambda d: d.update(annotations=None), r"not a COCO"),
    "not an object": (lambda d: d.update(annotations=[3]), r"annotation in place 0"),
    "no bbox": (lambda d: d["annotations"][1].pop("bbox"), r"annotation 1 has no 'bbox'"),
    "no image_id": (lambda d: d["annotations"][1].pop("image_id"), r"annotation 1 has no 'image_id'"),
    "bbox a number": (lambda d: d["annotations"][1].update(bbox=5), r"annotation 1.*four"),
    "no width": (lambda d: d["images"][1].pop("width"), r"image 1 has no 'width'"),
    "no file_name": (lambda d: d["images"][1].pop("file_name"), r"image 1 has no 'file_name'"),
    "no field": (lambda d: d.pop("categories"), r"not a COCO"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_names_the_broken_entry(coco_folder: Path, name: str) -> None:
    change, sentence = BREAKS[name]
    file = coco_folder / "train.json"
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))
    with pytest.raises(AnnotationError, match=sentence):
        read_coco(coco_folder / "train", file)


def test_an_unknown_class_is_named(coco_folder: Path) -> None:
    with pytest.raises(AnnotationError, match="annotation 1: the class 'blue' is unknown"):
        read_coco(coco_folder / "val", coco_folder / "val.json", ("red",))


@pytest.mark.parametrize("content", ["", "[]", "{", '"text"'])
def test_refuses_what_is_no_annotation_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(AnnotationError, match=r"a\.json"):
        read_coco(tmp_path, tmp_path / "a.json")


def test_a_class_without_boxes_may_be_unknown(coco_folder: Path) -> None:
    file = coco_folder / "val.json"
    document = json.loads(file.read_text())
    document["categories"].append({"id": 9, "name": "zebra"})
    file.write_text(json.dumps(document))
    assert len(read_coco(coco_folder / "val", file, ("red", "blue")).examples) == 4
