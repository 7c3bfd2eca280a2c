"""Where is it? Pictures → candidates."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import torch
from PIL import Image
from torch import Tensor

from squeeze_core.detector.detections import CANDIDATES, FLOOR, Candidates
from squeeze_core.detector.pretrained import PretrainedDetector, load_detector
from squeeze_core.engine import Engine
from squeeze_core.images import Picture

KEY = "detector"


def detect(pictures: Sequence[Picture], engine: Engine) -> Iterator[Candidates]:
    """Each picture's candidates, in order, yielded as soon as its batch is done."""
    size = engine.batch_size
    for start in range(0, len(pictures), size):
        group = pictures[start : start + size]
        begun = time.perf_counter()
        loaded = engine.get(KEY, load_detector)
        output = engine.run(KEY, load_detector, loaded.preprocess([p.image for p in group]))
        found = [decode(row, loaded, p.width, p.height) for row, p in zip(output, group, strict=True)]
        share = 1000 * (time.perf_counter() - begun) / len(group)
        for picture, (boxes, scores, indices) in zip(group, found, strict=True):
            yield Candidates(
                picture.name,
                picture.width,
                picture.height,
                engine.device.type,
                loaded.labels,
                boxes.numpy(),
                scores.numpy(),
                indices.numpy(),
                picture.milliseconds + share,
            )


def decode(output: Tensor, loaded: PretrainedDetector, width: int, height: int) -> tuple[Tensor, Tensor, Tensor]:
    """One picture's network output [positions, 4 + classes] → boxes, scores, indices, best first.

    Undoes the preprocessing exactly: the whole picture was stretched to the network's square.
    """
    scores, place = output[:, 4:].sigmoid().flatten().topk(CANDIDATES)
    count = int((scores >= FLOOR).sum())
    scores, place = scores[:count], place[:count]
    classes = output.shape[1] - 4
    side = loaded.preprocess.size
    scale = torch.tensor([width, height, width, height]) / side
    limit = torch.tensor([width, height, width, height], dtype=torch.float32)
    boxes = (output[place // classes, :4] * scale).clamp(min=0).minimum(limit)
    return boxes, scores, place % classes


def crop(picture: Picture, box: tuple[float, float, float, float]) -> Image.Image:
    """The part of the picture inside a detection's box, at least one pixel in each direction."""
    across, down = picture.image.width / picture.width, picture.image.height / picture.height
    x0, y0 = min(int(box[0] * across), picture.image.width - 1), min(int(box[1] * down), picture.image.height - 1)
    x1, y1 = max(round(box[2] * across), x0 + 1), max(round(box[3] * down), y0 + 1)
    return picture.image.crop((x0, y0, x1, y1))
