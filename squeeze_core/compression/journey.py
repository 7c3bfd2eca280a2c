"""The way from AlexNet to a compressed SqueezeNet, step by step: published bytes, then measured ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from squeeze_core.compression.presets import StageResult
from squeeze_core.cost.published import TABLE_2


@dataclass(frozen=True)
class Step:
    """`bytes`: of the whole network in a file after this step. `measured`: by this code, else published."""

    title: str
    words: str
    source: str
    bytes: int
    measured: bool


_PUBLISHED = (
    "The network that started it in 2012: 61 million parameters of 32 bits, most of them in three fully "
    "connected layers.",
    "Each fully connected layer’s matrix is replaced by its strongest singular vectors.",
    "Weights near zero are removed and the rest retrained, again and again.",
    "Pruned, the rest shared among few values, those values Huffman-coded.",
)


def published() -> tuple[Step, ...]:
    """AlexNet and what compression alone makes of it."""
    return tuple(
        Step(row.title, words, row.source, round((row.mebibytes or 0) * 2**20), False)
        for row, words in zip(TABLE_2, _PUBLISHED, strict=False)
    )


def ours(title: str, float32: int, stages: Sequence[StageResult]) -> tuple[Step, ...]:
    """A SqueezeNet of that title: as trained, `float32` bytes, and after each stage of its compression."""
    words = (
        "Another architecture: 1×1 convolutions squeeze the channels before each 3×3, and nothing is fully "
        "connected."
    )
    first = Step(f"{title}, float32", words, "measured here", float32, True)
    rest = (Step(one.title, one.words, one.source or "measured here", one.bytes, True) for one in stages)
    return (first, *rest)
