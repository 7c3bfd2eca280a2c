"""Training pictures for the retraining: decoded once, then cropped, coloured and mixed in batches."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from squeeze_core import images

STORED_SIDE = 256


def kept_for_choosing(names: list[str], count: int = 300) -> frozenset[str]:
    """The `count` file names whose sha256 comes first: a choice that nobody made by hand."""
    return frozenset(sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:count])


def decode_all(paths: list[Path]) -> Tensor:
    """uint8 [N, 3, STORED_SIDE, STORED_SIDE] of the readable pictures among `paths`, in their order,
    each squeezed whole to that square."""
    squares = tqdm(images.prefetch(_square, paths), "decode", len(paths), mininterval=10)
    return torch.stack([square for square in squares if square is not None])


def _square(path: Path) -> Tensor | None:
    """The picture, None where there is none."""
    try:
        picture = images.read(path)
    except images.ImageError:
        return None
    square = picture.image.resize((STORED_SIDE, STORED_SIDE), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(square)).permute(2, 0, 1)


@dataclass(frozen=True)
class Augmentation:
    """What a training picture may become; shares are of the batch."""

    smallest_area: float = 0.15
    stretch: float = 0.25  # largest |ln| of the change of aspect ratio
    colour: float = 0.25  # largest relative change of brightness, contrast and saturation
    mixup: float = 0.25
    cutmix: float = 0.25

    def __call__(self, pictures: Tensor, side: int, generator: torch.Generator) -> Tensor:
        """uint8 [N, 3, H, W] → float32 [N, 3, side, side] in 0–1, on the same device."""
        n, device = len(pictures), pictures.device

        def uniform(low: float, high: float) -> Tensor:
            return torch.rand(n, device=device, generator=generator) * (high - low) + low

        # Crop and mirror: an affine map from the output square into the stored one.
        area, ratio = uniform(self.smallest_area, 1), uniform(-self.stretch, self.stretch).exp()
        width, height = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
        theta = torch.zeros(n, 2, 3, device=device)
        theta[:, 0, 0] = width * uniform(-1, 1).sign()
        theta[:, 1, 1] = height
        theta[:, 0, 2] = (1 - width) * uniform(-1, 1)
        theta[:, 1, 2] = (1 - height) * uniform(-1, 1)
        grid = F.affine_grid(theta, [n, 3, side, side], align_corners=False)
        x = F.grid_sample(pictures.float() / 255, grid, padding_mode="reflection", align_corners=False)
        # Colour: towards grey, towards the mean, then brighter or darker.
        change = [uniform(1 - self.colour, 1 + self.colour).view(n, 1, 1, 1) for _ in range(3)]
        grey = x.mean(1, keepdim=True)
        x = grey + (x - grey) * change[0]
        mean = x.mean((1, 2, 3), keepdim=True)
        x = ((mean + (x - mean) * change[1]) * change[2]).clamp(0, 1)
        # Mix with another picture of the batch: everywhere (mixup) or within a box (cutmix).
        which, share = uniform(0, 1), uniform(0, 1)
        half = (1 - share).sqrt() / 2
        rows = (torch.arange(side, device=device) + 0.5) / side
        inside_y = (rows - uniform(0, 1)[:, None]).abs() < half[:, None]
        inside_x = (rows - uniform(0, 1)[:, None]).abs() < half[:, None]
        box = (inside_y[:, :, None] & inside_x[:, None, :])[:, None].float()
        is_mixup = (which < self.mixup).float().view(n, 1, 1, 1)
        is_cutmix = (which > 1 - self.cutmix).float().view(n, 1, 1, 1)
        other = is_mixup * share.view(n, 1, 1, 1) + is_cutmix * box
        return x + other * (x.roll(1, 0) - x)
