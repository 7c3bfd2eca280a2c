"""Augmented training batches: zoom out, crop, flip and colours by torchvision, and mosaics.

Zoom out and random crop after Liu et al. 2016 (SSD, arXiv:1512.02325, section 2.2), mosaics after
Bochkovskiy et al. 2020 (arXiv:2004.10934, section 3.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset
from torchvision import tv_tensors
from torchvision.ops import box_area
from torchvision.transforms import v2

from squeeze_core.detector.training.pictures import Scene

LEAST_SIDE = 3.0  # pixels: what is left of a smaller box is no longer learnt
WHOLE, PART = 0.35, 0.1  # visible share from which a box is learnt, and from which it is left alone
CALM = 0.9  # share of the training from which no mosaic is made
FILL = (124, 116, 104)  # ImageNet's mean colour
MOST_BOXES = 120
CROPPED = (0.3, 1.0)  # share of a picture's area that is shown
ASPECT = (0.67, 1.5)  # width over height of that part, which is then stretched to its place

_zoom_out = v2.RandomZoomOut(FILL, side_range=(1.0, 1.4))
_flip = v2.RandomHorizontalFlip()
_colours = v2.RandomApply([v2.ColorJitter(brightness=0.3, contrast=0.3, saturation=0.5)], 0.7)


class Batch(NamedTuple):
    """N canvases of one side: `pictures` uint8 [N, 3, side, side], RGB.

    `boxes` float32 [N, M, 4] x0, y0, x1, y1 in pixels of the canvas; `labels` int64 [N, M]; `worth` float32
    [N, M]: a `Scene`'s, and -1 where there is no box; `source` int64 [N]: a scene that the canvas shows.
    """

    pictures: Tensor
    boxes: Tensor
    labels: Tensor
    worth: Tensor
    source: Tensor


class Canvas(NamedTuple):
    """One row of a `Batch`, as high and wide as asked for, with as many boxes as are seen."""

    picture: Tensor
    boxes: Tensor
    labels: Tensor
    worth: Tensor
    source: int


class Batches(Dataset[Batch]):
    """Batch number i is the same in every run; endless, so it has no length.

    `scenes`: decoded; `weights`: how often each is drawn. `sides`: of the canvases, one for each batch.
    `mosaic`: share of the canvases that are mosaics. `progress`: shared memory float32 [1], the share of
    the training that is done.
    """

    def __init__(
        self,
        scenes: Sequence[Scene],
        weights: Sequence[float],
        batch: int,
        sides: Sequence[int],
        mosaic: float,
        progress: Tensor,
    ) -> None:
        self.scenes, self.weights = scenes, torch.tensor(weights, dtype=torch.float64)
        self.batch, self.sides, self.mosaic, self.progress = batch, sides, mosaic, progress

    def __getitem__(self, number: int) -> Batch:
        with torch.random.fork_rng([]):  # torchvision draws from PyTorch's global generator
            torch.manual_seed(number)
            side = self.sides[int(torch.randint(len(self.sides), ()))]
            mosaic = self.mosaic if self.progress.item() < CALM else 0.0
            return collate([self.canvas(side, mosaic) for _ in range(self.batch)])

    def canvas(self, side: int, mosaic: float) -> Canvas:
        """One picture, or with the chance `mosaic` four of them."""
        if torch.rand(()) >= mosaic:
            return self._view(side, side)
        x, y = (side * (0.3 + 0.4 * torch.rand(2))).int().tolist()
        picture = torch.empty(3, side, side, dtype=torch.uint8)
        views = []
        for left, right in ((0, x), (x, side)):
            for top, bottom in ((0, y), (y, side)):
                view = self._view(right - left, bottom - top)
                picture[:, top:bottom, left:right] = view.picture
                views.append(view._replace(boxes=view.boxes + torch.tensor([left, top] * 2)))
        boxes, labels, worth = (torch.cat(parts) for parts in list(zip(*views, strict=True))[1:4])
        return Canvas(picture, boxes, labels, worth, views[0].source)

    def _view(self, width: int, height: int) -> Canvas:
        """Draw a picture; show it, or a part of it with an object if it has any."""
        index = int(self.weights.multinomial(1))
        scene = self.scenes[index]
        crop = v2.RandomResizedCrop((height, width), CROPPED, ASPECT)
        assert scene.picture is not None
        there = tv_tensors.BoundingBoxes(
            torch.from_numpy(scene.boxes),
            format="XYXY",
            canvas_size=scene.picture.shape[1:],
            clamping_mode=None,
        )
        for _ in range(8):
            picture, full = _flip(*crop(*_zoom_out(tv_tensors.Image(scene.picture), there)))
            full = full.as_subclass(Tensor)
            cut = full.clamp(min=0).minimum(torch.tensor([width, height] * 2))
            visible = box_area(cut) / box_area(full).clamp(min=1e-6)
            if len(cut) == 0 or (visible > WHOLE).any():
                break
        worth = torch.from_numpy(scene.worth).where(visible >= WHOLE, 0.0)
        seen = (visible >= PART) & ((cut[:, 2:] - cut[:, :2]).amin(1) >= LEAST_SIDE)
        labels = torch.from_numpy(scene.labels)[seen]
        return Canvas(_colours(picture).as_subclass(Tensor), cut[seen], labels, worth[seen], index)


def collate(canvases: Sequence[Canvas]) -> Batch:
    """Canvases of one side as a batch, their boxes padded to the most that one has, at most MOST_BOXES."""
    most = min(MOST_BOXES, max(1, *(len(canvas.boxes) for canvas in canvases)))
    boxes = torch.zeros(len(canvases), most, 4)
    labels = torch.zeros(len(canvases), most, dtype=torch.int64)
    worth = torch.full((len(canvases), most), -1.0)
    for i, canvas in enumerate(canvases):
        count = min(most, len(canvas.boxes))
        boxes[i, :count], labels[i, :count] = canvas.boxes[:count], canvas.labels[:count]
        worth[i, :count] = canvas.worth[:count]
    pictures = torch.stack([canvas.picture for canvas in canvases])
    return Batch(pictures, boxes, labels, worth, torch.tensor([canvas.source for canvas in canvases]))
