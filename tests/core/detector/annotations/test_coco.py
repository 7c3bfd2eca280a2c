"""COCO files as tools write them and as they go wrong: read, put right with a notice, or refused."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import ExifTags, Image

from squeeze_core.detector.annotations import AnnotationError, read, read_sets


def change(folder: Path, how: Callable[[dict[str, Any]], object], part: str = "train") -> None:
    """Rewrite that part's annotation file."""
    file = folder / f"{part}.json"
    document = json.loads(file.read_text())
    how(document)
    file.write_text(json.dumps(document))


def training(folder: Path, classes: tuple[str, ...] | None = None):
    return read(folder / "train", folder / "train.json", classes)


def test_reads_boxes_as_corners_and_labels_in_order(coco_folder: Path) -> None:
    annotations = training(coco_folder)
    assert annotations.classes == ("red", "blue")
    assert annotations.notices == ()
    first, second = annotations.examples[:2]
    assert (first.width, first.height) == (80, 60)
    assert first.boxes.tolist() == [[8, 6, 48, 50]]
    assert first.labels.tolist() == [0] and second.labels.tolist() == [1]


def test_takes_another_sets_label_order(coco_folder: Path) -> None:
    annotations = training(coco_folder, ("blue", "green", "red"))
    assert annotations.examples[0].labels.tolist() == [2]


FAULTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "outside": (lambda d: d["annotations"][2].update(bbox=[70, 5, 30, 20]), r"tion 2.*outside its 80×60"),
    "corners for sides": (lambda d: d["annotations"][3].update(bbox=[40, 30, 78, 58]), r"tion 3.*outside"),
    "negative": (lambda d: d["annotations"][1].update(bbox=[5, 5, -3, 20]), r"annotation 1.*negative side"),
    "not numbers": (lambda d: d["annotations"][1].update(bbox=[5, 5, None]), r"annotation 1.*four"),
    "infinite": (lambda d: d["annotations"][1].update(bbox=[5, 5, float("inf"), 3]), r"annotation 1.*four"),
    "huge": (lambda d: d["annotations"][1].update(bbox=[5, 5, 10**400, 3]), r"annotation 1.*four"),
    "text": (lambda d: d["annotations"][1].update(bbox=["5", "5", "9", "9"]), r"annotation 1.*four"),
    "a number": (lambda d: d["annotations"][1].update(bbox=5), r"annotation 1.*four"),
    "unknown category": (lambda d: d["annotations"][4].update(category_id=9), r"annotation 4.*category 9"),
    "a list for an id": (lambda d: d["annotations"][4].update(category_id=[3]), r"tion 4.*category \[3\]"),
    "unknown image": (lambda d: d["annotations"][4].update(image_id=99), r"annotation 4.*image 99"),
    "missing file": (lambda d: d["images"][5].update(file_name="gone.png"), r"image 5.*gone\.png"),
    "a name with NUL": (lambda d: d["images"][5].update(file_name="a\0b.png"), r"image 5.*a\\x00b"),
    "other size": (lambda d: d["images"][6].update(width=81), r"6\.png is 80×60, but annotated as 81×60"),
    "two of one id": (lambda d: d["images"][6].update(id=5), r"image 5: another image has the same id"),
    "one file twice": (lambda d: d["images"][6].update(file_name="x/5.png"), r"'x/5.png' and '5.png' both"),
    "no images": (lambda d: d.update(images=[], annotations=[]), r"lists no box"),
    "no boxes": (lambda d: d.update(annotations=[]), r"lists no box"),
    "null": (lambda d: d.update(annotations=None), r"not a COCO"),
    "not an object": (lambda d: d.update(annotations=[3]), r"annotation in place 0"),
    "no bbox": (lambda d: d["annotations"][1].pop("bbox"), r"annotation 1 has no 'bbox'"),
    "no image_id": (lambda d: d["annotations"][1].pop("image_id"), r"annotation 1 has no 'image_id'"),
    "no width": (lambda d: d["images"][1].pop("width"), r"image 1 has no 'width'"),
    "width null": (lambda d: d["images"][1].update(width=None), r"image 1 has no size in pixels"),
    "no file_name": (lambda d: d["images"][1].pop("file_name"), r"image 1 has no 'file_name'"),
    "no categories": (lambda d: d.pop("categories"), r"not a COCO"),
    "nameless category": (lambda d: d["categories"][0].pop("name"), r"category 3 has no 'name'"),
    "two names of one id": (lambda d: d["categories"][1].update(id=3), r"3 is both 'red' and 'blue'"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_names_the_broken_entry(coco_folder: Path, name: str) -> None:
    how, sentence = FAULTS[name]
    change(coco_folder, how)
    with pytest.raises(AnnotationError, match=sentence):
        training(coco_folder)


def test_an_unknown_class_is_named_once_with_the_way_out(coco_folder: Path) -> None:
    with pytest.raises(
        AnnotationError, match=r"annotation 1: the class 'blue' is unknown \(4 boxes\)"
    ) as raised:
        training(coco_folder, ("red", "navy"))
    assert "red, navy" in str(raised.value) and "--rename" in str(raised.value)
    renamed = read(coco_folder / "train", coco_folder / "train.json", ("red", "navy"), {"blue": "navy"})
    assert renamed.examples[1].labels.tolist() == [1]


def test_all_faults_of_both_sets_are_listed_at_once(coco_folder: Path) -> None:
    def spoil(document: dict[str, Any]) -> None:
        for row in document["annotations"]:
            row["bbox"] = [500, 5, 30, 20]

    def spoil_more(document: dict[str, Any]) -> None:
        document["annotations"] += [document["annotations"][0] | {"id": 100 + i} for i in range(30)]
        spoil(document)

    change(coco_folder, spoil)
    (coco_folder / "train" / "3.png").write_bytes((coco_folder / "train" / "3.png").read_bytes()[:300])
    change(coco_folder, spoil_more, "val")
    with pytest.raises(AnnotationError) as raised:
        read_sets(coco_folder)
    said = str(raised.value)
    assert "train.json has 8 faults:" in said and "image 3: 3.png is a damaged or incomplete PNG" in said
    assert "val.json has 34 faults:" in said and "and 14 more" in said
    assert len(said.splitlines()) == (1 + 8) + (1 + 20 + 1)


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '"text"', "[" * 100_000, '{"images": ' + "9" * 5000 + "}"]
)
def test_refuses_what_is_no_annotation_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(AnnotationError, match=r"a\.json"):
        read(tmp_path, tmp_path / "a.json")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.json")
    with pytest.raises(AnnotationError, match=r"a\.json is not a file"):
        read(tmp_path, tmp_path / "a.json")


