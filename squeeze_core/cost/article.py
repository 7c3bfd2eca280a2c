"""A listing that is printed under SqueezeNet's name in an article, counted as printed.

The article describes SqueezeNet, but its code is a stack of plain 3×3 convolutions (Keras, padding "same"),
each followed by ReLU and a 2×2 pool: 78 are printed before the text breaks off. It has no 1×1 convolution
and no Fire module, and nothing between the last pool and an answer.
"""

from __future__ import annotations

from dataclasses import dataclass

NAME, TITLE = "article_listing", "The article’s listing"
SOURCE = "an article on SqueezeNet (in Chinese), its listing as printed; no accuracy is published"
SIZE = 224
# Output channels of conv1, conv2, …
FILTERS = (96, 192, 384, 512, 512, *(1024,) * 73)


@dataclass(frozen=True)
class Block:
    """One convolution with its pool. `side`: pixels that leave the pool, 0 where it never runs; `macs`: of
    one picture, 0 where it never runs."""

    number: int
    filters: int
    side: int
    parameters: int
    macs: int


def blocks() -> tuple[Block, ...]:
    """Every block printed, for an input of SIZE × SIZE pixels."""
    found, channels, side = [], 3, SIZE
    for number, filters in enumerate(FILTERS, 1):
        weights = 9 * channels * filters
        # A pool drops an odd last row and column; with a single pixel left it cannot run.
        leaves = side // 2
        macs = weights * side**2 if leaves else 0
        found.append(Block(number, filters, leaves, weights + filters, macs))
        channels, side = filters, leaves
    return tuple(found)
