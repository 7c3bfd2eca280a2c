"""Annotated pictures → augmented training examples."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.utils.data import Dataset
from torchvision import tv_tensors
from torchvision.transforms import v2

from squeeze_core.detector.annotations import Annotations


def sampling_weights(annotations: Annotations, power: float = 0.5) -> list[float]:
    """How often to draw each picture, so that pictures of rare classes come more often.

    Repeat factors as in LVIS (Gupta et al. 2019, arXiv:1908.03195, appendix B.2): a picture weighs
    (median frequency / frequency)^power of its rarest class, at least 1, a picture without boxes 1.
    """
    counts = Counter(label for e in annotations.examples for label in set(e.labels.tolist()))
    median = sorted(counts.values())[len(counts) // 2]
    factor = {label: max(1.0, (median / count) ** power) for label, count in counts.items()}
    return [max((factor[i] for i in e.labels.tolist()), default=1.0) for e in annotations.examples]


class TrainingSet(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Augmented examples: uint8 [3, size, size], boxes float32 [M, 4] in its pixels, labels [M].

    SSD's augmentation (Liu et al. 2016, arXiv:1512.02325, section 3.6) by torchvision's transforms:
    colour, zoom-out, IoU crop, flip. `crop`: the share of the pictures that the IoU crop gets; it
    leaves about one in seven of those whole.
    """

    def __init__(self, annotations: Annotations, size: int, crop: float = 1.0) -> None:
        self.examples = annotations.examples
        self.crop = crop
        self.resize_to(size)

    def resize_to(self, size: int) -> None:
        """From the next epoch on, pictures of that side, pixels."""
        self.transform = v2.Compose(
            [
                v2.RandomZoomOut(fill=(124, 116, 104), side_range=(1.0, 2.5), p=0.25),
                v2.RandomApply([v2.RandomIoUCrop(min_scale=0.3, trials=20)], self.crop),
                v2.RandomHorizontalFlip(),
                v2.Resize((size, size)),
                v2.RandomApply([v2.ColorJitter(0.3, 0.3, 0.4)], p=0.7),
                v2.SanitizeBoundingBoxes(min_size=3),
            ]
        )

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        example = self.examples[index]
        with Image.open(example.path) as file:
            image = ImageOps.exif_transpose(file).convert("RGB")
        size = (example.height, example.width)
        boxes = tv_tensors.BoundingBoxes(example.boxes, format="XYXY", canvas_size=size)  # type: ignore[call-arg]
        image, target = self.transform(image, {"boxes": boxes, "labels": example.labels})
        return v2.functional.pil_to_tensor(image), target["boxes"].as_subclass(Tensor), target["labels"]


Batch = tuple[Tensor, list[Tensor], list[Tensor]]


def collate(items: list[tuple[Tensor, Tensor, Tensor]]) -> Batch:
    """Examples → uint8 [N, 3, size, size], and boxes and labels picture by picture."""
    images, boxes, labels = zip(*items, strict=True)
    return torch.stack(images), list(boxes), list(labels)


@dataclass(frozen=True)
class MosaicCollate:
    """`collate`, then a share of the batch become mosaics of four of its pictures at half scale.

    After Bochkovskiy et al. 2020 (arXiv:2004.10934), section 3.3: four contexts in one picture, and
    four times as many small objects.
    """

    share: float

    def __call__(self, items: list[tuple[Tensor, Tensor, Tensor]]) -> Batch:
        images, boxes, labels = collate(items)
        small = torch.nn.functional.avg_pool2d(images.float(), 2).round().to(torch.uint8)
        half = images.shape[-1] // 2
        mosaics = [i for i in range(len(items)) if len(items) >= 4 and random.random() < self.share]
        halves = [box / 2 for box in boxes]
        results = []
        for _ in mosaics:
            chosen = random.sample(range(len(items)), 4)
            corners = [(0, 0), (half, 0), (0, half), (half, half)]
            canvas = torch.empty_like(images[0])
            for source, (x, y) in zip(chosen, corners, strict=True):
                canvas[:, y : y + half, x : x + half] = small[source]
            offsets = [
                halves[s] + torch.tensor([x, y, x, y]) for s, (x, y) in zip(chosen, corners, strict=True)
            ]
            results.append((canvas, torch.cat(offsets), torch.cat([labels[s] for s in chosen])))
        for place, (canvas, box, label) in zip(mosaics, results, strict=True):
            images[place], boxes[place], labels[place] = canvas, box, label
        return images, boxes, labels
