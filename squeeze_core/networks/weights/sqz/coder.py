"""Entropy coding of quantised weights: adaptive range coding, and Huffman as in Deep Compression.

A layer's levels are whole numbers, int32 [out_channels, in_channels, kernel area]. Both coders are
exact: `decode(encode(levels)) == levels`.

The range coder (`constriction`) codes a layer in passes. Before each pass, encoder and decoder both
sort its weights into contexts by the mean size of their row, column and kernel so far. Each context counts
its levels, and every pass adds to the counts. So the file holds no tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import constriction
import numpy as np

Levels = np.ndarray  # int32 [out_channels, in_channels, kernel area]

CONTEXTS = 8
LARGEST = 2047  # of a level's magnitude
_PASS = 1000  # weights coded between two updates of the counts
# A row's mean begins with so many weights at the layer's mean, a kernel's likewise.
_SHRINK_LINE, _SHRINK_KERNEL = 16.0, 2.0
_PRIOR = 60.0  # counts that each context begins with, geometrically distributed
# Only +, −, × and ÷ of float64 and comparisons: the same on every machine, which decoding needs.
_CENTRES = np.array([0.27, 0.39, 0.55, 0.77, 1.09, 1.54, 2.18, 3.08])
_EDGES = np.array([0.325, 0.46, 0.65, 0.92, 1.3, 1.84, 2.6])


class _Adaptive:
    """The state that encoder and decoder share: counts of the levels, and sums of their sizes so far."""

    def __init__(self, shape: tuple[int, int, int], largest: int, mean: float) -> None:
        rows, columns, self.area = shape
        self.mean = mean
        ratio = (mean * _CENTRES / (1 + mean * _CENTRES))[:, None]
        tail = np.ones((CONTEXTS, largest + 1))
        for k in range(1, largest + 1):
            tail[:, k : k + 1] = tail[:, k - 1 : k] * ratio
        both = np.concatenate([tail[:, :0:-1] / 2, tail[:, :1], tail[:, 1:] / 2], 1)
        self.counts = _PRIOR * both / both.sum(1, keepdims=True) + 0.02
        self.row_sum, self.row_seen = np.zeros(rows), np.zeros(rows)
        self.column_sum, self.column_seen = np.zeros(columns), np.zeros(columns)
        self.kernel_sum, self.kernel_seen = np.zeros((rows, columns)), np.zeros((rows, columns))

    def contexts(self, rows: slice, columns: slice) -> np.ndarray:
        """The context of each weight of a pass, flat."""
        mean = self.mean
        line, kernel = _SHRINK_LINE, _SHRINK_KERNEL
        row = (self.row_sum[rows] + line * mean) / ((self.row_seen[rows] + line) * mean)
        column = (self.column_sum[columns] + line * mean) / ((self.column_seen[columns] + line) * mean)
        scale = row[:, None] * column[None, :]
        if self.area > 1:
            here = self.kernel_sum[rows, columns] + kernel * mean
            scale = scale * (here / ((self.kernel_seen[rows, columns] + kernel) * mean))
        return np.searchsorted(_EDGES, scale.ravel(), side="right")

    def learn(self, levels: np.ndarray, context: np.ndarray, rows: slice, columns: slice) -> None:
        """Add a pass's levels, int [rows, columns], to counts and sums."""
        kinds = self.counts.shape[1]
        cells = context * kinds + levels.ravel() + kinds // 2
        self.counts += np.bincount(cells, minlength=self.counts.size).reshape(self.counts.shape)
        size = np.abs(levels)
        self.row_sum[rows] += size.sum(1)
        self.row_seen[rows] += size.shape[1]
        self.column_sum[columns] += size.sum(0)
        self.column_seen[columns] += size.shape[0]
        self.kernel_sum[rows, columns] += size
        self.kernel_seen[rows, columns] += 1


