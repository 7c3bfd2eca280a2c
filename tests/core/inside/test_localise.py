from __future__ import annotations

import numpy as np
import pytest

from squeeze_core.classifier import classify
from squeeze_core.images import Picture
from squeeze_core.inside.localise import localise, part_box
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.engine import Engine


def test_box_of_the_largest_part() -> None:
    heat = np.zeros((20, 30), np.float32)
    heat[2:8, 3:9] = 1.0
    heat[12:15, 20:22] = 2.0
    assert part_box(heat, 0.2).tolist() == [3, 2, 9, 8]
    assert part_box(heat, 0.7).tolist() == [20, 12, 22, 15]


def test_the_whole_picture_when_nothing_speaks_for_the_class() -> None:
    assert part_box(np.zeros((4, 6), np.float32), 0.2).tolist() == [0, 0, 6, 4]


def test_finds_the_cup_in_the_middle(samples: dict[str, Picture], engine: Engine) -> None:
    picture = samples["coffee.jpg"]
    best = next(classify([picture], engine)).top(1)[0]
    place = localise(picture, engine, DEFAULT, best.index)
    assert place.label == best.label and place.score == pytest.approx(best.probability, abs=1e-4)
    x0, y0, x1, y1 = place.box
    assert 0 <= x0 < picture.width / 2 < x1 <= picture.width
    assert 0 <= y0 < picture.height / 2 < y1 <= picture.height
    assert (x1 - x0) * (y1 - y0) < 0.95 * picture.width * picture.height
