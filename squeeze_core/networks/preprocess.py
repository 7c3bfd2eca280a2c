"""Pixels → tensor. Networks differ in data alone (`Preprocess`), declared with their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Preprocess:
    """The preprocessing that one network's weights expect.

    `size`: height and width of the square input, pixels. `resize`: None stretches the whole
    picture to that square; a number scales the shorter side to it, then crops the centre.
    `mean`, `std`: per RGB channel, of values in 0–1.
    """

    size: int
    resize: int | None = None
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    interpolation: v2.InterpolationMode = v2.InterpolationMode.BILINEAR

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
            return F.resize(image, [self.size, self.size], self.interpolation)
        # A strip far longer than the crop would otherwise be scaled up as a whole.
        longest = 4 * min(image.size)
        image = F.center_crop(image, [min(image.height, longest), min(image.width, longest)])
        image = F.resize(image, [self.resize], self.interpolation)
        return F.center_crop(image, [self.size, self.size])

    def __call__(self, images: Sequence[Image.Image], device: torch.device | None = None) -> Tensor:
        """RGB pictures → normalised float32 [N, 3, size, size] on the device; on a GPU channels_last in
        memory, which is faster there."""
        return self.tensor([self.view(image) for image in images], device)

    def tensor(self, views: Sequence[Image.Image], device: torch.device | None = None) -> Tensor:
        """The same tensor from the results of `view`."""
        batch = torch.stack([F.pil_to_tensor(view) for view in views])
        if device is not None and device.type == "cuda":
            # Bytes are a quarter of the floats' size, and the copy does not block.
            batch = batch.pin_memory().to(device, non_blocking=True)
        batch = F.to_dtype(batch, torch.float32, scale=True)
        batch = F.normalize(batch, list(self.mean), list(self.std))
        order = torch.contiguous_format if batch.device.type == "cpu" else torch.channels_last
        return batch.contiguous(memory_format=order)
