"""The cost of a network: parameters, multiply-accumulates and activation memory, layer by layer.

Counting all networks of the comparison takes seconds on a quiet machine and a minute on a busy one, too
long to wait for a chart. `tools/profiles.py` writes the record, profiles.json; `counting` counts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from squeeze_core.cost.units import FP32_BYTES

RECORD = Path(__file__).with_name("profiles.json")


@dataclass(frozen=True)
class Layer:
    """One layer as it ran.

    `name`: its path in the network, or the paper's name where there is one. `kind`: its
    class. `output`: shape without the batch dimension; empty for a layer that only training runs.
    `parameters`: its own. `macs`: multiply-accumulates for one picture.
    """

    name: str
    kind: str
    output: tuple[int, ...]
    parameters: int
    macs: int


@dataclass(frozen=True)
class Profile:
    """The cost of one picture through one network.

    `layers`: in the order they ran; their parameters and MACs add up to the network's. `size`:
    input height and width, pixels. `activation_bytes`: the most memory that intermediate results
    (fp32, the input included, the weights not) take at one moment.
    """

    layers: tuple[Layer, ...]
    size: int
    activation_bytes: int

    @cached_property
    def parameters(self) -> int:
        """Trained numbers in all layers, those that only training runs included."""
        return sum(layer.parameters for layer in self.layers)

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates for one picture."""
        return sum(layer.macs for layer in self.layers)

    @property
    def megabytes(self) -> float:
        """Size of the fp32 parameters in MB of 10^6 bytes."""
        return self.parameters * FP32_BYTES / 1e6


def recorded(name: str) -> Profile | None:
    """The record of the network of that name; None where there is none."""
    if name not in _record():
        return None
    size, activation_bytes, layers = _record()[name]
    rows = (Layer(name, kind, tuple(output), *numbers) for name, kind, output, *numbers in layers)
    return Profile(tuple(rows), size, activation_bytes)


@cache
def _record() -> dict[str, Any]:
    """Network name → input side, activation bytes, and of each layer the fields of `Layer`."""
    return json.loads(RECORD.read_text(encoding="utf-8"))
