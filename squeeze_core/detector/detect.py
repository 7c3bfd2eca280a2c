"""Where is it? Pictures → candidates."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from squeeze_core.detector.detections import CANDIDATES, FLOOR, Candidates
from squeeze_core.detector.network import both_ways
from squeeze_core.detector.onnx_runtime import OnnxDetector
from squeeze_core.detector.pretrained import PretrainedDetector, load_detector
from squeeze_core.images import Picture
from squeeze_core.networks.engine import Engine, file_key

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class _Loaded:
    """What the engine keeps."""

    detector: PretrainedDetector
    network: OnnxDetector


def network(engine: Engine, file: Path | None = None) -> PretrainedDetector:
    """The engine's detector; WeightsError when it cannot be had."""
    return engine.get(_key(file), lambda: _load(file)).detector


def detect(pictures: Iterable[Picture], engine: Engine, file: Path | None = None) -> Iterator[Candidates]:
    """Each picture's candidates, in order, yielded as soon as its batch is done.

    The network sees each picture and its mirror image, and what it says of both is averaged: about
    two points of mAP for a batch twice as large.

    `pictures` is read a batch at a time. `file`: a detector of your own training, in place of the
    shipped one. WeightsError when it cannot be had.
    """
    waiting = iter(pictures)
    while group := list(islice(waiting, engine.batch_size)):
        loaded = network(engine, file)
        begun = time.perf_counter()
        batch = loaded.preprocess([picture.image for picture in group])
        twice = torch.cat([batch, batch.flip(3)])
        answers = engine.run(_key(file), lambda: _load(file), twice)
        output = both_ways(*answers.split(len(batch)), *batch.shape[2:])
        found = [decode(row, loaded, p) for row, p in zip(output, group, strict=True)]
        share = 1000 * (time.perf_counter() - begun) / len(group)
        for picture, arrays in zip(group, found, strict=True):
            yield candidates(picture, arrays, loaded, engine.device.type, share)


def _load(file: Path | None) -> _Loaded:
    detector = load_detector(file)
    return _Loaded(detector, OnnxDetector(detector.network, detector.graph))


def _key(file: Path | None) -> str:
    return f"detector:{file_key(file)}"


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
