"""The three sizes that every page begins with, known without PyTorch."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from squeeze_core.accuracy import Interval, paired_difference
from squeeze_core.cost.profile import recorded
from squeeze_core.cost.units import FP32_BYTES
from squeeze_core.networks import CLASSIFIER
from squeeze_core.networks.weights import SHIPPED


class Headline(NamedTuple):
    """Bytes: AlexNet's and SqueezeNet 1.1's float32 parameters, and the smallest file that is shipped.

    `change`: of its top-1 accuracy against float32 on the same `pictures`.
    """

    alexnet: float
    float32: float
    file: int
    change: Interval
    pictures: int

    @property
    def smaller(self) -> float:
        """The ratio of SqueezeNet's float32 parameters to the file, in bytes."""
        return self.float32 / self.file

    @property
    def fewer_parameters(self) -> float:
        """The ratio of AlexNet's parameters to SqueezeNet's."""
        return self.alexnet / self.float32


@cache
def headline() -> Headline:
    """As counted, and as the file lies on disk."""
    alexnet, ours = recorded("alexnet"), recorded(CLASSIFIER)
    assert alexnet is not None and ours is not None
    same = (
        one for one in SHIPPED.values() if CLASSIFIER in (one.name, (one.network or {}).get("compressed"))
    )
    smallest = min(same, key=lambda one: one.path.stat().st_size)
    on = smallest.measured
    change = paired_difference(on.get("lost", 0), on.get("won", 0), on["pictures"])
    large, small = FP32_BYTES * alexnet.parameters, FP32_BYTES * ours.parameters
    return Headline(large, small, smallest.path.stat().st_size, change, on["pictures"])
