"""Augmentation as plans: which part of which picture goes where, decided without touching a pixel.

A plan is small, so that processes beside the training make it; `render` paints it on the training's
own device. Scale jitter and pasted objects after Ghiasi et al. 2021 (arXiv:2012.07177; theirs are cut
out along masks, ours are boxes), mosaics after Bochkovskiy et al. 2020 (arXiv:2004.10934, section 3.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset

from squeeze_core.detector.training.pictures import Scene

LEAST_SIDE = 3.0  # pixels: what is left of a smaller box is no longer learnt
WHOLE, PART = 0.35, 0.1  # visible share from which a box is learnt, and from which it is left alone
COVERED = 0.4  # share of a box that a pasted object may hide before it is no longer learnt
STRETCH = 0.4  # width over height is changed by up to this factor, as a natural logarithm
SCALES = (0.7, 1.8)  # of a picture that has as many pixels as the canvas
PASTED = (0.06, 0.35)  # longer side of a pasted object, as a share of the canvas
MARGIN = 0.15  # of a pasted object's surroundings that come with it, as a share of its sides
FILL = (124.0, 116.0, 104.0)  # ImageNet's mean colour
MOST_BOXES = 120


class Layers(NamedTuple):
    """At most one layer a canvas: `source` and `canvas` int64 [K]; `window` float32 [K, 8].

    A window is start, step, from, to along x and the same along y: the layer covers the canvas between
    from and to, and the middle of canvas pixel o, at o + 0.5, shows the source at start + step · (o + 0.5),
    all in pixels.
    """

    source: np.ndarray
    canvas: np.ndarray
    window: np.ndarray


class Plan(NamedTuple):
    """A batch of N canvases of `side` pixels; the layers are painted in order.

    `colour` float32 [N, 3, 4]: RGB' = first three columns · RGB + last. `boxes` float32 [N, M, 4] x0,
    y0, x1, y1 in pixels of the canvas; `labels` int64 [N, M]; `worth` float32 [N, M]: a `Scene`'s, and -1
    where there is no box.
    """

    side: int
    layers: list[Layers]
    colour: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    worth: np.ndarray


@dataclass(frozen=True)
class Recipe:
    """Strength of the augmentation; shares are 0–1.

    `mosaic`, `paste`: shares of the canvases that are mosaics, and that get pasted objects of the
    classes `pasted` (label indices). `calm`: from this share of the training on neither is done.
    """

    sides: tuple[int, ...]
    mosaic: float = 0.25
    paste: float = 0.0
    pasted: tuple[int, ...] = ()
    calm: float = 0.9


class Plans(Dataset[Plan]):
    """Plan number i is the same in every run with that seed; endless, so it has no length.

    `weights`: how often each scene is drawn. `progress`: shared memory float32 [1], the share of the
    training that is done.
    """

    def __init__(
        self,
        scenes: Sequence[Scene],
        weights: Sequence[float],
        batch: int,
        recipe: Recipe,
        progress: torch.Tensor,
        seed: int = 0,
    ) -> None:
        self.scenes, self.batch, self.recipe = scenes, batch, recipe
        self.progress, self.seed = progress, seed
        self.chances = np.cumsum(np.asarray(weights, np.float64))
        self.objects = [
            (index, place)
            for index, scene in enumerate(scenes)
            for place, label in enumerate(scene.labels)
            if label in recipe.pasted and scene.worth[place] == 1
        ]

    def __getitem__(self, number: int) -> Plan:
        # The side depends on the number alone: processes that train together wait for each other.
        side = int(np.random.default_rng(number).choice(self.recipe.sides))
        rng = np.random.default_rng((self.seed, number))
        calm = self.progress.item() >= self.recipe.calm
        return collate([self.canvas(rng, side, calm) for _ in range(self.batch)], rng, side)

    def canvas(self, rng: np.random.Generator, side: int, calm: bool) -> Canvas:
        """One picture, a mosaic unless `calm`, with objects pasted unless `calm`."""
        canvas = Canvas(side)
        if not calm and rng.random() < self.recipe.mosaic:
            middle_x, middle_y = rng.uniform(0.3 * side, 0.7 * side, 2).round()
            for left, right in ((0, middle_x), (middle_x, side)):
                for top, bottom in ((0, middle_y), (middle_y, side)):
                    self._fill(rng, canvas, (left, top, right, bottom))
        else:
            self._fill(rng, canvas, (0, 0, side, side))
        if self.objects and not calm and rng.random() < self.recipe.paste:
            for _ in range(rng.integers(1, 4)):
                self._paste(rng, canvas)
        return canvas

    def _fill(self, rng: np.random.Generator, canvas: Canvas, room: Rectangle) -> None:
        """Draw a picture and show it, or a part of it, in that part of the canvas."""
        index = int(np.searchsorted(self.chances, rng.random() * self.chances[-1], "right"))
        scene = self.scenes[index]
        for _ in range(8):
            placed = Placed.anywhere(rng, index, scene, room)
            boxes, visible = placed.boxes(scene)
            if len(boxes) == 0 or (visible > WHOLE).any():
                break
        canvas.add(placed, scene)

    def _paste(self, rng: np.random.Generator, canvas: Canvas) -> None:
        """Put the surroundings of one object of the wanted classes somewhere."""
        index, place = self.objects[rng.integers(len(self.objects))]
        scene = self.scenes[index]
        x0, y0, x1, y1 = scene.boxes[place]
        if max(x1 - x0, y1 - y0) < 16:
            return
        margin_x, margin_y = MARGIN * (x1 - x0), MARGIN * (y1 - y0)
        x0, x1 = max(0, x0 - margin_x), min(scene.width, x1 + margin_x)
        y0, y1 = max(0, y0 - margin_y), min(scene.height, y1 + margin_y)
        longest = canvas.side * np.exp(rng.uniform(*np.log(PASTED)))
        scale = min(1.5, longest / max(x1 - x0, y1 - y0))
        width, height = np.ceil(scale * (x1 - x0)), np.ceil(scale * (y1 - y0))
        left, top = np.floor(rng.uniform(0, [canvas.side - width, canvas.side - height]))
        flip = rng.random() < 0.5
        origin_x = left + scale * x1 if flip else left - scale * x0
        room = (left, top, left + width, top + height)
        scales = (-scale if flip else scale, scale)
        canvas.add(Placed(index, scales, (origin_x, top - scale * y0), room), scene)


Rectangle = tuple[float, float, float, float]


class Placed(NamedTuple):
    """A picture on a canvas: point p of the source lies at `origin` + `scale` · p; only `room` shows."""

    source: int
    scale: tuple[float, float]
    origin: tuple[float, float]
    room: Rectangle

    @classmethod
    def anywhere(cls, rng: np.random.Generator, source: int, scene: Scene, room: Rectangle) -> Placed:
        """Scaled, stretched, flipped and shifted at random; it covers the room or lies within it."""
        sides = np.array([room[2] - room[0], room[3] - room[1]])
        scale = np.sqrt(sides.prod() / (scene.width * scene.height)) * np.exp(rng.uniform(*np.log(SCALES)))
        stretch = np.exp(rng.uniform(-STRETCH, STRETCH) / 2)
        scales = scale * np.array([stretch, 1 / stretch])
        spare = sides - scales * (scene.width, scene.height)
        x, y = np.array(room[:2]) + rng.random(2) * spare
        if rng.random() < 0.5:
            return cls(source, (-scales[0], scales[1]), (x + scales[0] * scene.width, y), room)
        return cls(source, (scales[0], scales[1]), (x, y), room)

    def boxes(self, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
        """The scene's boxes on the canvas, cut off at the room's edges, and what share of each is left."""
        scale, origin = np.tile(self.scale, 2), np.tile(self.origin, 2)
        full = scene.boxes * scale + origin
        if self.scale[0] < 0:
            full = full[:, [2, 1, 0, 3]]
        cut = np.clip(full, np.tile(self.room[:2], 2), np.tile(self.room[2:], 2))
        return cut, areas(cut) / np.maximum(areas(full), 1e-6)

    def window(self) -> tuple[float, ...]:
        _, (a, b), (x, y), (left, top, right, bottom) = self
        return (-x / a, 1 / a, left, right, -y / b, 1 / b, top, bottom)


class Canvas:
    """One picture in the making."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.placed: list[Placed] = []
        self.boxes = np.zeros((0, 4), np.float32)
        self.labels = np.zeros(0, np.int64)
        self.worth = np.zeros(0, np.float32)

    def add(self, placed: Placed, scene: Scene) -> None:
        """Paint over what is there: boxes that are hidden go, those half hidden are left alone."""
        room = np.array(placed.room)
        shared = np.minimum(self.boxes[:, 2:], room[2:]) - np.maximum(self.boxes[:, :2], room[:2])
        hidden = np.maximum(shared, 0).prod(1) / np.maximum(areas(self.boxes), 1e-6)
        boxes, visible = placed.boxes(scene)
        worth = np.where(visible < WHOLE, 0, scene.worth)
        seen = (visible >= PART) & ((boxes[:, 2:] - boxes[:, :2]).min(1, initial=np.inf) >= LEAST_SIDE)
        left = hidden < 1 - PART
        self.worth = np.concatenate([np.where(hidden > COVERED, 0, self.worth)[left], worth[seen]])
        self.boxes = np.concatenate([self.boxes[left], boxes[seen]])
        self.labels = np.concatenate([self.labels[left], scene.labels[seen]])
        self.placed.append(placed)


