"""A listing that is printed under SqueezeNet's name in an article, built as printed, and counted.

The article describes SqueezeNet, but its code is a stack of plain 3×3 convolutions, each followed by
ReLU and a 2×2 pool: 78 are printed before the text breaks off. It has no 1×1 convolution and no Fire
module, and nothing between the last pool and an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from squeeze_core.cost.profile import Profile, profile

NAME, TITLE = "article_listing", "The article’s listing"
SOURCE = "an article on SqueezeNet (in Chinese), its listing as printed; no accuracy is published"
SIZE = 224
# Output channels of conv1, conv2, …
FILTERS = (96, 192, 384, 512, 512, *(1024,) * 73)


class Listing(nn.Module):
    """conv1, relu1, pool1, conv2 …; stops before the pool that has less than two pixels to look at."""

    def __init__(self) -> None:
        super().__init__()
        channels = 3
        for number, filters in enumerate(FILTERS, 1):
            # Keras's padding "same" at stride 1; its pooling drops an odd last row and column.
            self.add_module(f"conv{number}", nn.Conv2d(channels, filters, 3, padding=1))
            self.add_module(f"relu{number}", nn.ReLU())
            self.add_module(f"pool{number}", nn.MaxPool2d(2))
            channels = filters

    def forward(self, image: Tensor) -> Tensor:
        """float32 [batch, 3, height, width] → what leaves the last pool that still can work."""
        for number in range(1, len(FILTERS) + 1):
            if min(image.shape[-2:]) < 2:
                break
            for layer in ("conv", "relu", "pool"):
                image = self.get_submodule(f"{layer}{number}")(image)
        return image


@dataclass(frozen=True)
class Block:
    """One convolution with its pool. `side`: pixels that leave the pool; None where it never runs."""

    number: int
    filters: int
    side: int | None
    parameters: int
    macs: int


@dataclass(frozen=True)
class Counted:
    """The listing at an input of SIZE pixels: every block printed, and what all of them cost.

    `cost`: of what runs and what does not. `runs`: how many blocks a picture gets through.
    """

    blocks: tuple[Block, ...]
    cost: Profile

    @property
    def runs(self) -> int:
        return sum(block.side is not None for block in self.blocks)

    @property
    def running_parameters(self) -> int:
        """Parameters of the blocks that a picture gets through."""
        return sum(block.parameters for block in self.blocks if block.side is not None)


@cache
def counted() -> Counted:
    """Built on the meta device and counted by the same profile as every network."""
    with torch.device("meta"):
        network = Listing().eval()
    cost = profile(network, SIZE)
    layers = {layer.name: layer for layer in cost.layers}
    blocks = []
    for number, filters in enumerate(FILTERS, 1):
        convolution, pool = layers[f"conv{number}"], layers.get(f"pool{number}")
        side = pool.output[-1] if pool else None
        blocks.append(Block(number, filters, side, convolution.parameters, convolution.macs))
    return Counted(tuple(blocks), cost)
