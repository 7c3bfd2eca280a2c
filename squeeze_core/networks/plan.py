"""A SqueezeNet as data (Iandola et al., arXiv:1602.07360): its metaparameters, its plan and its layers.

A new variant is a new row of `PLANS`, or a `Plan` made from the metaparameters of the paper's section 5.
`architecture.SqueezeNet`, the ONNX graph and the GPU path compute the same list of layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

Bypass = Literal["none", "simple", "complex"]
# The convolutions of a Fire module, in the order in which they run.
BRANCHES = ("squeeze", "expand1x1", "expand3x3")


class FireShape(NamedTuple):
    """Channels of one Fire module (paper section 3.2): s1x1, e1x1 and e3x3."""

    squeeze: int
    expand1x1: int
    expand3x3: int

    @property
    def output(self) -> int:
        return self.expand1x1 + self.expand3x3


class Metaparameters(NamedTuple):
    """The knobs of the paper's section 5.1; the defaults are SqueezeNet's own."""

    base_e: int = 128
    incr_e: int = 128
    pct3x3: float = 0.5
    freq: int = 2
    sr: float = 0.125

    def fires(self, modules: int = 8) -> tuple[FireShape, ...]:
        """Shapes of fire2, fire3, …: e_i = base_e + incr_e·⌊i/freq⌋, s_i = SR·e_i.

        Raises ValueError naming the metaparameter to change when a layer would have no channel.
        """
        if self.freq < 1:
            raise ValueError(f"freq is {self.freq}; it must be at least 1.")
        shapes = []
        for i in range(modules):
            expand = self.base_e + self.incr_e * (i // self.freq)
            expand3x3 = round(self.pct3x3 * expand)
            shape = FireShape(round(self.sr * expand), expand - expand3x3, expand3x3)
            name = f"fire{i + 2}"
            if expand < 1:
                raise ValueError(f"{name} would have {expand} expand channels; raise base_e or incr_e.")
            if shape.squeeze < 1:
                raise ValueError(f"{name} would have no squeeze channel; raise SR (now {self.sr:g}).")
            if min(shape.expand1x1, shape.expand3x3) < 0:
                raise ValueError(f"pct3x3 is {self.pct3x3:g}; it must lie between 0 and 1.")
            shapes.append(shape)
        return tuple(shapes)


Kind = Literal["conv", "max_pool", "mean", "concat", "concat_enlarged", "add", "flatten"]


class Layer(NamedTuple):
    """One layer: `kind`, computed from the outputs named in `inputs`, then a ReLU where `relu` names one.

    A network is a list of these in the order in which they run. The first reads "pictures".

    `path`, `relu`: paths of PyTorch's modules, such as "features.3.squeeze", which also name the weights in
    a state dict; "" for none. `weight`: shape of a convolution's weight, [out, in, k, k]. A "max_pool" is
    3×3/2 and rounds up, or with `padding` 1 down. "concat_enlarged" puts the second input, enlarged to the
    first's height and width, behind the first's channels.
    """

    name: str
    kind: Kind
    inputs: tuple[str, ...]
    path: str = ""
    weight: tuple[int, int, int, int] = (0, 0, 0, 0)
    stride: int = 1
    padding: int = 0
    relu: str = ""

    @property
    def branch(self) -> str:
        """The last part of the name: of a Fire module's convolution one of BRANCHES."""
        return self.name.rpartition("/")[2]


def fire_layers(
    name: str, path: str, reads: str, channels: int, shape: FireShape, bypass: Bypass = "none"
) -> list[Layer]:
    """The layers of a Fire module (section 3.2): a 1×1 squeeze feeds 1×1 and 3×3 expands, concatenated.

    `path`: of the module, with a dot at its end. `reads`: the output that it reads, of that many
    `channels`. `bypass` (section 6) is added to the output: "simple" the input itself, where the channel
    counts agree, "complex" a 1×1 convolution of the input where they do not. A branch of 0 channels is
    left out.
    """
    squeezed = f"{name}/squeeze"
    convolutions = (
        ("squeeze", reads, (shape.squeeze, channels, 1, 1)),
        ("expand1x1", squeezed, (shape.expand1x1, shape.squeeze, 1, 1)),
        ("expand3x3", squeezed, (shape.expand3x3, shape.squeeze, 3, 3)),
    )
    layers = []
    for branch, x, weight in convolutions:
        if weight[0]:
            module, padding = f"{path}{branch}", weight[2] // 2
            relu = f"{module}_activation"
            layers.append(
                Layer(f"{name}/{branch}", "conv", (x,), module, weight, padding=padding, relu=relu)
            )
    expands = tuple(layer.name for layer in layers[1:])
    if bypass == "none" or (bypass == "simple" and channels != shape.output):
        return [*layers, Layer(name, "concat", expands)]
    layers.append(Layer(f"{name}/expands", "concat", expands))
    if channels != shape.output:
        weight = (shape.output, channels, 1, 1)
        layers.append(Layer(f"{name}/bypass", "conv", (reads,), f"{path}bypass", weight))
        reads = f"{name}/bypass"
    return [*layers, Layer(name, "add", (f"{name}/expands", reads))]


