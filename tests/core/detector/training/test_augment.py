from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from squeeze_core.detector.annotations import read
from squeeze_core.detector.training import augment
from squeeze_core.detector.training.augment import Batches
from squeeze_core.detector.training.pictures import Scene, decoded, labelled_scenes


@pytest.fixture
def scenes(coco_folder: Path) -> list[Scene]:
    return decoded(labelled_scenes(read(coco_folder / "train", coco_folder / "train.json")), 80)


def batches(
    scenes: list[Scene], mosaic: float = 0.0, sides: tuple[int, ...] = (64,), done: float = 0.0
) -> Batches:
    return Batches(scenes, [1.0] * len(scenes), 16, sides, mosaic, torch.tensor([done]))


@pytest.mark.parametrize(("side", "mosaic"), [(64, 0.0), (96, 1.0)])
def test_boxes_stay_on_their_objects(scenes: list[Scene], side: int, mosaic: float) -> None:
    """Red rectangles are labelled 0 and blue ones 1, whatever is done to the pictures."""
    seen = 0
    for number in range(4):
        batch = batches(scenes, mosaic, (side,))[number]
        assert batch.pictures.shape == (16, 3, side, side) and batch.pictures.dtype == torch.uint8
        assert batch.boxes.min() >= 0 and batch.boxes.max() <= side
        for picture, boxes, labels, worth in zip(*batch[:4], strict=True):
            for box, label, own in zip(boxes, labels, worth, strict=True):
                x0, y0, x1, y1 = box.round().int().tolist()
                if own < 1 or min(x1 - x0, y1 - y0) < 8:
                    continue
                inside = picture[:, y0 + 2 : y1 - 2, x0 + 2 : x1 - 2].flatten(1).float()
                red, _, blue = inside.mean(1).tolist()
                assert (red > blue + 40) if label == 0 else (blue > red + 40)
                seen += 1
                if mosaic:
                    continue
                row = picture[:, (y0 + y1) // 2].float()
                strength = (row[0] - row[2]) * (1 if label == 0 else -1)
                # The colour ends where the box does.
                assert x0 < 3 or strength[x0 - 3] < strength[x0 + 2] / 2
                assert x1 > side - 4 or strength[x1 + 2] < strength[x1 - 3] / 2
    assert seen > 50


def test_a_mosaic_shows_four_pictures_and_a_calm_one_does_not(scenes: list[Scene]) -> None:
    busy, calm = (batches(scenes, 1.0, done=done)[0] for done in (0.5, 0.95))
    assert 2 < (busy.worth == 1).sum(1).float().mean() <= 4  # each picture has one object
    assert ((calm.worth >= 0).sum(1) <= 1).all()


def test_a_batch_depends_on_its_number_alone(scenes: list[Scene]) -> None:
    first, again = (batches(scenes, 0.5, (64, 96, 128)) for _ in range(2))
    made = [first[number] for number in range(12)]
    torch.rand(3)
    for number in (5, 2):
        assert all(torch.equal(a, b) for a, b in zip(made[number], again[number], strict=True))
    assert not torch.equal(made[0].boxes[0, 0], made[1].boxes[0, 0])
    assert len({len(batch.pictures[0, 0]) for batch in made}) == 3
    state = torch.get_rng_state()
    first[0]
    assert torch.equal(state, torch.get_rng_state())


def test_what_is_cut_off_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The right half of a picture is shown: of its boxes one whole, a ninth of one, too little of one."""
    monkeypatch.setattr(augment, "_zoom_out", lambda *both: both)
    monkeypatch.setattr(augment, "_flip", lambda *both: both)
    half = lambda *_: lambda *both: [augment.v2.functional.crop(one, 0, 50, 100, 50) for one in both]  # noqa: E731
    monkeypatch.setattr(augment.v2, "RandomResizedCrop", half)
    boxes = np.array([[60, 0, 90, 40], [10, 0, 55, 40], [0, 0, 54, 40]], np.float32)
    picture = torch.zeros(3, 100, 100, dtype=torch.uint8)
    scene = Scene(Path("a"), boxes, np.arange(3), np.ones(3, np.float32), picture)
    canvas = batches([scene])._view(50, 100)
    assert canvas.boxes.tolist() == [[10, 0, 40, 40], [0, 0, 5, 40]]
    assert canvas.labels.tolist() == [0, 1] and canvas.worth.tolist() == [1, 0]
