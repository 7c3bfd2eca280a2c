"""A layer's weights before compression, and their levels after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from squeeze_core.compression.presets import Compressed
from squeeze_core.networks.weights import sqz
from squeeze_core.networks.weights.sqz import coder

_BINS = 101  # of the float32 weights


@dataclass(frozen=True)
class Histogram:
    """One convolution. `edges` [bins + 1] and `counts` [bins] of the float32 weights; `levels`: ascending
    values of the compressed weights, `level_counts` the number of weights at each.

    `bits`: of the file, a weight. `entropy`: of the levels, bits a weight; None before quantisation.
    """

    edges: np.ndarray
    counts: np.ndarray
    levels: np.ndarray
    level_counts: np.ndarray
    bits: float
    entropy: float | None


def layers(compressed: Compressed) -> dict[str, str]:
    """The paper's name of each convolution, such as "fire2.squeeze" → the name of its weight."""
    plan = compressed.original.plan
    assert plan is not None
    convolutions = [layer for layer in plan.layers() if layer.kind == "conv"]
    return {layer.name.replace("/", "."): f"{layer.path}.weight" for layer in convolutions}


def histogram(compressed: Compressed, weight: str) -> Histogram:
    """The histogram of the weight of that name, one of the values of `layers`."""
    before = compressed.original.weights.state()[weight].ravel()
    packed = compressed.tensors[weight]
    counts, edges = np.histogram(before, _BINS)
    levels, level_counts = np.unique(packed.values, return_counts=True)
    bits = 8 * len(sqz.part_bytes(packed)) / before.size
    entropy = None if packed.levels is None else coder.entropy_bits(packed.levels) / before.size
    return Histogram(edges, counts, levels, level_counts, bits, entropy)
