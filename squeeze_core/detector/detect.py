"""Where is it? Pictures → candidates."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from squeeze_core.detector.detections import CANDIDATES, FLOOR, Candidates
from squeeze_core.detector.network import both_ways
from squeeze_core.detector.pretrained import PretrainedDetector, shipped_detector
from squeeze_core.images import Picture
from squeeze_core.networks.engine import Engine

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


def detect(
    pictures: Iterable[Picture], engine: Engine, detector: PretrainedDetector | None = None
) -> Iterator[Candidates]:
    """Each picture's candidates, in order, yielded as soon as its batch is done.

    The network sees each picture and its mirror image, and what it says of both is averaged: about
    two points of mAP for a batch twice as large.

    `pictures` is read a batch at a time. `detector`: one of your own training, in place of the
    shipped one.
    """
    waiting = iter(pictures)
    while group := list(islice(waiting, engine.batch_size)):
        loaded = detector or shipped_detector()
        engine.get(loaded)  # loading is not part of a picture's price
        begun = time.perf_counter()
        batch = loaded.preprocess([picture.image for picture in group])
        twice = torch.cat([batch, batch.flip(3)])
        answers = engine.run(loaded, twice)
        output = both_ways(*answers.split(len(batch)), *batch.shape[2:])
        found = [decode(row, loaded, p) for row, p in zip(output, group, strict=True)]
        share = 1000 * (time.perf_counter() - begun) / len(group)
        for picture, arrays in zip(group, found, strict=True):
            yield candidates(picture, arrays, loaded, engine.device.type, share)


def decode(output: Tensor, loaded: PretrainedDetector, picture: Picture) -> Arrays:
    """One picture's network output, float32 [positions, 4 + classes], as boxes, scores and indices.

    Undoes the preprocessing exactly: the whole picture was stretched to the network's square.
    """
    every = output[:, 4:].sigmoid().flatten()
    scores, place = every.topk(min(CANDIDATES, len(every)))
    count = int((scores >= FLOOR).sum())
    place = place[:count]
    classes = output.shape[1] - 4
    limit = torch.tensor([picture.width, picture.height] * 2, dtype=torch.float32)
    boxes = output[place // classes, :4] * limit / loaded.preprocess.size
    return boxes.clamp(min=0).minimum(limit).numpy(), scores[:count].numpy(), (place % classes).numpy()


def candidates(
    picture: Picture, arrays: Arrays, loaded: PretrainedDetector, device: str, milliseconds: float
) -> Candidates:
    """The result for a picture; `milliseconds` without its decoding."""
    size = (picture.width, picture.height)
    elapsed = picture.milliseconds + milliseconds
    return Candidates(picture.name, *size, device, loaded.labels, *arrays, elapsed, loaded.calibration)