def _passes(shape: tuple[int, int, int]) -> Iterator[tuple[int, slice, slice]]:
    """(kernel position, rows, columns) of each pass: the middle of the kernels first."""
    rows, columns, area = shape
    middle = (area - 1) / 2
    order = sorted(range(area), key=lambda position: (abs(position - middle) % 2, abs(position - middle)))
    parts = max(1, round(rows * columns / _PASS))
    # A 1×1 layer's rows are known only by their columns, so columns are coded in groups too.
    groups = 1 if area > 1 else min(4, parts, columns)
    row_edges = [rows * k // max(1, parts // groups) for k in range(max(1, parts // groups) + 1)]
    column_edges = [columns * k // groups for k in range(groups + 1)]
    for position in order:
        for top, bottom in pairwise(row_edges):
            for left, right in pairwise(column_edges):
                if bottom > top and right > left:
                    yield position, slice(top, bottom), slice(left, right)


def _by_context(context: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Each context that occurs, and its positions."""
    order = np.argsort(context, kind="stable")
    ends = np.cumsum(np.bincount(context, minlength=CONTEXTS)).tolist()
    for c, (start, end) in enumerate(pairwise([0, *ends])):
        if end > start:
            yield c, order[start:end]


def _model(counts: np.ndarray) -> constriction.stream.model.Categorical:
    return constriction.stream.model.Categorical(counts / counts.sum(), perfect=False)


def _start(levels: Levels) -> tuple[int, int]:
    """Largest magnitude, and the mean magnitude in 1/256, rounded up."""
    size = np.abs(levels)
    largest = int(size.max(initial=0))
    if largest > LARGEST:
        raise ValueError(f"a level of {largest} is above {LARGEST}")
    return largest, max(1, int(np.ceil(size.mean() * 256))) if size.size else 1


def range_encode(levels: Levels) -> bytes:
    """Adaptive range coding of one layer."""
    largest, mean = _start(levels)
    head = np.array([largest, mean], dtype="<u4").tobytes()
    if largest == 0:
        return head
    adaptive = _Adaptive(levels.shape, largest, mean / 256)
    encoder = constriction.stream.queue.RangeEncoder()
    for position, rows, columns in _passes(levels.shape):
        part = levels[rows, columns, position]
        context = adaptive.contexts(rows, columns)
        symbols = part.ravel() + largest
        for c, chosen in _by_context(context):
            encoder.encode(np.ascontiguousarray(symbols[chosen], np.int32), _model(adaptive.counts[c]))
        adaptive.learn(part, context, rows, columns)
    return head + encoder.get_compressed().astype("<u4").tobytes()


def range_decode(data: bytes, shape: tuple[int, int, int]) -> Levels:
    """The layer of that shape; ValueError for data that cannot be one."""
    if len(data) < 8 or len(data) % 4:
        raise ValueError("A layer's coded weights are cut short.")
    words = np.frombuffer(data, "<u4").astype(np.uint32)
    largest, mean = int(words[0]), int(words[1])
    levels = np.zeros(shape, np.int32)
    if largest == 0:
        return levels
    if largest > LARGEST or not 0 < mean <= 256 * LARGEST:
        raise ValueError("A layer's coded weights are damaged.")
    adaptive = _Adaptive(shape, largest, mean / 256)
    decoder = constriction.stream.queue.RangeDecoder(words[2:])
    for position, rows, columns in _passes(shape):
        context = adaptive.contexts(rows, columns)
        symbols = np.zeros(context.size, np.int32)
        for c, chosen in _by_context(context):
            try:
                symbols[chosen] = decoder.decode(_model(adaptive.counts[c]), chosen.size)
            except (AssertionError, ValueError):
                raise ValueError("A layer's coded weights are damaged.") from None
        part = (symbols - largest).reshape(rows.stop - rows.start, columns.stop - columns.start)
        levels[rows, columns, position] = part
        adaptive.learn(part, context, rows, columns)
    return levels


def entropy_bits(levels: Levels) -> float:
    """Bits of the levels when each costs −log2 of its share in the layer: no contexts."""
    counts = np.unique(levels, return_counts=True)[1].astype(float)
    return float(-(counts * np.log2(counts / counts.sum())).sum())