def areas(boxes: np.ndarray) -> np.ndarray:
    """[M, 4] → [M]."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def collate(canvases: Sequence[Canvas], rng: np.random.Generator, side: int) -> Plan:
    """Canvases of one side → a plan, with colours jittered."""
    count = len(canvases)
    layers = []
    for depth in range(max(len(c.placed) for c in canvases)):
        there = [i for i, c in enumerate(canvases) if len(c.placed) > depth]
        placed = [canvases[i].placed[depth] for i in there]
        window = np.array([p.window() for p in placed], np.float32)
        layers.append(Layers(np.array([p.source for p in placed]), np.array(there), window))
    most = min(MOST_BOXES, max(1, max(len(c.boxes) for c in canvases)))
    most = -(-most // 8) * 8  # few different shapes, so that memory is reused
    boxes = np.zeros((count, most, 4), np.float32)
    labels = np.zeros((count, most), np.int64)
    worth = np.full((count, most), -1, np.float32)
    for i, canvas in enumerate(canvases):
        best = np.argsort(-canvas.worth, kind="stable")[:most]
        boxes[i, : len(best)] = canvas.boxes[best]
        labels[i, : len(best)] = canvas.labels[best]
        worth[i, : len(best)] = canvas.worth[best]
    return Plan(side, layers, colours(rng, count), boxes, labels, worth)


def colours(rng: np.random.Generator, count: int, share: float = 0.7) -> np.ndarray:
    """Random brightness, contrast and saturation for that share, as float32 [count, 3, 4]."""
    brightness, contrast = rng.uniform(0.7, 1.3, (2, count, 1, 1))
    saturation = rng.uniform(0.5, 1.5, (count, 1, 1))
    grey = np.tile([0.299, 0.587, 0.114], (3, 1))
    mixed = contrast * brightness * (saturation * np.eye(3) + (1 - saturation) * grey)
    offset = np.broadcast_to((1 - contrast) * np.mean(FILL), (count, 3, 1))
    plain = np.concatenate([np.eye(3), np.zeros((3, 1))], 1)
    changed = rng.random((count, 1, 1)) < share
    return np.where(changed, np.concatenate([mixed, offset], 2), plain).astype(np.float32)
