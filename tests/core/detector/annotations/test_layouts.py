"""Annotated folders as tools and people lay them out: each is read, or the sentence says what is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from squeeze_core.detector.annotations import AnnotationError, Annotations, read, read_sets
from squeeze_core.detector.training.train import main

VOC = (
    "<annotation><filename>{name}</filename><path>C:\\x\\{name}</path><object>"
    "<name>cat</name><bndbox><xmin>11</xmin><ymin>6</ymin><xmax>30</xmax><ymax>20</ymax></bndbox></object></annotation>"
)
COCO = (
    '{"images": [{"id": 1, "file_name": "a.jpg", "width": 40, "height": 30}], "categories": [{"id": 1, '
    '"name": "cat"}], "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 5, 20, 15]}]}'
)
YOLO = "0 0.5 0.433333 0.5 0.5\n"


def lay(folder: Path, *files: str) -> None:
    """Pictures of 40×30, XML and label files of one box each, and other texts as "path: content"."""
    for file in files:
        name, _, content = file.partition(": ")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content:
            path.write_text(content.replace("|", "\n"))
        elif path.suffix.lower() in (".jpg", ".png"):
            Image.new("RGB", (40, 30)).save(path)
        elif path.suffix.lower() == ".xml":
            path.write_text(VOC.format(name=f"{path.stem}.jpg"))
        else:
            path.write_text(YOLO)


def found(annotations: Annotations | None) -> dict[str, list[tuple[str, list[int]]]]:
    assert annotations is not None
    return {
        example.path.name: [
            (annotations.classes[label], [round(side) for side in box])
            for label, box in zip(example.labels.tolist(), example.boxes.tolist(), strict=True)
        ]
        for example in annotations.examples
    }


CLASSES = "classes.txt: cat|dog"
TRAIN = {"a.jpg": [("cat", [10, 5, 30, 20])], "b.jpg": [("cat", [10, 5, 30, 20])]}
YAML = "train: images/train|val: images/val|names: [cat, dog]"
ONE_SET = {
    "labelImg, YOLO": ("a.jpg", "b.jpg", "a.txt", "b.txt", CLASSES),
    "labelImg, VOC": ("a.jpg", "b.jpg", "a.xml", "b.xml"),
    "raccoon": ("images/a.jpg", "images/b.jpg", "annotations/a.xml", "annotations/b.xml",
                "data/a_labels.csv: filename,width|a.jpg,40", "training/a.config: model {}",
                "training/object-detection.pbtxt: item {}"),
    "capitals": ("Images/a.jpg", "Images/b.jpg", "ANNOTATIONS/a.XML", "ANNOTATIONS/b.xml"),
    "VOC in JPEGImages": ("JPEGImages/a.jpg", "JPEGImages/b.jpg", "xmls/a.xml", "xmls/b.xml"),
    "one folder down": ("set/pics/a.jpg", "set/pics/b.jpg", "set/boxes/a.xml", "set/boxes/b.xml"),
    "Label Studio": ("images/a.jpg", "images/b.jpg", "labels/a.txt", "labels/b.txt", CLASSES,
                     "notes.json: {}"),
    "names elsewhere": ("a.jpg", "b.jpg", "yolo/a.TXT", "yolo/b.txt", "yolo/Classes.txt: cat|dog"),
    "other ending": ("images/a.jpg", "images/b.jpg", "labels/a.TXT", "labels/b.Txt", "obj.names: cat|dog"),
    "hidden files": ("a.jpg", "b.jpg", "a.xml", "b.xml", ".idea/misc.xml: <project/>", "__x/._a.xml: x"),
}  # fmt: skip


@pytest.mark.parametrize("layout", ONE_SET)
def test_one_set(tmp_path: Path, layout: str) -> None:
    lay(tmp_path, *ONE_SET[layout])
    data, validation = read_sets(tmp_path)
    assert found(data) == TRAIN and validation is None and data.notices == ()


def in_both(*files: str) -> tuple[str, ...]:
    return tuple(file.replace("*", part) for file in files for part in ("train", "val"))


BOTH_SETS = {
    "JPEGImages": (*in_both("JPEGImages/*/a.jpg", "labels/*/a.txt"),
                   f"data.yaml: {YAML.replace('images', 'JPEGImages')}"),
    "labels elsewhere": (*in_both("images/*/a.jpg", "annots/*/a.txt"), f"data.yaml: {YAML}"),
    "set first": (*in_both("*/images/a.jpg", "*/labels/a.txt"), CLASSES),
    "capitals": (*in_both("Images/*/a.JPG", "Labels/*/a.TXT"),
                 f"data.yml: {YAML.replace('images', 'Images')}"),
    "VOC": in_both("*/a.jpg", "*/a.xml"),
    "VOC apart": in_both("images/*/a.jpg", "annotations/*/a.xml"),
    "sets of pictures only": (*in_both("images/*/*.jpg", "labels/*.txt"), CLASSES),
    "sets of pictures only, VOC": in_both("images/*/*.jpg", "annotations/*.xml"),
    "sets of XML only": in_both("images/*.jpg", "annotations/*/*.xml"),
    "a folder down": (*in_both("set/images/*/a.jpg", "set/labels/*/a.txt"), f"set/data.yaml: {YAML}"),
    "no yaml": (*in_both("images/*/a.jpg", "labels/*/a.txt"), CLASSES),
}  # fmt: skip


@pytest.mark.parametrize("layout", BOTH_SETS)
def test_both_sets(tmp_path: Path, layout: str) -> None:
    """The pictures of both sets have the same name; the box of one is not the other's."""
    lay(tmp_path, *BOTH_SETS[layout])
    texts = (path for path in tmp_path.rglob("*") if path.suffix.lower() == ".txt")
    labels = next((path for path in texts if "val" in (*path.parts, path.stem)), None)
    if labels:
        labels.write_text(YOLO.replace("0 ", "1 ", 1))
    data, validation = read_sets(tmp_path)
    assert [box[0] for boxes in found(data).values() for box in boxes] == ["cat"]
    assert [box[0] for boxes in found(validation).values() for box in boxes] == ["dog" if labels else "cat"]


