"""Classes to teach: crops of the sample pictures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from squeeze_core.images import Picture
from squeeze_core.networks.engine import Engine
from squeeze_core.teaching.examples import Example, example


def crops(picture: Picture, count: int) -> list[Picture]:
    """Different parts of a picture, each most of it."""
    width, height = picture.image.size
    shift = [(k % 3, k // 3) for k in range(count)]
    boxes = [
        (x * width // 9, y * height // 9, width * (6 + x) // 9, height * (6 + y) // 9) for x, y in shift
    ]
    return [
        replace(picture, image=picture.image.crop(box), key=f"{picture.key[:56]}{number:08}")
        for number, box in enumerate(boxes)
    ]


@pytest.fixture(scope="session")
def classes(samples: dict[str, Picture], engine: Engine) -> dict[str, list[Example]]:
    """Six pictures of a cat, six of a cup and four of a person."""
    files = {"cat 🐈": ("chelsea.png", 6), "cup": ("coffee.jpg", 6), "person": ("astronaut.jpg", 4)}
    return {
        name: [example(one, engine) for one in crops(samples[file], count)]
        for name, (file, count) in files.items()
    }
