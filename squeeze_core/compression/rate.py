"""The number of bits that a layer's levels will take: an estimate of the range coder's work."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

LARGEST = 48  # magnitudes above are counted as this one
CONTEXTS = 8


@dataclass(frozen=True)
class CodeLengths:
    """`bits` float64 [CONTEXTS, 2·LARGEST + 1], of levels from −LARGEST on; `context` of each weight."""

    bits: np.ndarray
    context: np.ndarray


def code_lengths(levels: np.ndarray) -> CodeLengths:
    """Code lengths when a layer's weights are at `levels`, whole numbers [O, I, kernel area].

    As in the coder, a weight's context is the size of the other weights in its row (output channel), its
    column (input channel) and its kernel, relative to the layer's mean.
    """
    size = np.abs(levels).astype(np.float64)
    mean = size.mean() + 1e-3
    scale = size.mean((1, 2), keepdims=True) / mean * (size.mean((0, 2), keepdims=True) / mean)
    area = math.prod(levels.shape[2:])
    if area > 1:
        others = (size.sum(2, keepdims=True) - size) / (area - 1)
        scale = scale * (0.5 + 0.5 * others / mean)
    context = np.floor(2 * np.log2(scale + 1e-3) + CONTEXTS / 2).clip(0, CONTEXTS - 1).astype(np.int64)
    context = np.broadcast_to(context, levels.shape)
    kinds = 2 * LARGEST + 1
    cells = context * kinds + _symbols(levels)
    counts = np.bincount(cells.ravel(), minlength=CONTEXTS * kinds).reshape(CONTEXTS, kinds)
    # A level never seen counts as one seen half a time, less the larger it is.
    smooth = counts + 0.5 ** np.abs(np.arange(-LARGEST, LARGEST + 1.0)) + 0.02
    return CodeLengths(-np.log2(smooth / smooth.sum(1, keepdims=True)), context)


def _symbols(levels: np.ndarray) -> np.ndarray:
    return np.clip(levels, -LARGEST, LARGEST).astype(np.int64) + LARGEST
