from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from squeeze_core.detector.annotations import read
from squeeze_core.detector.training.pictures import Scene, decoded, labelled_scenes, sampling_weights


def scenes_of(folder: Path) -> list[Scene]:
    return labelled_scenes(read(folder / "train", folder / "train.json"))


@pytest.mark.parametrize(("side", "width", "height"), [(100, 80, 60), (40, 40, 30)])
def test_decodes_pictures_whole_and_scales_boxes_with_them(
    coco_folder: Path, side: int, width: int, height: int
) -> None:
    scenes = decoded(scenes_of(coco_folder), side)
    assert len(scenes) == 8
    for scene in scenes:
        assert scene.picture.shape == (3, height, width)
        ((x0, y0, x1, y1),) = scene.boxes.round().astype(int).tolist()
        inside = scene.picture[:, y0 + 2 : y1 - 2, x0 + 2 : x1 - 2]
        red, _, blue = inside.float().mean((1, 2)).tolist()
        assert (red > blue + 100) if scene.labels[0] == 0 else (blue > red + 100)


def test_pictures_are_taken_upright(coco_folder: Path) -> None:
    path = coco_folder / "train" / "0.png"
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    with Image.open(path) as image:
        image.load()
        upright = np.array(image)
    image.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)
    first = decoded(scenes_of(coco_folder), 80)[0]
    assert (first.picture.permute(1, 2, 0).numpy() == upright).all()


def test_rare_classes_are_drawn_more_often(coco_folder: Path) -> None:
    file = coco_folder / "train.json"
    document = json.loads(file.read_text())
    for row in document["annotations"][1:]:
        row["category_id"] = 7
    file.write_text(json.dumps(document))
    weights = sampling_weights(scenes_of(coco_folder))
    assert weights[0] > weights[1] == 1.0


def test_rare_classes_are_drawn_by_the_root_of_their_rarity() -> None:
    def scene(label: int) -> Scene:
        return Scene(Path("a.png"), np.zeros((1, 4)), np.array([label]), np.ones(1))

    scenes = [scene(label) for label in [0] * 9 + [1] * 9 + [2]]
    assert sampling_weights(scenes) == [1.0] * 18 + [3.0]
