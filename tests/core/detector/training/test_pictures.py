from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from squeeze_core.detector.annotations import read
from squeeze_core.detector.training.pictures import (
    Scene,
    labelled_scenes,
    sampling_weights,
    store,
    taught,
    unlabelled_scenes,
)
from squeeze_core.detector.training.teacher import Answers
from squeeze_core.errors import UserError


def scenes_of(folder: Path) -> list[Scene]:
    return labelled_scenes(read(folder / "train", folder / "train.json"))


def answers(*rows: tuple[list[float], int, float]) -> Answers:
    boxes, labels, scores = zip(*rows, strict=True)
    return Answers(np.array(boxes, np.float32), np.array(labels), np.array(scores, np.float32))


@pytest.mark.parametrize(("side", "width", "height"), [(100, 80, 60), (40, 40, 30)])
def test_stores_pictures_whole_and_scales_boxes_with_them(
    coco_folder: Path, side: int, width: int, height: int
) -> None:
    stored = store(scenes_of(coco_folder), side)
    assert stored.pictures.shape == (8, 3, side, side)
    assert stored.sizes.tolist() == [[width, height]] * 8
    for scene, pixels in zip(stored.scenes, stored.pictures, strict=True):
        ((x0, y0, x1, y1),) = scene.boxes.round().astype(int).tolist()
        red, _, blue = pixels[:, y0 + 2 : y1 - 2, x0 + 2 : x1 - 2].float().mean((1, 2)).tolist()
        assert (red > blue + 100) if scene.labels[0] == 0 else (blue > red + 100)
    assert not stored.pictures[:, :, height:].any() and not stored.pictures[:, :, :, width:].any()


def test_pictures_are_taken_upright(coco_folder: Path) -> None:
    path = coco_folder / "train" / "0.png"
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    with Image.open(path) as image:
        image.load()
        upright = np.array(image)
    image.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)
    stored = store(scenes_of(coco_folder), 80)
    assert (stored.pictures[0, :, :60].permute(1, 2, 0).numpy() == upright).all()


def test_rare_classes_are_drawn_more_often(coco_folder: Path) -> None:
    file = coco_folder / "train.json"
    document = json.loads(file.read_text())
    for row in document["annotations"][1:]:
        row["category_id"] = 7
    file.write_text(json.dumps(document))
    weights = sampling_weights(scenes_of(coco_folder))
    assert weights[0] > weights[1] == 1.0


def test_a_teacher_is_believed_as_often_as_it_is_right(coco_folder: Path) -> None:
    """On the labelled pictures its answers of 0.9 are right, those of 0.4 half the time, 0.2 never."""
    scenes = scenes_of(coco_folder)
    results = {}
    for place, scene in enumerate(scenes):
        box, label = scene.boxes[0].tolist(), int(scene.labels[0])
        sure = (box, label, 0.93) if place < 4 else (box, label if place < 6 else 1 - label, 0.43)
        results[f"{place}.png"] = answers(sure, ([60, 40, 79, 59], 0, 0.22))
    unlabelled = Scene(
        Path("new.png"), np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32), False
    )
    results["new.png"] = answers(
        ([0, 0, 9, 9], 1, 0.93), ([9, 9, 20, 20], 0, 0.43), ([1, 1, 5, 5], 0, 0.22)
    )
    lesson = taught([*scenes, unlabelled], results)
    assert lesson[8].worth == pytest.approx([1.0, 0.5], abs=0.06)
    assert lesson[8].labels.tolist() == [1, 0]
    # Where labels and teacher agree, labels stay; what it alone is sure of is left alone.
    assert lesson[0].worth.tolist() == [1] and lesson[5].worth.tolist() == [1]
    assert lesson[7].worth.tolist() == [1, 0] and lesson[7].labels.tolist() == [1, 0]


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no picture"):
        unlabelled_scenes(tmp_path)
    with pytest.raises(UserError, match="no folder"):
        unlabelled_scenes(tmp_path / "gone")
