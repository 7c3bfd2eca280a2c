"""One channel at a time: its filter, and its top activations over several pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from squeeze_core.inside.receptive_field import receptive_field
from squeeze_core.inside.trace import FireTrace, Unit, plan_of
from squeeze_core.networks.catalogue import Network
from squeeze_core.networks.plan import BRANCHES, Layer, Plan


@dataclass(frozen=True)
class Filter:
    """The weights behind one channel.

    `weights`: float32 [inputs, k, k], k 1 or 3, read-only. `inputs`: the channel that each of them
    reads, such as "fire4/expand1x1/37"; "pool1/5" is channel 5 of that layer's output.
    """

    weights: np.ndarray
    inputs: tuple[str, ...]

    def strongest(self, count: int) -> list[int]:
        """Positions of the inputs with the largest weights (by Euclidean norm), the largest first."""
        size = np.linalg.norm(self.weights.reshape(len(self.weights), -1), axis=1)
        return [int(i) for i in np.argsort(-size, kind="stable")[:count]]


def channel_filter(network: Network, unit: Unit) -> Filter:
    """The weights of that channel in that SqueezeNet. WeightsError when they cannot be had."""
    layers = {layer.name: layer for layer in plan_of(network).layers(len(network.labels))}
    layer = layers[f"{unit.module}/{unit.branch}"]
    weights = network.weights.state()[f"{layer.path}.weight"][unit.channel].copy()
    weights.setflags(write=False)
    return Filter(weights, channel_names(layers, layer.inputs[0], len(weights)))


def channel_names(layers: Mapping[str, Layer], part: str, count: int) -> tuple[str, ...]:
    """The address of every channel of that part; a Fire module's, also after a pool, by its branches."""
    if layers[part].kind == "max_pool":
        before = layers[part].inputs[0]
        part = before if before.startswith("fire") else part
    expands = [layers[f"{part}/{branch}"] for branch in BRANCHES[1:] if f"{part}/{branch}" in layers]
    named = [f"{layer.name}/{channel}" for layer in expands for channel in range(layer.weight[0])]
    return tuple(named or (f"{part}/{channel}" for channel in range(count)))


@dataclass(frozen=True)
class ChannelMaxima:
    """Each channel's largest activation in one picture: small enough to keep for many pictures.

    `values`: (module, branch) → float32 [channels], the largest value of each map. `places`: its row
    and column, int64 [channels, 2].
    """

    file: str
    plan: Plan
    view: Image.Image
    values: Mapping[tuple[str, str], np.ndarray]
    places: Mapping[tuple[str, str], np.ndarray]


def channel_maxima(trace: FireTrace) -> ChannelMaxima:
    """The trace's largest value for every channel, and its place."""
    assert trace.network.plan is not None
    found = {(m.name, branch): m.places[branch] for m in trace.modules.values() for branch in m.branches}
    values = {part: maps.max for part, maps in found.items()}
    places = {part: maps.peaks for part, maps in found.items()}
    return ChannelMaxima(trace.file, trace.network.plan, trace.view, values, places)


@dataclass(frozen=True)
class TopActivation:
    """A channel's largest activation in one picture, and the patch of the picture behind it.

    `box`: (x0, y0, x1, y1) in pixels of `view`, the picture at the network's input size.
    """

    file: str
    value: float
    box: tuple[int, int, int, int]
    view: Image.Image


def top_activations(pictures: Iterable[ChannelMaxima], unit: Unit) -> list[TopActivation]:
    """That channel's largest activation in each picture, the largest first."""
    place = unit.module, unit.branch
    found = []
    for picture in pictures:
        row, column = picture.places[place][unit.channel].tolist()
        box = receptive_field(picture.plan, *place).box(row, column, picture.view.width)
        value = float(picture.values[place][unit.channel])
        found.append(TopActivation(picture.file, value, box, picture.view))
    return sorted(found, key=lambda one: -one.value)