def last_reads(layers: Sequence[Layer]) -> dict[str, list[str]]:
    """Layer name → those of its inputs that no later layer reads."""
    last = {name: layer.name for layer in layers for name in layer.inputs}
    return {layer.name: [name for name in layer.inputs if last[name] == layer.name] for layer in layers}


def state_shapes(layers: Sequence[Layer]) -> dict[str, tuple[int, ...]]:
    """Name in the state dict → shape, of every weight and bias that those layers have."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in layers:
        if layer.kind == "conv":
            shapes |= {f"{layer.path}.weight": layer.weight, f"{layer.path}.bias": layer.weight[:1]}
    return shapes


@dataclass(frozen=True)
class Plan:
    """One network of the family as data: its stem, its Fire modules and where it pools."""

    conv1_channels: int
    conv1_kernel: int
    pool_after: frozenset[str]
    fires: tuple[FireShape, ...]
    bypass: Bypass = "none"

    @property
    def fire_names(self) -> tuple[str, ...]:
        return tuple(f"fire{number}" for number in range(2, len(self.fires) + 2))

    @cached_property
    def channels(self) -> dict[str, int]:
        """The number of channels of each squeeze and expand layer, such as "fire2/squeeze"."""
        return {layer.name: layer.weight[0] for layer in self.layers() if layer.branch in BRANCHES}

    @property
    def smallest_input(self) -> int:
        """The smallest input side, in pixels, that leaves every pool an input."""
        # A 3×3/2 pool that rounds up gives n outputs from 2n inputs on, and one needs a pixel pair.
        return 2 * (2 ** len(self.pool_after) - 1) + self.conv1_kernel

    def feature_layers(self, root: str = "features", padding: int = 0) -> list[Layer]:
        """The layers up to the last Fire module, in the module `root`. `padding`: of conv1, in pixels."""
        conv1 = (self.conv1_channels, 3, self.conv1_kernel, self.conv1_kernel)
        layers = [Layer("conv1", "conv", ("pictures",), f"{root}.0", conv1, 2, padding, f"{root}.1")]
        place, channels = 2, self.conv1_channels
        for number, shape in enumerate((None, *self.fires), start=1):
            if shape:
                reads = layers[-1].name
                layers += fire_layers(
                    f"fire{number}", f"{root}.{place}.", reads, channels, shape, self.bypass
                )
                place, channels = place + 1, shape.output
            if layers[-1].name in self.pool_after:
                layers.append(Layer(f"pool{number}", "max_pool", (layers[-1].name,), f"{root}.{place}"))
                place += 1
        return layers

    def layers(self, classes: int = 1000) -> list[Layer]:
        """Every layer in the order in which it runs, to "logits" [N, classes]."""
        layers = self.feature_layers()
        conv10 = (classes, self.fires[-1].output, 1, 1)
        return [
            *layers,
            Layer("conv10", "conv", (layers[-1].name,), "classifier.1", conv10, relu="classifier.2"),
            Layer("conv10/mean", "mean", ("conv10",), "classifier.3"),
            Layer("logits", "flatten", ("conv10/mean",)),
        ]


# Table 1 of the paper (1.0) and the authors' later release of the same accuracy (1.1), which
# narrows the stem and pools earlier: 2.4 times less computation.
PLANS = {
    "1.0": Plan(96, 7, frozenset({"conv1", "fire4", "fire8"}), Metaparameters().fires()),
    "1.1": Plan(64, 3, frozenset({"conv1", "fire3", "fire5"}), Metaparameters().fires()),
}
