"""What is it? Pictures → class probabilities."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from squeeze_core.images import Picture
from squeeze_core.networks import weights
from squeeze_core.networks.engine import Engine, file_key
from squeeze_core.networks.weights import Pretrained


@dataclass(frozen=True)
class Prediction:
    """One class of an answer; `probability` is the softmax output, 0–1."""

    label: str
    index: int
    probability: float


@dataclass(frozen=True)
class Classification:
    """One network's answer for one picture.

    `probabilities`: float32 [classes], summing to 1, read-only. `milliseconds`: from encoded
    bytes to probabilities, decoding included; a batch's time is shared equally.
    """

    file: str
    model: str
    device: str
    labels: tuple[str, ...]
    probabilities: np.ndarray
    milliseconds: float

    def top(self, k: int = 5) -> tuple[Prediction, ...]:
        """The k most probable classes, best first."""
        best = np.argsort(-self.probabilities, kind="stable")[:k]
        return tuple(Prediction(self.labels[i], int(i), float(self.probabilities[i])) for i in best)

    def row(self, k: int = 5) -> dict[str, Any]:
        """What the command line's JSON says of this picture."""
        predictions = [vars(prediction) for prediction in self.top(k)]
        return {"file": self.file, "predictions": predictions, "milliseconds": round(self.milliseconds, 2)}


def network(engine: Engine, model: str, file: Path | None = None) -> Pretrained:
    """The engine's classifier of that name; WeightsError when its weights cannot be had."""
    return engine.get(_key(model, file), lambda: weights.load(model, file))


def classify(
    pictures: Iterable[Picture],
    engine: Engine,
    model: str = "squeezenet1_1",
    file: Path | None = None,
    at_once: int | None = None,
) -> Iterator[Classification]:
    """Each picture's classification, in order, yielded as soon as its batch is done.

    `pictures` is read a batch at a time, so a generator never has more in memory. `file` replaces
    the model's weights. `at_once`: pictures a batch, None for what suits the device.
    WeightsError when the weights cannot be had.
    """
    waiting = iter(pictures)
    while group := list(islice(waiting, at_once or engine.batch_size)):
        loaded = network(engine, model, file)
        start = time.perf_counter()
        batch = loaded.preprocess([picture.image for picture in group])
        probabilities = scores(batch, engine, model, file).softmax(1).numpy()
        probabilities.setflags(write=False)
        share = 1000 * (time.perf_counter() - start) / len(group)
        for picture, row in zip(group, probabilities, strict=True):
            elapsed = picture.milliseconds + share
            yield Classification(picture.name, model, engine.device.type, loaded.labels, row, elapsed)


def scores(batch: Tensor, engine: Engine, model: str, file: Path | None = None) -> Tensor:
    """The network alone: its input, float32 [N, 3, side, side] as its `preprocess` makes it, to its
    logits, float32 [N, classes] on the CPU."""
    return engine.run(_key(model, file), lambda: weights.load(model, file), batch)


def _key(model: str, file: Path | None) -> str:
    return f"classifier:{model}:{file_key(file)}"
