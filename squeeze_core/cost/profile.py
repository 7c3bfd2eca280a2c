"""The cost of a network: parameters, multiply-accumulates and activation memory, layer by layer.

A SqueezeNet's follows from its plan. That of any other network is on record, profiles.json, which
`tools/profiles.py` writes by running each once.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from squeeze_core.cost.units import FP32_BYTES
from squeeze_core.networks.plan import Plan, last_reads

# Layer of a plan → the class of its module.
_KINDS = {"conv": "Conv2d", "max_pool": "MaxPool2d", "mean": "AdaptiveAvgPool2d"}
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


def of_plan(plan: Plan, classes: int, size: int) -> Profile:
    """The cost of a SqueezeNet of so many classes, for one RGB picture of size × size pixels."""
    layers = plan.layers(classes)
    freed = last_reads(layers)
    shapes: dict[str, tuple[int, ...]] = {"pictures": (3, size, size)}
    alive = {"pictures": math.prod(shapes["pictures"])}
    rows: list[Layer] = []
    most = 0
    for layer in layers:
        channels, *sides = shapes[layer.inputs[0]]
        parameters = macs = indices = 0
        if layer.kind == "conv":
            channels, _, kernel, _ = layer.weight
            sides = [(side + 2 * layer.padding - kernel) // layer.stride + 1 for side in sides]
            parameters = math.prod(layer.weight) + channels
            macs = math.prod((*layer.weight, *sides))
        elif layer.kind == "max_pool":
            sides = [side // 2 for side in sides]
            indices = 2 * channels * math.prod(sides)  # of the largest values, 64 bits each
        elif layer.kind == "mean":
            sides = [1, 1]
        elif layer.kind == "concat":
            channels = sum(shapes[name][0] for name in layer.inputs)
        shapes[layer.name] = shape = (channels, *sides)
        name = layer.name.replace("/", ".")
        if layer.path:
            rows.append(Layer(name, _KINDS[layer.kind], shape, parameters, macs))
        if layer.relu:
            rows.append(Layer(f"{name}_activation", "ReLU", shape, 0, 0))
        alive[layer.name] = math.prod(shape)
        most = max(most, sum(alive.values()) + indices)
        for gone in freed[layer.name]:
            if gone != "pictures":  # its owner keeps it
                del alive[gone]
    return Profile(tuple(rows), size, FP32_BYTES * most)


def recorded(name: str) -> Profile:
    """The record of the network of that name in the catalogue, of which none is a SqueezeNet."""
    size, activation_bytes, layers = _record()[name]
    rows = (Layer(name, kind, tuple(output), *numbers) for name, kind, output, *numbers in layers)
    return Profile(tuple(rows), size, activation_bytes)


@cache
def _record() -> dict[str, Any]:
    """Network name → input side, activation bytes, and of each layer the fields of `Layer`."""
    return json.loads(RECORD.read_text(encoding="utf-8"))