def test_boxes_of_no_area_are_left_out_with_one_notice(coco_folder: Path) -> None:
    def flatten(document: dict[str, Any]) -> None:
        document["annotations"][0]["bbox"] = [5, 5, 0, 20]
        document["annotations"][1]["bbox"] = [5, 5, 9, 0]

    change(coco_folder, flatten)
    annotations = training(coco_folder)
    (notice,) = annotations.notices
    assert "2 boxes of no area left out (annotation 0 first)" in notice
    assert [len(example.boxes) for example in annotations.examples] == [0, 0, 1, 1, 1, 1, 1, 1]


def test_boxes_over_the_edge_are_clipped_with_one_notice(coco_folder: Path) -> None:
    def stick_out(document: dict[str, Any]) -> None:
        document["annotations"][0]["bbox"] = [50, 6, 34, 44]
        document["annotations"][1]["bbox"] = [-1, 0, 40, 61]  # rounding: no word about it

    change(coco_folder, stick_out)
    annotations = training(coco_folder)
    (notice,) = annotations.notices
    assert "1 box over the edge of the picture clipped (annotation 0)" in notice
    assert annotations.examples[0].boxes.tolist() == [[50, 6, 80, 50]]
    assert annotations.examples[1].boxes.tolist() == [[0, 0, 39, 60]]


def test_crowds_are_kept_apart(coco_folder: Path) -> None:
    change(coco_folder, lambda d: d["annotations"][0].update(iscrowd=1))
    annotations = training(coco_folder)
    first = annotations.examples[0]
    assert first.boxes.shape == (0, 4)
    assert first.ignored_boxes.tolist() == [[8, 6, 48, 50]] and first.ignored_labels.tolist() == [0]
    assert "1 box marked as crowd" in annotations.notices[0]


def test_two_categories_of_one_name_are_one_class(coco_folder: Path) -> None:
    change(coco_folder, lambda d: d["categories"][1].update(name="red"))
    annotations = training(coco_folder)
    assert annotations.classes == ("red",)
    assert annotations.examples[1].labels.tolist() == [0]
    assert "two categories are called 'red'" in annotations.notices[0]


def test_ids_may_be_text(coco_folder: Path) -> None:
    def to_text(document: dict[str, Any]) -> None:
        for row in document["images"]:
            row["id"] = f"img{row['id']}"
        for row in document["annotations"]:
            row["image_id"] = f"img{row['image_id']}"
        document["annotations"][0]["category_id"] = "3"  # and one of another kind than its category's

    change(coco_folder, to_text)
    assert [len(example.boxes) for example in training(coco_folder).examples] == [1] * 8


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_any_unicode_encoding_is_read(coco_folder: Path, encoding: str) -> None:
    file = coco_folder / "train.json"
    file.write_text(file.read_text(), encoding=encoding)
    assert len(training(coco_folder).examples) == 8


