"""YOLO's text files and PASCAL VOC's XML give the same annotations as COCO's JSON of the same pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from squeeze_core.detector.annotations import AnnotationError, Annotations, read, read_sets

NAMES = ("blue", "red")  # in VOC's order


def boxes(annotations: Annotations) -> dict[str, list[tuple[str, list[float]]]]:
    """File name → its boxes."""
    return {
        example.path.name: [
            (annotations.classes[label], [round(v, 3) for v in box])
            for box, label in zip(example.boxes.tolist(), example.labels.tolist(), strict=True)
        ]
        for example in annotations.examples
    }


def rows(folder: Path, part: str) -> list[tuple[str, str, list[float]]]:
    """Picture, class name and COCO's box of each annotation."""
    document = json.loads((folder / f"{part}.json").read_text())
    files = {row["id"]: row["file_name"] for row in document["images"]}
    names = {row["id"]: row["name"] for row in document["categories"]}
    return [(files[r["image_id"]], names[r["category_id"]], r["bbox"]) for r in document["annotations"]]


def write_yolo(folder: Path, part: str, labels: Path) -> None:
    labels.mkdir(parents=True)
    for file, name, (x, y, w, h) in rows(folder, part):
        shares = ((x + w / 2) / 80, (y + h / 2) / 60, w / 80, h / 60)
        line = f"{NAMES.index(name)} " + " ".join(map(str, shares))
        (labels / file).with_suffix(".txt").write_text(line + "\n")


def write_voc(folder: Path, part: str, out: Path, name_pictures: bool = True) -> None:
    out.mkdir(exist_ok=True)
    for file, name, (x, y, w, h) in rows(folder, part):
        named = f"<filename>{file}</filename>" if name_pictures else ""
        (out / file).with_suffix(".xml").write_text(
            f"<annotation>{named}<size><width>80</width><height>60</height></size>"
            f"<object><name>{name}</name><difficult>0</difficult><bndbox><xmin>{x + 1}</xmin>"
            f"<ymin>{y + 1}</ymin><xmax>{x + w}</xmax><ymax>{y + h}</ymax></bndbox></object></annotation>"
        )


@pytest.fixture
def expected(coco_folder: Path) -> tuple[dict, dict]:
    data, validation = read_sets(coco_folder)
    assert validation is not None
    return boxes(data), boxes(validation)


def as_ultralytics(folder: Path, train: str, val: str, names: str = "['blue', 'red']") -> None:
    """images/train, labels/train, … and a data.yaml."""
    (folder / "images").mkdir()
    for part in ("train", "val"):
        (folder / part).rename(folder / "images" / part)
        write_yolo(folder, part, folder / "labels" / part)
        (folder / f"{part}.json").unlink()
    (folder / "data.yaml").write_text(f"train: {train}\nval: {val}\nnc: 2\nnames: {names}\n")


@pytest.mark.parametrize(
    ("train", "val"),
    [
        ("images/train", "images/val"),
        ("../images/train", "../images/val"),
        ("/content/set/images/train", "/content/set/images/val"),
        ("[images/train]", "[images/val]"),
    ],
)
@pytest.mark.parametrize("names", ["['blue', 'red']", "\n  0: blue\n  1: red"])
def test_yolo(coco_folder: Path, expected: tuple, train: str, val: str, names: str) -> None:
    as_ultralytics(coco_folder, train, val, names)
    data, validation = read_sets(coco_folder)
    assert validation is not None and data.classes == validation.classes == NAMES
    assert (boxes(data), boxes(validation)) == expected
    assert boxes(read_sets(coco_folder / "data.yaml")[0]) == expected[0]
    assert boxes(read(coco_folder, coco_folder / "data.yaml")) == expected[1]


def test_yolo_lists_of_files_polygons_and_pictures_without_boxes(
    coco_folder: Path, expected: tuple
) -> None:
    as_ultralytics(coco_folder, "train.txt", "images/val")
    pictures = sorted((coco_folder / "images" / "train").iterdir())
    lines = "\n".join(f"./images/train/{path.name}" for path in pictures)
    (coco_folder / "train.txt").write_text(lines)
    (coco_folder / "labels/train/0.txt").write_text("1 0.1 0.1  0.6 0.1  0.6 0.8333333  0.1 0.5\n")
    (coco_folder / "labels/train/1.txt").unlink()
    data, _ = read_sets(coco_folder)
    found = boxes(data)
    assert found["0.png"] == [("red", [8, 6, 48, 50])] and found["1.png"] == []
    assert found["5.png"] == expected[0]["5.png"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("2 0.5 0.5 0.1 0.1", r"0\.txt, line 1: there is no class 2; 2 are named"),
        ("red 0.5 0.5 0.1 0.1", "is not a class and four numbers"),
        ("1 0.5 0.5 0.1", "is not a class and four numbers"),
        ("1 0.5 nan 0.1 0.1", "is not a class and four numbers"),
        ("1 1.5 0.5 0.1 0.1", "lies outside its 80×60 picture"),
        ("1 40 30 20 20", "lies outside its 80×60 picture"),
    ],
)
def test_faults_of_yolo_files_are_named(coco_folder: Path, line: str, says: str) -> None:
    as_ultralytics(coco_folder, "images/train", "images/val")
    (coco_folder / "labels/train/0.txt").write_text(line)
    with pytest.raises(AnnotationError, match=says):
        read_sets(coco_folder)


