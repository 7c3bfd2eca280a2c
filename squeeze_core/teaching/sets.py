"""Two small sets of pictures to try teaching with, from packages that are installed anyway."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePath

import numpy as np
from PIL import Image

from squeeze_core.images import Picture, from_pillow
from squeeze_core.images.sources import Source

_TILES = 3  # a side
_EACH = 12
_DIGITS = 5


@dataclass(frozen=True)
class Set:
    """`source`: of the pictures, with their licence. `pictures`: a class's name and a picture of it."""

    title: str
    source: str
    pictures: Callable[[], Iterator[tuple[str, Image.Image]]]

    def sources(self) -> list[Source]:
        """One folder a class."""
        return [
            Source(PurePath(name, f"{number}.png"), partial(_decoded, image, f"{name} {number}.png"))
            for number, (name, image) in enumerate(self.pictures(), 1)
        ]


def _decoded(image: Image.Image, name: str) -> Picture:
    return replace(from_pillow(image), name=name)


def _textures() -> Iterator[tuple[str, Image.Image]]:
    """Tiles of three photographs, which do not overlap."""
    from skimage import data

    for name in ("brick", "grass", "gravel"):
        image = Image.fromarray(getattr(data, name)()).convert("RGB")
        side = min(image.size) // _TILES
        for place in range(_TILES**2):
            left, top = side * (place % _TILES), side * (place // _TILES)
            yield name, image.crop((left, top, left + side, top + side))


def _digits() -> Iterator[tuple[str, Image.Image]]:
    """The first twelve of each digit: 8 × 8 dots, enlarged."""
    from sklearn.datasets import load_digits

    digits, labels = load_digits(return_X_y=True)
    for digit in range(_DIGITS):
        for pixels in digits[labels == digit][:_EACH].reshape(-1, 8, 8):
            image = Image.fromarray((255 - pixels * 15.9).astype(np.uint8))
            yield str(digit), image.resize((224, 224), Image.Resampling.BICUBIC).convert("RGB")


SETS = {
    "textures": Set(
        "Brick, grass or gravel?",
        "scikit-image 0.26, skimage/data: photographs of CC0Textures (CC0), nine tiles each",
        _textures,
    ),
    "digits": Set(
        "Which digit, 0 to 4?",
        "scikit-learn 1.9, load_digits: Alpaydin and Kaynak, UCI Machine Learning Repository (CC BY 4.0)",
        _digits,
    ),
}
