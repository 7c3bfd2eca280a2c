"""Classification: pictures → class probabilities."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from squeeze_core.images import Picture
from squeeze_core.networks.catalogue import DEFAULT, Network
from squeeze_core.networks.engine import Engine


@dataclass(frozen=True)
class Prediction:
    """One class of an answer; `probability` is the softmax output, 0–1."""

    label: str
    index: int
    probability: float


@dataclass(frozen=True)
class Classification:
    """One network's answer for one picture.

    `probabilities`: float32 [classes], summing to 1, read-only. `milliseconds`: from encoded bytes to
    probabilities; a batch's time is shared equally.
    """

    file: str
    network: Network
    device: str
    probabilities: np.ndarray
    milliseconds: float

    @property
    def model(self) -> str:
        """The network's name, for scripts."""
        return self.network.name

    @property
    def labels(self) -> tuple[str, ...]:
        return self.network.labels

    def top(self, k: int = 5) -> tuple[Prediction, ...]:
        """The k most probable classes, best first."""
        best = np.argsort(-self.probabilities, kind="stable")[:k]
        return tuple(Prediction(self.labels[i], int(i), float(self.probabilities[i])) for i in best)

    def row(self, k: int = 5) -> dict[str, Any]:
        """This picture's result in the command line's JSON."""
        predictions = [vars(prediction) for prediction in self.top(k)]
        return {"file": self.file, "predictions": predictions, "milliseconds": round(self.milliseconds, 2)}


def softmax(logits: np.ndarray) -> np.ndarray:
    """The probabilities of logits [..., classes], same shape and type."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def classify(
    pictures: Iterable[Picture], engine: Engine, network: Network = DEFAULT, at_once: int | None = None
) -> Iterator[Classification]:
    """Each picture's classification, in order, yielded as soon as its batch is done.

    `pictures` is read a batch at a time. `at_once`: pictures a batch, None for the engine's batch size.
    WeightsError when the weights cannot be loaded.
    """
    waiting = iter(pictures)
    while group := list(islice(waiting, at_once or engine.batch_size)):
        engine.get(network)  # loading is not part of a picture's time
        start = time.perf_counter()
        batch = network.preprocess([picture.image for picture in group])
        probabilities = softmax(engine.run(network, batch))
        probabilities.setflags(write=False)
        share = 1000 * (time.perf_counter() - start) / len(group)
        for picture, row in zip(group, probabilities, strict=True):
            elapsed = picture.milliseconds + share
            yield Classification(picture.name, network, engine.device, row, elapsed)
