from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from squeeze_core.detector.annotations import read
from squeeze_core.detector.training.augment import Canvas, Layers, Placed, Plan, Plans, Recipe
from squeeze_core.detector.training.pictures import Scene, Store, labelled_scenes, store
from squeeze_core.detector.training.render import Batch, render


@pytest.fixture
def stored(coco_folder: Path) -> Store:
    return store(labelled_scenes(read(coco_folder / "train", coco_folder / "train.json")), 80)


def plans(stored: Store, recipe: Recipe, done: float = 0.0, seed: int = 0) -> Plans:
    return Plans(stored.scenes, [1.0] * len(stored.scenes), 16, recipe, torch.tensor([done]), seed)


def painted(stored: Store, plan: Plan) -> Batch:
    return render(stored.pictures, stored.sizes, plan)


@pytest.mark.parametrize("recipe", [Recipe((64,), 0), Recipe((64,), 1), Recipe((96,), 0, 1, (0, 1))])
def test_boxes_stay_on_their_objects(stored: Store, recipe: Recipe) -> None:
    """Red rectangles are labelled 0 and blue ones 1, whatever is done to the pictures."""
    seen = 0
    for number in range(4):
        batch = painted(stored, plans(stored, recipe)[number])
        for picture, *truth in zip(*batch, strict=True):
            for box, label, worth in zip(*truth, strict=True):
                x0, y0, x1, y1 = box.round().int().tolist()
                if worth < 1 or min(x1 - x0, y1 - y0) < 8:
                    continue
                # The object's middle may be hidden by what is pasted over it; its median is not.
                colours = picture[:, y0 + 2 : y1 - 2, x0 + 2 : x1 - 2].flatten(1)
                red, _, blue = colours.median(1).values.tolist()
                assert (red > blue) == (label == 0)
                seen += 1
    assert seen > 50


def test_a_mosaic_shows_four_pictures_and_a_calm_one_does_not(stored: Store) -> None:
    recipe = Recipe((64,), mosaic=1, paste=1, pasted=(0, 1), calm=0.5)
    busy, calm = plans(stored, recipe, 0.4)[0], plans(stored, recipe, 0.6)[0]
    assert [len(layer.source) for layer in busy.layers[:5]] == [16] * 5
    assert len(calm.layers) == 1


def test_a_plan_depends_on_seed_and_number_alone_and_its_side_on_the_number(stored: Store) -> None:
    recipe = Recipe((64, 96, 128), 0.5)
    first, again, other = (plans(stored, recipe, seed=seed) for seed in (1, 1, 2))
    for number in range(6):
        assert np.array_equal(first[number].boxes, again[number].boxes)
        assert first[number].side == other[number].side
        assert not np.array_equal(first[number].boxes[0, 0], other[number].boxes[0, 0])
    assert len({first[number].side for number in range(12)}) == 3


def test_what_is_cut_off_or_hidden_is_left_alone() -> None:
    boxes = np.array([[0, 0, 40, 40], [50, 0, 90, 40], [88, 0, 99, 40]], np.float32)
    scene = Scene(Path("a"), boxes, np.arange(3), np.ones(3, np.float32), 100, 100)
    canvas = Canvas(100)
    canvas.add(Placed(0, (1, 1), (0, 0), (0, 0, 60, 100)), scene)
    assert canvas.boxes.tolist() == [[0, 0, 40, 40], [50, 0, 60, 40]]
    assert canvas.worth.tolist() == [1, 0]  # a quarter of the second is left, nothing of the third
    empty = Scene(Path("b"), boxes[:0], np.arange(0), np.ones(0, np.float32), 100, 100)
    canvas.add(Placed(1, (1, 1), (0, 0), (0, 0, 20, 40)), empty)
    assert canvas.worth.tolist() == [0, 0]  # half of the first is now hidden
    canvas.add(Placed(1, (1, 1), (0, 0), (0, 0, 40, 35)), empty)
    assert canvas.labels.tolist() == [0, 1]  # an eighth of it can be seen
    canvas.add(Placed(1, (1, 1), (0, 0), (0, 0, 40, 37)), empty)
    assert canvas.labels.tolist() == [1]


def whole(width: int, height: int, side: int, flip: bool = False) -> Plan:
    """A plan that stretches the first picture to the canvas, colours as they are."""
    x = (width, -width / side) if flip else (0, width / side)
    window = np.array([[*x, 0, side, 0, height / side, 0, side]], np.float32)
    plain = np.eye(3, 4, dtype=np.float32)[None]
    nothing = np.zeros((1, 1), np.float32)
    layer = Layers(np.array([0]), np.array([0]), window)
    return Plan(side, [layer], plain, nothing[..., None], nothing.astype(int), nothing - 1)


@pytest.mark.parametrize("side", [32, 64, 160])
@pytest.mark.parametrize("flip", [False, True])
def test_paints_as_pillow_resizes(stored: Store, side: int, flip: bool) -> None:
    """Use sees pictures resized by Pillow; training has to see the same."""
    image = Image.fromarray(stored.pictures[0, :, :60].permute(1, 2, 0).numpy())
    if flip:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    expected = torch.tensor(np.array(image.resize((side, side), Image.Resampling.BILINEAR)))
    got = painted(stored, whole(80, 60, side, flip)).pictures[0].permute(1, 2, 0)
    assert (got - expected).abs().max() <= 1.01  # Pillow rounds after each axis


def test_colours_are_a_matrix_and_stay_in_range(stored: Store) -> None:
    plan = whole(80, 60, 64)
    plain = painted(stored, plan).pictures
    swapped = np.eye(3, 4, dtype=np.float32)[None, [2, 1, 0]] + [[0, 0, 0, 9]]
    changed = painted(stored, plan._replace(colour=swapped.astype(np.float32))).pictures
    assert torch.allclose(changed, (plain.flip(1) + 9).clamp(max=255), atol=1e-3)
