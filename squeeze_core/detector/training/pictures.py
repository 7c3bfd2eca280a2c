"""Training pictures: decoded once, kept whole in memory, and what is known of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from squeeze_core import images
from squeeze_core.detector.annotations import Annotations
from squeeze_core.detector.training.teacher import DOUBT, SURE, Answers, agreed, worth_of
from squeeze_core.errors import UserError


@dataclass(frozen=True)
class Scene:
    """What is known of a picture, in its pixels.

    `boxes` float32 [M, 4] x0, y0, x1, y1; `labels` int64 [M]; `worth` float32 [M]: 1 for a labelled
    box, a teacher's 0–1, 0 where the class is not to be learnt within the box. `labelled`: whether
    the boxes are by people, and all there are. `width` and `height` are known once it is stored.
    """

    path: Path
    boxes: np.ndarray
    labels: np.ndarray
    worth: np.ndarray
    labelled: bool
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Store:
    """Pictures in memory: uint8 [P, 3, side, side], each top left, zeros beside it; `sizes` int64 [P, 2],
    their width and height there; `scenes` in the same order, in pixels of the stored pictures."""

    pictures: Tensor
    sizes: Tensor
    scenes: list[Scene]


def labelled_scenes(annotations: Annotations) -> list[Scene]:
    """Every annotated picture as a scene."""
    return [
        Scene(e.path, e.boxes.numpy(), e.labels.numpy(), np.ones(len(e.labels), np.float32), True)
        for e in annotations.examples
    ]


def unlabelled_scenes(folder: Path) -> list[Scene]:
    """Every picture in a folder as a scene without boxes; UserError when there is none."""
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}.")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in images.SUFFIXES)
    if not paths:
        raise UserError(f"{folder} holds no picture.")
    nothing = Answers(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32))
    return [Scene(path, *nothing, labelled=False) for path in paths]


def taught(scenes: Sequence[Scene], results: dict[str, Answers]) -> list[Scene]:
    """Scenes with a teacher's answers, found by file name, taken in.

    How often answers of a score are right is measured on the labelled pictures. In pictures without
    labels each is worth that much; in labelled ones it is left alone when it is sure of a box that the
    labels do not have, and says nothing otherwise.
    """
    right = {
        s.path.name: agreed(results[s.path.name], s.boxes, s.labels)
        for s in scenes
        if s.labelled and s.path.name in results
    }
    scores = [results[name].scores for name in right]
    empty = np.zeros(0, np.float32)
    worth = worth_of(
        np.concatenate([empty, *scores]), np.concatenate([empty.astype(bool), *right.values()])
    )
    return [
        _with_answers(scene, results[scene.path.name], worth(results[scene.path.name].scores), right)
        if scene.path.name in results
        else scene
        for scene in scenes
    ]


def _with_answers(scene: Scene, answers: Answers, worth: np.ndarray, right: dict[str, np.ndarray]) -> Scene:
    if scene.labelled:
        keep = (answers.scores >= SURE) & ~right[scene.path.name]
        worth = np.zeros_like(worth)
    else:
        keep = worth >= DOUBT
    return replace(
        scene,
        boxes=np.concatenate([scene.boxes, answers.boxes[keep]]),
        labels=np.concatenate([scene.labels, answers.labels[keep]]),
        worth=np.concatenate([scene.worth, worth[keep]]),
    )


def store(scenes: Sequence[Scene], side: int, threads: int = 1) -> Store:
    """Decode every picture; those longer than `side` pixels are scaled down to it.

    ImageError when a file is no picture.
    """
    pictures = torch.zeros(len(scenes), 3, side, side, dtype=torch.uint8)

    def read(place: int) -> Scene:
        scene = scenes[place]
        picture = images.read(scene.path)
        image = picture.image
        scale = min(1.0, side / max(image.size))
        if scale < 1:
            size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
            image = image.resize(size, Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)
        pictures[place, :, : image.height, : image.width] = pixels
        scales = np.array([image.width / picture.width, image.height / picture.height] * 2, np.float32)
        return replace(scene, boxes=scene.boxes * scales, width=image.width, height=image.height)

    with ThreadPoolExecutor(threads) as pool:
        known = list(tqdm(pool.map(read, range(len(scenes))), "decode", len(scenes), mininterval=10))
    return Store(pictures, torch.tensor([[s.width, s.height] for s in known]), known)


def sampling_weights(scenes: Sequence[Scene], power: float = 0.5) -> list[float]:
    """How often to draw each picture, so that pictures of rare classes come more often.

    Repeat factors as in LVIS (Gupta et al. 2019, arXiv:1908.03195, appendix B.2): a labelled picture
    weighs (median frequency / frequency)^power of its rarest class, at least 1, as any other does.
    """
    kinds = [set(s.labels[s.worth == 1].tolist()) if s.labelled else set() for s in scenes]
    counts = Counter(label for labels in kinds for label in labels)
    median = sorted(counts.values())[len(counts) // 2] if counts else 1
    factor = {label: max(1.0, (median / count) ** power) for label, count in counts.items()}
    return [max((factor[label] for label in labels), default=1.0) for labels in kinds]