@pytest.mark.parametrize(
    "name",
    [
        "images/{}", "images\\{}", "images\\/{}", "C:\\Users\\b\\pictures\\{}", "/home/b/pictures/{}",
        "../../upload/1/{}", "/data/local-files/?d=pictures/{}", "http://localhost:8080/data/upload/1/{}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("file", ["a b.png", "größe.png", "50%.png"])
def test_pictures_are_found_as_tools_write_them(coco_folder: Path, name: str, file: str) -> None:
    (coco_folder / "train" / "2.png").rename(coco_folder / "train" / file)
    for spelled in (file, quote(file)):
        change(coco_folder, lambda d, s=spelled: d["images"][2].update(file_name=name.format(s)))
        assert training(coco_folder).examples[2].path == coco_folder / "train" / file


def test_nothing_outside_the_folder_is_read(coco_folder: Path) -> None:
    change(coco_folder, lambda d: d["images"][2].update(file_name="../val/../secret.png"))
    Image.new("RGB", (80, 60)).save(coco_folder / "secret.png")
    with pytest.raises(AnnotationError, match="there is no file"):
        training(coco_folder)


def test_a_category_that_heads_the_others_is_no_class(coco_folder: Path) -> None:
    def as_roboflow(document: dict[str, Any]) -> None:
        for row in document["categories"]:
            row["supercategory"] = "colours"
        document["categories"].insert(0, {"id": 0, "name": "colours", "supercategory": "none"})

    change(coco_folder, as_roboflow)
    annotations = training(coco_folder)
    assert annotations.classes == ("red", "blue")
    assert "'colours' only heads others" in annotations.notices[0]


def test_a_picture_lying_on_its_side_is_said_so(coco_folder: Path) -> None:
    path = coco_folder / "train" / "0.png"
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    with Image.open(path) as image:
        image.load()
    image.save(path, exif=exif)
    with pytest.raises(
        AnnotationError, match=r"0\.png is 60×80 upright, but annotated as 80×60, lying on its side"
    ):
        training(coco_folder)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:300]), "damaged or incomplete PNG"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (
            lambda path: Image.new("RGB", (80, 60)).save(path, "TGA"),
            "not in a supported format",
        ),
        (lambda path: path.unlink(), "there is no file"),
    ],
)
def test_a_picture_that_cannot_be_learnt_from_is_named(
    coco_folder: Path, spoil: Callable[[Path], object], says: str
) -> None:
    spoil(coco_folder / "val" / "2.png")
    with pytest.raises(AnnotationError, match=f"image 2: .*{says}"):
        read_sets(coco_folder)


def test_what_learns_and_what_scores_see_the_pictures_that_use_sees(coco_folder: Path) -> None:
    """A 16-bit picture is no fault, whatever Pillow alone makes of it."""
    path = coco_folder / "train" / "0.png"
    Image.fromarray(np.full((60, 80), 30_000, np.uint16)).save(path)
    assert len(training(coco_folder).examples) == 8


def test_roboflows_layout(coco_folder: Path) -> None:
    for part, name in (("train", "train"), ("val", "valid")):
        (coco_folder / part).rename(coco_folder / name)
        (coco_folder / f"{part}.json").rename(coco_folder / name / "_annotations.coco.json")
    data, validation = read_sets(coco_folder)
    assert len(data.examples) == 8 and validation is not None and len(validation.examples) == 4


def test_cocos_own_layout(coco_folder: Path) -> None:
    (coco_folder / "annotations").mkdir()
    for part in ("train", "val"):
        (coco_folder / part).rename(coco_folder / f"{part}2017")
        file = coco_folder / "annotations" / f"instances_{part}2017.json"
        (coco_folder / f"{part}.json").rename(file)
    data, validation = read_sets(coco_folder)
    assert len(data.examples) == 8 and validation is not None and len(validation.examples) == 4


@pytest.mark.parametrize("name", ["result.json", "annotations/instances_default.json"])
def test_exports_of_one_set(coco_folder: Path, name: str) -> None:
    (coco_folder / "annotations").mkdir()
    (coco_folder / "train").rename(coco_folder / "images")
    (coco_folder / "train.json").rename(coco_folder / name)
    (coco_folder / "val.json").unlink()
    data, validation = read_sets(coco_folder)
    assert len(data.examples) == 8 and validation is None


def test_a_folder_without_a_set_says_what_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r"holds no annotated pictures.*data\.yaml"):
        read_sets(tmp_path)
    with pytest.raises(AnnotationError, match="There is no folder"):
        read_sets(tmp_path / "none")


def test_a_class_without_boxes_may_be_unknown(coco_folder: Path) -> None:
    change(coco_folder, lambda d: d["categories"].append({"id": 9, "name": "zebra"}))
    assert len(training(coco_folder, ("red", "blue")).examples) == 8
