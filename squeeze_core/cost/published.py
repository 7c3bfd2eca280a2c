"""Figures that others published and this code cannot measure, in one table with its sources.

Sizes are as the papers print them. The SqueezeNet paper does not state what its MB are: its 4.8 MB are
1,248,424 parameters in units of 2^20 bytes, its 240 MB for AlexNet fit neither unit. Everything that this
project counts is in MB of 10^6 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

SQUEEZENET_PAPER = "Iandola et al., arXiv:1602.07360"
ALEXNET_PAPER = "Krizhevsky et al., NIPS 2012"


@dataclass(frozen=True)
class PublishedRow:
    """One row of a published table: size in MB as printed (None where not given), accuracy in percent.

    `reduction`: how many times smaller than the table's first row, as the table prints it.
    """

    title: str
    megabytes: float | None
    top1: float
    top5: float
    source: str
    reduction: int = 1


_TABLE_2 = f"{SQUEEZENET_PAPER}, Table 2"
_TABLE_3 = f"{SQUEEZENET_PAPER}, Table 3"

TABLE_2 = (
    PublishedRow("AlexNet", 240, 57.2, 80.3, _TABLE_2),
    PublishedRow("AlexNet, SVD", 48, 56.0, 79.4, _TABLE_2, 5),
    PublishedRow("AlexNet, network pruning", 27, 57.2, 80.3, _TABLE_2, 9),
    PublishedRow("AlexNet, Deep Compression", 6.9, 57.2, 80.3, _TABLE_2, 35),
    PublishedRow("SqueezeNet", 4.8, 57.5, 80.3, _TABLE_2, 50),
    PublishedRow("SqueezeNet, Deep Compression, 8 bit", 0.66, 57.5, 80.3, _TABLE_2, 363),
    PublishedRow("SqueezeNet, Deep Compression, 6 bit", 0.47, 57.5, 80.3, _TABLE_2, 510),
)

TABLE_3 = (
    PublishedRow("SqueezeNet", 4.8, 57.5, 80.3, _TABLE_3),
    PublishedRow("SqueezeNet, simple bypass", 4.8, 60.4, 82.5, _TABLE_3),
    PublishedRow("SqueezeNet, complex bypass", 7.7, 58.8, 82.0, _TABLE_3),
)

# The best hand-made features of their day, on the 2010 edition of the ImageNet challenge: an
# easier relative of the set that all the other accuracies are on.
HAND_MADE = (
    PublishedRow("Sparse coding", None, 52.9, 71.8, f"{ALEXNET_PAPER}, Table 1 (ILSVRC-2010 test)"),
    PublishedRow("SIFT + Fisher vectors", None, 54.3, 74.3, f"{ALEXNET_PAPER}, Table 1 (ILSVRC-2010 test)"),
)

# Milliseconds for one picture in fp32 on a board that people know; random weights, which are as fast.
BOARD = "Raspberry Pi Zero 2 W"
BOARD_SOURCE = "ncnn, benchmark/README.md, read on 2026-11-28: 4 threads, mean of 8 runs"
BOARD_MILLISECONDS = {"squeezenet1_1": 119.93, "alexnet": 272.18, "resnet18": 353.45, "resnet50": 782.63}

_MCUNET_PAPER = "Lin et al., arXiv:2007.10319 and github.com/mit-han-lab/mcunet"
# Another small network's file, on ImageNet's validation set in int8.
MCUNET = PublishedRow("MCUNet, int8", 0.897, 61.8, 84.2, f"{_MCUNET_PAPER}, mcunet-320kB")
MCUNET_PARAMETERS, MCUNET_GMACS = 740_000, 0.0818
