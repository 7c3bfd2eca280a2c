"""Detection: pictures → candidates."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from PIL import Image

from squeeze_core.detector.detections import CANDIDATES, FLOOR, Candidates
from squeeze_core.detector.layers import average_flipped
from squeeze_core.detector.pretrained import PretrainedDetector, shipped_detector
from squeeze_core.images import Picture
from squeeze_core.networks.engine import Engine

# Boxes, scores and class indices, as in `Candidates`.
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]

_FLOOR_LOGIT = math.log(FLOOR / (1 - FLOOR))
TILE = 0.6  # a tile's side as a share of the picture's, so that neighbours overlap by a third of it
SMALL = 0.5  # longest side of a box that a tile may add, as a share of the tile's
CUT = 0.02  # a box that ends this near to a tile's inner edge, as a share of its side, is cut off by it


@dataclass(frozen=True)
class View:
    """A part of a picture as an input of the network: x0, y0, x1, y1 in pixels of the upright original."""

    picture: Picture
    box: tuple[float, float, float, float]

    @property
    def image(self) -> Image.Image:
        """That part of the decoded picture, at least one pixel each way."""
        image = self.picture.image
        if self == whole(self.picture):
            return image
        x, y = image.width / self.picture.width, image.height / self.picture.height
        left = min(int(self.box[0] * x), image.width - 1)
        top = min(int(self.box[1] * y), image.height - 1)
        right, bottom = max(left + 1, round(self.box[2] * x)), max(top + 1, round(self.box[3] * y))
        return image.crop((left, top, right, bottom))


def whole(picture: Picture) -> View:
    return View(picture, (0.0, 0.0, picture.width, picture.height))


def views(picture: Picture, tiled: bool) -> list[View]:
    """The whole picture, and with tiled inference four overlapping parts, one at each corner."""
    if not tiled:
        return [whole(picture)]
    width, height = TILE * picture.width, TILE * picture.height
    corners = [(x, y) for y in (0.0, picture.height - height) for x in (0.0, picture.width - width)]
    return [whole(picture), *(View(picture, (x, y, x + width, y + height)) for x, y in corners)]


def network_input(seen: Sequence[View], detector: PretrainedDetector) -> np.ndarray:
    """The views, then their mirror images, float32 [2 · views, 3, S, S]."""
    batch = detector.preprocess([view.image for view in seen])
    return np.concatenate([batch, batch[..., ::-1]])


def least_side(detector: PretrainedDetector, tiled: bool = False) -> int:
    """The least side in pixels that a picture must have so that nothing is upsampled."""
    return math.ceil(detector.preprocess.least_side / (TILE if tiled else 1))


def detect(
    pictures: Iterable[Picture],
    engine: Engine,
    detector: PretrainedDetector | None = None,
    tiled: bool = False,
) -> Iterator[Candidates]:
    """Each picture's candidates, in order, yielded as soon as its batch is done.

    The outputs for a picture and its mirror image are averaged: about two points of mAP for a batch twice
    as large. `tiled`: four overlapping tiles, each enlarged to the network's input, add small objects: five
    times the work. `pictures` is read a batch at a time. `detector`: None for the shipped one.
    """
    waiting, loaded = iter(pictures), detector or shipped_detector()
    while group := list(islice(waiting, engine.batch_size)):
        engine.get(loaded)  # loading is not part of a picture's time
        begun = time.perf_counter()
        parts = [views(picture, tiled) for picture in group]
        batch = network_input([view for row in parts for view in row], loaded)
        output = iter(average_flipped(engine.run(loaded, batch), *batch.shape[2:]))
        found = [fused([decode(next(output), loaded, view) for view in row]) for row in parts]
        share = 1000 * (time.perf_counter() - begun) / len(group)
        for picture, arrays in zip(group, found, strict=True):
            yield candidates(picture, arrays, loaded, share)


def decode(output: np.ndarray, loaded: PretrainedDetector, view: View) -> Arrays:
    """One view's network output, float32 [positions, 4 + classes], as boxes, scores and indices.

    Undoes the preprocessing exactly: the view was stretched to the network's square. Of a tile only small
    boxes that it does not cut off are returned.
    """
    every = output[:, 4:].ravel()
    place = np.flatnonzero(every >= _FLOOR_LOGIT)
    place = place[np.argsort(-every[place], kind="stable")[:CANDIDATES]]
    scores = 1 / (1 + np.exp(-every[place]))
    classes = output.shape[1] - 4
    x0, y0, x1, y1 = view.box
    size = np.array([x1 - x0, y1 - y0] * 2, np.float32)
    inside = (output[place // classes, :4] * size / loaded.preprocess.size).clip(0, size)
    boxes = inside + np.array([x0, y0] * 2, np.float32)
    if view != whole(view.picture):
        chosen = _small_and_whole(inside / size, view)
        boxes, scores, place = boxes[chosen], scores[chosen], place[chosen]
    return boxes, scores, place % classes


def _small_and_whole(boxes: np.ndarray, view: View) -> np.ndarray:
    """The boxes, [n, 4] as shares of the tile's sides, that a tile may add: bool [n]."""
    x0, y0, x1, y1 = view.box
    edges = (x0 > 0, y0 > 0, x1 < view.picture.width, y1 < view.picture.height)
    small = (boxes[:, 2:] - boxes[:, :2]).max(1) <= SMALL
    distances = np.concatenate([boxes[:, :2], 1 - boxes[:, 2:]], 1)
    cut = (distances < CUT) & np.array(edges)
    return small & ~cut.any(1)


def fused(found: Sequence[Arrays]) -> Arrays:
    """Several views' candidates as those of one picture, best first."""
    if len(found) == 1:
        return found[0]
    boxes, scores, indices = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    order = np.argsort(-scores, kind="stable")[:CANDIDATES]
    return boxes[order], scores[order], indices[order]


def candidates(
    picture: Picture, arrays: Arrays, loaded: PretrainedDetector, milliseconds: float
) -> Candidates:
    """The result for a picture; `milliseconds` without its decoding."""
    size = (picture.width, picture.height)
    elapsed = picture.milliseconds + milliseconds
    return Candidates(picture.name, *size, loaded.labels, *arrays, elapsed, loaded.calibration)