@pytest.mark.parametrize(
    ("names", "number", "expected"),
    [
        ("names: {'0': cat, '1': dog}", 1, "dog"),
        ("names: {1: cat, 2: dog}", 1, "cat"),
        ("names: {1: cat, 2: dog}", 2, "dog"),
        ("names: [no, yes]", 0, "no"),
        ("names:|- on|- off", 1, "off"),
    ],
)
def test_the_names_of_a_data_yaml(tmp_path: Path, names: str, number: int, expected: str) -> None:
    lay(
        tmp_path,
        "train/a.jpg",
        f"train/a.txt: {number} 0.5 0.5 0.2 0.2",
        f"data.yaml: train: train|{names}",
    )
    (label,) = read_sets(tmp_path)[0].examples[0].labels
    assert read_sets(tmp_path)[0].classes[label] == expected


def test_pictures_without_label_file_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lay(
        tmp_path,
        *in_both("images/*/a.jpg", "images/*/b.jpg"),
        *in_both("labels/*/a.txt"),
        f"data.yaml: {YAML}",
    )
    (tmp_path / "labels/val/b.TXT").write_text(YOLO)
    data, validation = read_sets(tmp_path)
    assert found(data)["b.jpg"] == [] and len(found(validation)["b.jpg"]) == 1
    says = "1 of 2 pictures has no label file and counts as background (b.jpg first"
    assert says in data.notices[0] and validation is not None and validation.notices == ()
    assert main(["--data", str(tmp_path), "--check"]) == 0  # of fewer pictures than a batch
    printed = capsys.readouterr()
    assert says in printed.err and "Apart from that, nothing is wrong with the 2 pictures" in printed.out


def test_a_split_of_a_data_yaml(tmp_path: Path) -> None:
    lay(tmp_path, "test/a.jpg", "test/a.txt", "data.yaml: train: train|val: null|test: test|names: [cat]")
    assert found(read(tmp_path, tmp_path / "data.yaml", split="test"))["a.jpg"] == [
        ("cat", [10, 5, 30, 20])
    ]
    with pytest.raises(AnnotationError, match="names no 'val' pictures"):
        read(tmp_path, tmp_path / "data.yaml")


REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "no label file": (("train/a.jpg", "data.yaml: train: train|names: [cat]"),
                      r"1 of 1 pictures has no label file .* looked for a\.txt in"),
    "no other set": (("images/train/a.jpg", "labels/val/a.txt", f"data.yaml: {YAML}"), "'images/val'"),
    "no names": (("a.jpg", "a.txt"), r"1 picture, 1 \.txt file; the label files lack a list of their"),
    "two sets": (("a.jpg", f"a.json: {COCO}", f"b.json: {COCO}"), "path of a.json or b.json"),
    "pictures only": (("a.jpg", "b.jpg"), "In it and below: 2 pictures; read are"),
    "nothing": ((), "In it and below: no pictures"),
    "no picture": (("a.xml",), r"a\.xml: no picture 'a\.jpg' goes with it in"),
    "numbers from 2": (("a.jpg", "a.txt", "data.yaml: train: .|names: {2: cat}"), "no list 'names'"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_a_refusal_says_what_is_there(tmp_path: Path, kind: str) -> None:
    files, says = REFUSED[kind]
    lay(tmp_path, *files)
    with pytest.raises(AnnotationError, match=says):
        read_sets(tmp_path)


@pytest.mark.parametrize(
    "files",
    [
        ("pictures/a.jpg", "labels/my_coco.json"),
        ("train2017/a.jpg", "val2017/a.jpg", "annotations/instances_train2017.json"),
        ("images/a.jpg", "coco_annotations.json"),
        ("images/train/a.jpg", "annotations/train.json"),
        ("a.jpg", "train/labels.json"),
    ],
)
def test_coco_wherever_it_lies(tmp_path: Path, files: tuple[str, ...]) -> None:
    *pictures, annotations = files
    lay(tmp_path, *pictures, f"{annotations}: {COCO}", "other.json: {}")
    data, _ = read_sets(tmp_path)
    assert found(data) == {"a.jpg": [("cat", [10, 5, 30, 20])]}
    assert "val" not in str(data.examples[0].path.relative_to(tmp_path))
