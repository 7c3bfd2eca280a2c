"""The pictures that a taught network knows: the mean features of its classes.

A picture whose features are less like each of them than most pictures taught shows none of its classes.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

import numpy as np

from squeeze_core.errors import WeightsError


@dataclass(frozen=True, eq=False)
class Known:
    """`means`: float32 [classes, channels], of length 1, of the last Fire module's output averaged over
    each picture. `least`: the cosine with the nearest mean, below which a picture is of no class."""

    means: np.ndarray
    least: float

    def unlike(self, maps: np.ndarray) -> np.ndarray:
        """True for each picture of none of the classes; `maps`: the Fire module's, [N, channels, H, W]."""
        return cosines(maps.mean((2, 3)), self.means).max(1) < self.least

    def text(self) -> str:
        """For the metadata of a file; `read` has it back."""
        means = base64.b64encode(self.means.astype("<f2").tobytes()).decode()
        return json.dumps({"means": means, "least": round(self.least, 4)})


def read(text: str, shape: tuple[int, int], name: str) -> Known:
    """`Known.text`'s, for means of that shape; WeightsError, which names the file, for any other text."""
    try:
        row = json.loads(text)
        means = np.frombuffer(base64.b64decode(row["means"]), "<f2").astype(np.float32).reshape(shape)
        return Known(unit(means), float(row["least"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise WeightsError(f"{name} describes the pictures that it knows in an unknown way.") from None


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows of length 1; a row of zeros stays."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def cosines(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """[N, C] and [M, C] → [N, M]."""
    return unit(first) @ unit(second).T
