"""Classification: pictures → class probabilities."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from squeeze_core import notebook
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
    probabilities; a batch's time is shared equally. `none_of_these`: the picture is unlike all that this
    taught network was taught with.
    """

    file: str
    network: Network
    device: str
    probabilities: np.ndarray
    milliseconds: float
    none_of_these: bool = False

    @property
    def model(self) -> str:
        """The network's name, for scripts."""
        return self.network.name

    @property
    def labels(self) -> tuple[str, ...]:
        return self.network.labels

    @property
    def sure(self) -> bool:
        """False where the best class is wrong at least as often as right, or the picture of no class."""
        return self.network.sureness.of(self.probabilities) and not self.none_of_these

    @property
    def words(self) -> str:
        """The best class, for people: "Not sure: perhaps barbell" where it is not sure."""
        if self.none_of_these:
            return "None of its classes"
        return in_words(self.top(1)[0].label, self.sure)

    def top(self, k: int = 5) -> tuple[Prediction, ...]:
        """The k most probable classes, best first."""
        best = np.argsort(-self.probabilities, kind="stable")[:k]
        return tuple(Prediction(self.labels[i], int(i), float(self.probabilities[i])) for i in best)

    def _repr_html_(self) -> str:
        rows = [{"class": one.label, "probability": one.probability} for one in self.top()]
        return notebook.table(f"{self.network.title} on {self.file}", rows)

    def row(self, k: int = 5) -> dict[str, Any]:
        """This picture's result in the command line's JSON."""
        return self.untimed_row(k) | {"milliseconds": round(self.milliseconds, 2)}

    def untimed_row(self, k: int = 5) -> dict[str, Any]:
        """The same without its time, which on a page is one sample."""
        row = {"file": self.file, "predictions": [vars(prediction) for prediction in self.top(k)]}
        return row | ({"none_of_these": self.none_of_these} if self.network.known else {})


def in_words(label: str, sure: bool) -> str:
    """A class for people: "barbell", "Not sure: perhaps barbell"."""
    return label if sure else f"Not sure: perhaps {label}"


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
        logits, unlike = _answers(engine, network, batch)
        probabilities = softmax(logits)
        probabilities.setflags(write=False)
        share = 1000 * (time.perf_counter() - start) / len(group)
        for picture, row, none in zip(group, probabilities, unlike, strict=True):
            elapsed = picture.milliseconds + share
            yield Classification(picture.name, network, engine.device, row, elapsed, bool(none))


def _answers(engine: Engine, network: Network, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The logits, and whether each picture is of none of the classes, where the network knows that."""
    known, plan = network.known, network.plan
    if known is None or plan is None:
        return engine.run(network, batch), np.zeros(len(batch), bool)
    parts = engine.work(network, lambda runner: runner.parts(batch))
    return parts["logits"], known.unlike(parts[plan.fire_names[-1]])
