"""The steps from AlexNet to a compressed SqueezeNet: bytes as published, then as measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from squeeze_core.cost import comparison
from squeeze_core.cost.published import TABLE_2


@dataclass(frozen=True)
class StageResult:
    """The state after one stage. `bytes`: of the whole file at that point. `zeros`: share of the weights.

    `bits_per_weight`: file bits over all parameters. `entropy`: bits a weight if each layer's levels
    were coded at their entropy; None before the weights are quantised. `seconds`: the stage's work.
    """

    name: str
    title: str
    words: str
    source: str
    bytes: int
    ratio: float
    bits_per_weight: float
    zeros: float
    entropy: float | None
    seconds: float


@dataclass(frozen=True)
class CompressionStep:
    """`bytes`: of the whole network in a file after this step. `measured`: by this code, else as printed in
    the paper that `source` names."""

    title: str
    words: str
    source: str
    bytes: int
    measured: bool


_ALEXNET = (
    "The network that started it in 2012: 61 million parameters of 32 bits, most of them in three fully "
    "connected layers."
)
_PUBLISHED = (
    "Each fully connected layer’s matrix is replaced by its strongest singular vectors.",
    "Weights near zero are removed and the rest retrained, in several rounds.",
    "Pruned, the rest shared among few values, those values Huffman-coded.",
)


def published() -> tuple[CompressionStep, ...]:
    """AlexNet, counted, and what compression alone makes of it, as the paper prints it."""
    first = CompressionStep(
        "AlexNet", _ALEXNET, "counted here", round(1e6 * comparison.row("alexnet").megabytes), True
    )
    rest = (
        CompressionStep(
            row.title, words, f"{row.source}, as printed", round(1e6 * (row.megabytes or 0)), False
        )
        for row, words in zip(TABLE_2[1:], _PUBLISHED, strict=False)
    )
    return (first, *rest)


def ours(title: str, float32: int, stages: Sequence[StageResult]) -> tuple[CompressionStep, ...]:
    """A SqueezeNet of that title: as trained, `float32` bytes, and after each stage of its compression."""
    words = (
        "Another architecture: 1×1 convolutions squeeze the channels before each 3×3, and nothing is fully "
        "connected."
    )
    first = CompressionStep(f"{title}, float32", words, "measured here", float32, True)
    rest = (
        CompressionStep(one.title, one.words, one.source or "measured here", one.bytes, True)
        for one in stages
    )
    return (first, *rest)
