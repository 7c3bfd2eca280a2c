"""Plans → pixels, a batch at a time, on the device where the pictures are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from squeeze_core.detector.training.augment import FILL, Plan


class Batch(NamedTuple):
    """`pictures` float32 [N, 3, side, side], RGB 0–255; the rest is a `Plan`'s, on the device."""

    pictures: Tensor
    boxes: Tensor
    labels: Tensor
    worth: Tensor


def render(store: Tensor, sizes: Tensor, plan: Plan) -> Batch:
    """Paint a plan from `store` uint8 [P, 3, s, s], whose pictures are `sizes` [P, 2] wide and high."""
    device = store.device

    def there(array: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(array)
        # Pinned memory, so that the copy waits for nothing.
        return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor

    dtype = torch.float16 if device.type == "cuda" else torch.float32
    fill = torch.tensor(FILL, dtype=dtype).view(1, 3, 1, 1)
    canvas = there(fill.numpy()).repeat(len(plan.boxes), 1, plan.side, plan.side)
    for layer in plan.layers:
        source, place, window = there(layer.source), there(layer.canvas), there(layer.window)
        size = sizes[source]
        across = taps(window[:, 0:4], size[:, 0], plan.side, store.shape[3])
        down = taps(window[:, 4:8], size[:, 1], plan.side, store.shape[2])
        across, down = across.to(dtype)[:, None], down.to(dtype)[:, None]
        painted = down @ (store[source].to(dtype) @ across.transpose(2, 3))
        covered = (down.sum(3) > 0.5)[..., :, None] & (across.sum(3) > 0.5)[..., None, :]
        canvas[place] = torch.where(covered, painted, canvas[place])
    colour = there(plan.colour)
    pictures = torch.baddbmm(colour[:, :, 3:], colour[:, :, :3], canvas.float().flatten(2))
    pictures = pictures.view(canvas.shape).clamp_(0, 255)
    return Batch(pictures, there(plan.boxes), there(plan.labels), there(plan.worth))


def taps(window: Tensor, length: Tensor, side: int, stored: int) -> Tensor:
    """Weights of the source pixels in each canvas pixel along one axis: [K, side, stored], rows sum to 1.

    `window` [K, 4]: start, step, and the canvas pixels covered, from and to; `length` [K]: source pixels
    that there are. Rows outside either are 0. The triangle filter, as wide as the step where that is
    over 1: what Pillow calls bilinear.
    """
    middle = torch.arange(side, device=window.device) + 0.5
    at = window[:, 0:1] + window[:, 1:2] * middle
    pixel = torch.arange(stored, device=window.device)
    width = window[:, 1:2, None].abs().clamp(min=1)
    weight = (1 - (at[:, :, None] - (pixel + 0.5)).abs() / width).clamp(min=0)
    weight = weight * (pixel < length[:, None, None])
    shown = (middle > window[:, 2:3]) & (middle < window[:, 3:4]) & (at > 0) & (at < length[:, None])
    return weight * (shown / weight.sum(2).clamp(min=1e-6))[:, :, None]
