"""Pixels → array. Networks differ in data alone (`Preprocess`), declared with their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Preprocess:
    """The preprocessing that one network's weights expect, with the numbers of torchvision's transforms.

    `size`: height and width of the square input, pixels. `resize`: None stretches the whole
    picture to that square; a number scales the shorter side to it, then crops the centre.
    `mean`, `std`: per RGB channel, of values in 0–1. `interpolation`: of Pillow's resize.
    """

    size: int
    resize: int | None = None
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    interpolation: Image.Resampling = Image.Resampling.BILINEAR

    def __str__(self) -> str:
        if self.resize is None:
            return f"whole picture stretched to {self.size}×{self.size}"
        return f"shorter side scaled to {self.resize}, the centre {self.size}×{self.size} of it"

    @property
    def least_side(self) -> int:
        """Pixels that a picture's shorter side must have, so that nothing is upsampled."""
        return self.resize or self.size

    def view(self, image: Image.Image) -> Image.Image:
        """The part of an RGB picture that the network sees, at its input size."""
        if self.resize is None:
            return image.resize((self.size, self.size), self.interpolation)
        # A strip far longer than the crop would otherwise be scaled up as a whole.
        longest = 4 * min(image.size)
        image = _centre(image, min(image.width, longest), min(image.height, longest))
        shorter = min(image.size)
        width, height = (int(self.resize * side / shorter) for side in image.size)
        return _centre(image.resize((width, height), self.interpolation), self.size, self.size)

    def __call__(self, images: Sequence[Image.Image]) -> np.ndarray:
        """RGB pictures → normalised float32 [N, 3, size, size]."""
        return self.array([self.view(image) for image in images])

    def array(self, views: Sequence[Image.Image | np.ndarray]) -> np.ndarray:
        """The same array from the results of `view`, or from their pixels."""
        pixels = np.stack([np.asarray(view) for view in views]).transpose(0, 3, 1, 2)
        batch = pixels.astype(np.float32, order="C")
        batch *= np.float32(1 / 255)
        batch -= np.array(self.mean, np.float32)[:, None, None]
        batch /= np.array(self.std, np.float32)[:, None, None]
        return batch


def _centre(image: Image.Image, width: int, height: int) -> Image.Image:
    """The middle of a picture, rounded as torchvision's center_crop."""
    if image.size == (width, height):
        return image
    left, top = round((image.width - width) / 2), round((image.height - height) / 2)
    return image.crop((left, top, left + width, top + height))