@pytest.mark.parametrize("content", ["", "a: [", "names: 3", "[]", "names: [a]\ntrain: nowhere", "\x00"])
def test_what_is_no_data_yaml_is_said(tmp_path: Path, content: str) -> None:
    (tmp_path / "data.yaml").write_text(content)
    with pytest.raises(AnnotationError, match=r"data\.yaml"):
        read_sets(tmp_path)


@pytest.mark.parametrize(
    ("names", "pictures"), [("classes.txt", "images"), ("obj.names", "obj_train_data")]
)
def test_yolo_of_label_studio_and_cvat(
    coco_folder: Path, expected: tuple, names: str, pictures: str
) -> None:
    (coco_folder / "train").rename(coco_folder / pictures)
    write_yolo(coco_folder, "train", coco_folder / "labels")
    if pictures != "images":
        for file in (coco_folder / "labels").iterdir():
            file.rename(coco_folder / pictures / file.name)
    for part in ("train", "val"):
        (coco_folder / f"{part}.json").unlink()
    (coco_folder / names).write_text("blue\nred\n")
    data, validation = read_sets(coco_folder)
    assert boxes(data) == expected[0] and validation is None


@pytest.mark.parametrize("layout", ["beside", "devkit"])
@pytest.mark.parametrize("name_pictures", [True, False])
def test_voc(coco_folder: Path, expected: tuple, layout: str, name_pictures: bool) -> None:
    pictures = coco_folder / "JPEGImages"
    for part in ("train", "val"):
        out = coco_folder / (part if layout == "beside" else "Annotations")
        write_voc(coco_folder, part, out, name_pictures)
    if layout == "devkit":
        pictures.mkdir()
        sets = coco_folder / "ImageSets" / "Main"
        sets.mkdir(parents=True)
        for part, keep in (("train", range(4, 8)), ("val", range(4))):  # the parts' names overlap
            (sets / f"{part}.txt").write_text("".join(f"{number}\n" for number in keep))
            for number in keep:
                (coco_folder / part / f"{number}.png").rename(pictures / f"{number}.png")
        expected = ({k: v for k, v in expected[0].items() if int(k[0]) >= 4}, expected[1])
    for part in ("train", "val"):
        (coco_folder / f"{part}.json").unlink()
    data, validation = read_sets(coco_folder)
    assert validation is not None and data.classes == NAMES
    assert (boxes(data), boxes(validation)) == expected


def test_voc_marks_difficult_objects_as_ignored(coco_folder: Path) -> None:
    write_voc(coco_folder, "val", coco_folder / "val")
    file = coco_folder / "val" / "0.xml"
    file.write_text(file.read_text().replace("<difficult>0", "<difficult>1"))
    annotations = read(coco_folder / "val", coco_folder / "val")
    assert len(annotations.examples[0].boxes) == 0 and len(annotations.examples[0].ignored_boxes) == 1


BOMB = '<!DOCTYPE a [<!ENTITY x "lol">' + "".join(
    f'<!ENTITY x{i} "{f"&x{i - 1 if i else str()};" * 10}">' for i in range(9)
) + "]><annotation><filename>&x8;</filename></annotation>"  # fmt: skip


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("<html/>", "is not PASCAL VOC's XML"),
        ("", "is not PASCAL VOC's XML"),
        (BOMB, r"0\.xml"),
        ("<annotation><filename>0.png</filename><object/></annotation>", "object 1 has no name"),
        (
            "<annotation><filename>0.png</filename><object><name>a</name><bndbox/></object></annotation>",
            "object 1 has no bndbox of four numbers",
        ),
    ],
)
def test_faults_of_voc_files_are_named(coco_folder: Path, content: str, says: str) -> None:
    (coco_folder / "val" / "0.xml").write_text(content)
    with pytest.raises(AnnotationError, match=says):
        read(coco_folder / "val", coco_folder / "val")
