"""The activations of every Fire module, from one forward pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image

from squeeze_core import notebook
from squeeze_core.classifier import softmax
from squeeze_core.cost.units import percent
from squeeze_core.errors import UserError
from squeeze_core.images import Picture
from squeeze_core.networks.catalogue import Network
from squeeze_core.networks.engine import Engine, Runner
from squeeze_core.networks.onnx_network import Arrays
from squeeze_core.networks.plan import BRANCHES, Plan

if TYPE_CHECKING:
    from squeeze_core.networks.architecture import Parts

PLACES = (*BRANCHES, "output")


class Unit(NamedTuple):
    """One channel of a Fire module; its address is written fire5/expand3x3/37."""

    module: str
    branch: str
    channel: int

    def __str__(self) -> str:
        return "/".join(map(str, self))

    @classmethod
    def parse(cls, address: str, network: Network) -> Unit:
        """The channel of that address in that network; UserError where there is none."""
        part, _, channel = address.rpartition("/")
        module, _, branch = part.partition("/")
        channels = part_channels(network, module, branch)
        # int() takes digits of every script, but isdecimal() also tells what it does not take.
        if not (channel.isascii() and channel.isdecimal()) or int(channel) >= channels:
            raise UserError(f"{network.title} has no channel {address}.")
        return cls(module, branch, int(channel))


def part_channels(network: Network, module: str, branch: str) -> int:
    """The number of channels of that branch in that SqueezeNet; 0 where there is no such branch."""
    return network.plan.channels.get(f"{module}/{branch}", 0) if network.plan else 0


@dataclass(frozen=True)
class Maps:
    """The activation maps of one place, after ReLU.

    `values`: float32 [channels, height, width], ≥ 0, read-only. `mean`, `max`: float32 [channels].
    `zeros`: fraction of each map that is exactly 0, float32 [channels], 0–1.
    """

    values: np.ndarray

    def __post_init__(self) -> None:
        self.values.setflags(write=False)

    # Each statistic is taken when first asked for: a page shows one module of eight.
    @cached_property
    def mean(self) -> np.ndarray:
        return frozen(self._flat.mean(1))

    @cached_property
    def max(self) -> np.ndarray:
        return frozen(self._flat.max(1))

    @cached_property
    def zeros(self) -> np.ndarray:
        return frozen(1 - np.count_nonzero(self._flat, axis=1) / self._flat.shape[1])

    @property
    def _flat(self) -> np.ndarray:
        return self.values.reshape(len(self.values), -1)

    @property
    def shape(self) -> tuple[int, int, int]:
        channels, height, width = self.values.shape
        return channels, height, width

    @property
    def sparsity(self) -> float:
        """Fraction of all the values that is exactly 0, 0–1."""
        return float(self.zeros.mean())

    def order(self) -> np.ndarray:
        """Channel numbers, the strongest mean first; int64 [channels]."""
        return np.argsort(-self.mean, kind="stable")

    @property
    def peaks(self) -> np.ndarray:
        """Row and column of each channel's largest value, int64 [channels, 2]."""
        return np.stack(np.unravel_index(self._flat.argmax(1), self.values.shape[1:]), 1)


@dataclass(frozen=True)
class ModuleTrace:
    """One Fire module's activations, by place: its branches that have channels, and "output", which is
    expand1x1 and expand3x3 concatenated, with the bypass added where there is one.

    `input`: what the module reads, float32 [channels, height, width].
    """

    name: str
    input: np.ndarray
    places: Mapping[str, Maps]

    @property
    def branches(self) -> tuple[str, ...]:
        return tuple(place for place in self.places if place in BRANCHES)


