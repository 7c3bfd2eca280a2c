"""What do the Fire modules see? Every activation of every Fire module, from one forward pass."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.fx import GraphModule
from torchvision.models.feature_extraction import create_feature_extractor

from squeeze_core.images import Picture
from squeeze_core.networks import weights
from squeeze_core.networks.architecture import PLANS, SqueezeNet
from squeeze_core.networks.engine import Engine
from squeeze_core.networks.preprocess import Preprocess

BRANCHES = ("squeeze", "expand1x1", "expand3x3")
PLACES = (*BRANCHES, "output")
MODEL = "squeezenet1_1"
# Of all its squeeze and expand layers together.
CHANNELS = sum(sum(shape) for shape in PLANS["1.1"].fires)

Result = TypeVar("Result")


class Unit(NamedTuple):
    """One channel of a Fire module, as people write it: fire5/expand3x3/37."""

    module: str
    branch: str
    channel: int

    def __str__(self) -> str:
        return "/".join(map(str, self))


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
        return _frozen(self._flat.mean(1))

    @cached_property
    def max(self) -> np.ndarray:
        return _frozen(self._flat.max(1))

    @cached_property
    def zeros(self) -> np.ndarray:
        return _frozen(1 - np.count_nonzero(self._flat, axis=1) / self._flat.shape[1])

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

    def peak(self, channel: int) -> tuple[int, int]:
        """Row and column of that channel's largest value."""
        row, column = np.unravel_index(self.values[channel].argmax(), self.values.shape[1:])
        return int(row), int(column)


@dataclass(frozen=True)
class ModuleTrace:
    """One Fire module's activations; `output` is expand1x1 and expand3x3 together."""

    name: str
    squeeze: Maps
    expand1x1: Maps
    expand3x3: Maps
    output: Maps

    def at(self, place: str) -> Maps:
        """The maps of that place, one of PLACES."""
        if place not in PLACES:
            raise KeyError(place)
        return getattr(self, place)


@dataclass(frozen=True)
class FireTrace:
    """Everything one forward pass of one picture left behind.

    `layers`: each layer's name and output shape [channels, height, width], conv1 first and conv10
    last. `class_maps`: conv10 after ReLU, float32 [classes, height, width]: its mean over space is
    the logit. `logits`: float32 [classes]. `view`: the RGB picture at the network's input size.
    """

    file: str
    device: str
    view: Image.Image
    layers: dict[str, tuple[int, int, int]]
    modules: dict[str, ModuleTrace]
    class_maps: np.ndarray
    logits: np.ndarray
    labels: tuple[str, ...]
    milliseconds: float

    def maps(self, module: str, place: str) -> Maps:
        return self.modules[module].at(place)

    def before(self, module: str) -> tuple[int, int, int]:
        """Shape [channels, height, width] of what that module is given."""
        names = list(self.layers)
        return self.layers[names[names.index(module) - 1]]

    @property
    def probabilities(self) -> np.ndarray:
        """Softmax of the logits, float32 [classes], 0–1."""
        return softmax(self.logits)

    @property
    def best(self) -> int:
        """Index of the most probable class."""
        return int(self.logits.argmax())


@dataclass(frozen=True)
class Extractor:
    """A network whose forward returns a dict: "fire2/squeeze", …, each layer, "conv10", "logits"."""

    network: GraphModule
    original: SqueezeNet
    preprocess: Preprocess
    labels: tuple[str, ...]

    @classmethod
    def load(cls) -> Extractor:
        """Of the shipped SqueezeNet; its own copy, as making an extractor switches modes for a moment."""
        loaded = weights.load(MODEL)
        assert isinstance(loaded.network, SqueezeNet)
        return cls(extractor(loaded.network), loaded.network, loaded.preprocess, loaded.labels)


def extractor(network: SqueezeNet) -> GraphModule:
    """float [N, 3, H, W] → the dict that `Extractor` describes; shares the network's parameters.

    No hooks: concurrent calls do not see one another.
    """
    nodes = {"classifier.2": "conv10", "flatten": "logits"}
    for number, name in enumerate(network.layer_names):
        # conv1's own output is overwritten by the ReLU that follows, so relu1 stands for it.
        if name == "conv1":
            continue
        nodes[f"features.{number}"] = "conv1" if name == "relu1" else name
        if name in network.fire_names:
            for branch in BRANCHES:
                nodes[f"features.{number}.{branch}_activation"] = f"{name}/{branch}"
    return create_feature_extractor(copy.copy(network), nodes)


def with_extractor(engine: Engine, function: Callable[[Extractor, torch.device], Result]) -> Result:
    """What `function` returns for the engine's one extractor and the device that it is on.

    On the CPU where the GPU runs out of memory, as `Engine.work` says.
    """
    return engine.work("fire_trace", Extractor.load, function)


def get_extractor(engine: Engine) -> Extractor:
    """The engine's one extractor, for its layers, labels and preprocessing.

    To run its network use `with_extractor`, which knows the device and outlives a full GPU.
    """
    return with_extractor(engine, lambda loaded, device: loaded)


def fire_trace(picture: Picture, engine: Engine) -> FireTrace:
    """The picture's activations in the shipped SqueezeNet 1.1."""
    return with_extractor(engine, lambda loaded, device: _fire_trace(picture, loaded, device))


def _fire_trace(picture: Picture, loaded: Extractor, device: torch.device) -> FireTrace:
    start = time.perf_counter()
    batch = loaded.preprocess([picture.image]).to(device)
    with torch.inference_mode():
        found = {name: _numpy(value[0]) for name, value in loaded.network(batch).items()}
    modules = {}
    for name in loaded.original.fire_names:
        output = found[name]
        # The branches are the two halves of the output: views of it, not copies.
        split = found[f"{name}/expand1x1"].shape[0]
        modules[name] = ModuleTrace(
            name, Maps(found[f"{name}/squeeze"]), Maps(output[:split]), Maps(output[split:]), Maps(output)
        )
    return FireTrace(
        picture.name,
        device.type,
        loaded.preprocess.view(picture.image),
        {name: value.shape for name, value in found.items() if value.ndim == 3 and "/" not in name},
        modules,
        found["conv10"],
        found["logits"],
        loaded.labels,
        1000 * (time.perf_counter() - start),
    )


def softmax(logits: np.ndarray) -> np.ndarray:
    """Logits [classes] → probabilities of the same shape, summing to 1."""
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def _numpy(value: Tensor) -> np.ndarray:
    return _frozen(value.float().cpu().contiguous().numpy())


def _frozen(array: np.ndarray) -> np.ndarray:
    """The array as float32, read-only."""
    array = array.astype(np.float32, copy=False)
    array.setflags(write=False)
    return array
