"""Training pictures: decoded once and held whole in memory, with their boxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from squeeze_core import images
from squeeze_core.detector.annotations import Annotations


@dataclass(frozen=True)
class Scene:
    """A picture and its boxes, in its pixels.

    `boxes` float32 [M, 4] x0, y0, x1, y1; `labels` int64 [M]; `worth` float32 [M]: the weight of a box, 1
    for a labelled one, less for one that may be wrong, 0 where its class is not to be learnt within it.
    `picture`: uint8 [3, height, width], RGB, once it is decoded.
    """

    path: Path
    boxes: np.ndarray
    labels: np.ndarray
    worth: np.ndarray
    picture: Tensor | None = None


def labelled_scenes(annotations: Annotations) -> list[Scene]:
    """Every annotated picture as a scene."""
    return [
        Scene(e.path, e.boxes, e.labels, np.ones(len(e.labels), np.float32)) for e in annotations.examples
    ]


def decoded(scenes: Sequence[Scene], side: int) -> list[Scene]:
    """Every scene with its picture; those longer than `side` pixels are scaled down to it.

    ImageError when a file is no picture.
    """

    def read(scene: Scene) -> Scene:
        picture = images.read(scene.path)
        image = picture.image
        scale = min(1.0, side / max(image.size))
        if scale < 1:
            size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
            image = image.resize(size, Image.Resampling.BILINEAR)
        scales = np.array([image.width / picture.width, image.height / picture.height] * 2, np.float32)
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()
        return replace(scene, boxes=scene.boxes * scales, picture=pixels)

    return list(tqdm(images.prefetch(read, scenes), "decode", len(scenes), mininterval=10))


def sampling_weights(scenes: Sequence[Scene]) -> list[float]:
    """Weights by which pictures are drawn; those of rare classes come more often.

    Repeat factors as in LVIS (Gupta et al. 2019, arXiv:1908.03195, appendix B.2): a picture weighs (median
    frequency / frequency)^0.5 of the rarest class among its labelled boxes, at least 1.
    """
    labels_of = [set(scene.labels[scene.worth == 1].tolist()) for scene in scenes]
    counts = Counter(label for labels in labels_of for label in labels)
    median = sorted(counts.values())[len(counts) // 2] if counts else 1
    factor = {label: max(1.0, (median / count) ** 0.5) for label, count in counts.items()}
    return [max((factor[label] for label in labels), default=1.0) for labels in labels_of]