@dataclass(frozen=True)
class FireTrace:
    """The result of one forward pass of one picture.

    `layers`: each layer's name and output shape [channels, height, width], conv1 first and conv10
    last. `features`: what conv10 reads, float32 [channels, height, width]. `class_map`: conv10's output for
    the most probable class, float32 [height, width]. `logits`: float32 [classes]. `view`: the RGB picture
    at the network's input size.
    """

    file: str
    network: Network
    device: str
    view: Image.Image
    layers: dict[str, tuple[int, int, int]]
    modules: dict[str, ModuleTrace]
    features: np.ndarray
    class_map: np.ndarray
    logits: np.ndarray

    @property
    def sure(self) -> bool:
        """False where the best class is wrong at least as often as right."""
        return self.network.sureness.of(self.probabilities)

    @property
    def labels(self) -> tuple[str, ...]:
        return self.network.labels

    def __getitem__(self, place: tuple[str, str]) -> Maps:
        """`trace["fire5", "expand3x3"]`; KeyError where there is no such place."""
        module, name = place
        return self.modules[module].places[name]

    def _repr_html_(self) -> str:
        rows = [
            {"module": module.name}
            | {
                place: f"{' × '.join(map(str, maps.shape))}, {percent(maps.sparsity, 0)} zeros"
                for place, maps in module.places.items()
            }
            for module in self.modules.values()
        ]
        return notebook.table(f"{self.network.title} on {self.file}: {self.labels[self.best]}", rows)

    @property
    def probabilities(self) -> np.ndarray:
        """Softmax of the logits, float32 [classes], 0–1."""
        return softmax(self.logits)

    @property
    def best(self) -> int:
        """Index of the most probable class."""
        return int(self.logits.argmax())


def plan_of(network: Network) -> Plan:
    """That SqueezeNet's plan. UserError for a network that is no SqueezeNet."""
    if network.plan is None:
        raise UserError(f"{network.title} is no SqueezeNet; it has no Fire modules to look into.")
    return network.plan


def differentiable_parts(loaded: Runner, batch: np.ndarray) -> Parts:
    """The network's parts for pictures, float32 [N, 3, H, W], by PyTorch, with their graph of gradients."""
    import torch

    module: Any = loaded.module
    with torch.enable_grad():
        # The parameters require no gradient, so the pictures must, for the activations to have one.
        return module.parts(torch.from_numpy(batch).to(loaded.device).requires_grad_())


def fire_trace(picture: Picture, engine: Engine, network: Network) -> FireTrace:
    """The picture's activations in that SqueezeNet. UserError for a network that is no SqueezeNet."""
    plan = plan_of(network)

    def work(loaded: Runner) -> FireTrace:
        view = network.preprocess.view(picture.image)
        parts = loaded.parts(network.preprocess.array([view]))
        found = {name: frozen(part[0]) for name, part in parts.items()}
        layers = {name: part.shape for name, part in found.items() if part.ndim == 3 and "/" not in name}
        reads = {layer.name: layer.inputs[0] for layer in plan.layers()}
        modules = {
            name: _module(name, plan, found, found[reads[f"{name}/squeeze"]]) for name in plan.fire_names
        }
        logits = found["logits"]
        class_map = frozen(found["conv10"][logits.argmax()].copy())  # a view would keep a thousand maps
        return FireTrace(
            file=picture.name,
            network=network,
            device=loaded.device,
            view=view,
            layers=layers,
            modules=modules,
            features=found[reads["conv10"]],
            class_map=class_map,
            logits=logits,
        )

    return engine.work(network, work)


def _module(name: str, plan: Plan, found: Arrays, given: np.ndarray) -> ModuleTrace:
    output = found[name]
    arrays = {branch: found[f"{name}/{branch}"] for branch in BRANCHES if f"{name}/{branch}" in found}
    if plan.bypass == "none":
        # The expands are the halves of the output: views of it, not copies.
        end = 0
        for branch in list(arrays)[1:]:
            start, end = end, end + len(arrays[branch])
            arrays[branch] = output[start:end]
    places = arrays | {"output": output}
    return ModuleTrace(name, given, {place: Maps(array) for place, array in places.items()})


def frozen(array: np.ndarray) -> np.ndarray:
    """The array as contiguous float32, read-only."""
    array = np.ascontiguousarray(array, np.float32)
    array.setflags(write=False)
    return array
