"""The probability from which a network's best answer is right more often than wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from squeeze_core.networks import CLASSIFIER

RECORD = Path(__file__).with_suffix(".json")  # written by `tools/sureness.py`


@dataclass(frozen=True)
class Sureness:
    """`temperature`: the logits divided by it give calibrated probabilities. `least`: the calibrated
    probability of the best answer, 0–1, from which it is right more often than wrong."""

    temperature: float
    least: float

    def of(self, probabilities: np.ndarray) -> bool:
        """True if the best of the softmax's probabilities [classes] is sure."""
        powers = probabilities.astype(np.float64) ** (1 / self.temperature)
        return bool(powers.max() >= self.least * powers.sum())


def of_classes(classes: int) -> Sureness:
    """For a network that was not measured: as far above a guess among its classes, in shares of the way to
    certainty, as SqueezeNet 1.1's is above one among 1,000; nothing is known of its temperature."""
    share = (measured()[CLASSIFIER].least - 1e-3) / (1 - 1e-3)
    return Sureness(1.0, 1 / classes + share * (1 - 1 / classes))


@cache
def measured() -> dict[str, Sureness]:
    """Network's name → as measured on 300 labelled pictures."""
    networks = json.loads(RECORD.read_text("utf-8"))["networks"]
    return {name: Sureness(**row) for name, row in networks.items()}
