"""SqueezeNet, as its paper describes it: Iandola et al., arXiv:1602.07360.

A network is a `Plan` (data) and a `SqueezeNet` built from it (code): a new variant is a new row
of `PLANS`, or a `Plan` made from the metaparameters of the paper's section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

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

    @property
    def channels(self) -> int:
        """The number of channels of all squeeze and expand layers."""
        return sum(map(sum, self.fires))

    @property
    def smallest_input(self) -> int:
        """The smallest input side, in pixels, that leaves every pool an input."""
        smallest = 1
        for layer in reversed(("conv1", *self.fire_names)):
            if layer in self.pool_after:
                # A 3×3/2 pool that rounds up gives n outputs from 2n inputs on, and one needs a pixel pair.
                smallest = 2 * smallest
        return 2 * (smallest - 1) + self.conv1_kernel


# Table 1 of the paper (1.0) and the authors' later release of the same accuracy (1.1), which
# narrows the stem and pools earlier: 2.4 times less computation.
PLANS = {
    "1.0": Plan(96, 7, frozenset({"conv1", "fire4", "fire8"}), Metaparameters().fires()),
    "1.1": Plan(64, 3, frozenset({"conv1", "fire3", "fire5"}), Metaparameters().fires()),
}


# Layer name → its output in one forward pass, float [N, channels, H, W]; see `SqueezeNet.parts`.
Parts = dict[str, Tensor]


class Layer(NamedTuple):
    """One layer: `function` of the outputs named in `inputs`, then `relu` if there is one.

    A network is a list of these in the order in which they run. The first reads "pictures".
    """

    name: str
    inputs: tuple[str, ...]
    function: Callable[..., Tensor]
    relu: nn.Module | None = None

    def __call__(self, *inputs: Tensor) -> Tensor:
        out = self.function(*inputs)
        return out if self.relu is None else self.relu(out)


def run(
    layers: Sequence[Layer], x: Tensor, channel_mask: Mapping[str, Tensor] | None = None, keep: bool = False
) -> Parts:
    """The outputs that no layer reads, by name; with `keep` those of all layers. `x` is the first's input.

    `channel_mask`: layer name → factors [channels, 1, 1] for its output.
    """
    freed, values = last_reads(layers), {layers[0].inputs[0]: x}
    for layer in layers:
        out = layer(*(values[name] for name in layer.inputs))
        if channel_mask and layer.name in channel_mask:
            out = out * channel_mask[layer.name]
        values[layer.name] = out
        for name in freed[layer.name]:
            if not keep or name == layers[0].inputs[0]:
                del values[name]
    return values


def last_reads(layers: Sequence[Layer]) -> dict[str, list[str]]:
    """Layer name → those of its inputs that no later layer reads."""
    last = {name: layer.name for layer in layers for name in layer.inputs}
    return {layer.name: [name for name in layer.inputs if last[name] == layer.name] for layer in layers}


def concat(*inputs: Tensor) -> Tensor:
    return torch.cat(inputs, 1)


class Fire(nn.Module):
    """Fire module (section 3.2): a 1×1 squeeze feeds 1×1 and 3×3 expands, concatenated.

    float [N, in_channels, H, W] → float [N, expand1x1 + expand3x3, H, W], values ≥ 0 without a
    bypass. `bypass` (section 6) is added to the output: "simple" the input itself, where the
    channel counts agree, "complex" a 1×1 convolution of the input where they do not.
    A branch of 0 channels is left out.
    """

    def __init__(
        self, in_channels: int, squeeze: int, expand1x1: int, expand3x3: int, bypass: Bypass = "none"
    ) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(in_channels, squeeze, 1)
        self.squeeze_activation = nn.ReLU(inplace=True)
        self.expand1x1 = nn.Conv2d(squeeze, expand1x1, 1) if expand1x1 else None
        self.expand1x1_activation = nn.ReLU(inplace=True)
        self.expand3x3 = nn.Conv2d(squeeze, expand3x3, 3, padding=1) if expand3x3 else None
        self.expand3x3_activation = nn.ReLU(inplace=True)
        self.bypass: nn.Module | None = None
        if bypass != "none" and in_channels == expand1x1 + expand3x3:
            self.bypass = nn.Identity()
        elif bypass == "complex":
            self.bypass = nn.Conv2d(in_channels, expand1x1 + expand3x3, 1)

    @property
    def branches(self) -> tuple[str, ...]:
        """Those of BRANCHES that have channels."""
        return tuple(branch for branch in BRANCHES if getattr(self, branch) is not None)

    def layers(self, name: str, reads: str) -> list[Layer]:
        """The layers of a module called `name` that reads the output `reads`."""
        layers = []
        for branch in self.branches:
            inputs = (reads if branch == "squeeze" else f"{name}/squeeze",)
            relu = getattr(self, f"{branch}_activation")
            layers.append(Layer(f"{name}/{branch}", inputs, getattr(self, branch), relu))
        expands = tuple(layer.name for layer in layers[1:])
        if self.bypass is None:
            return [*layers, Layer(name, expands, concat)]
        layers.append(Layer(f"{name}/expands", expands, concat))
        if isinstance(self.bypass, nn.Conv2d):
            layers.append(Layer(f"{name}/bypass", (reads,), self.bypass))
            reads = f"{name}/bypass"
        return [*layers, Layer(name, (f"{name}/expands", reads), torch.add)]

    def forward(self, x: Tensor) -> Tensor:
        return run(self.layers("fire", "input"), x)["fire"]


class SqueezeNet(nn.Module):
    """float [N, 3, H, W] → class logits, float [N, classes]. Untrained until weights are loaded.

    `features` and `classifier` hold the layers in the paper's order, so that a state dict of
    torchvision's `squeezenet1_0` or `squeezenet1_1` fits. `stages` names their outputs, as the paper
    does: conv1, pool1, fire2 … fire9, conv10. H and W must be at least `plan.smallest_input` pixels.
    """

    def __init__(self, plan: Plan | str = "1.1", classes: int = 1000) -> None:
        super().__init__()
        plan = PLANS[plan] if isinstance(plan, str) else plan
        layers: dict[str, nn.Module] = {
            "conv1": nn.Conv2d(3, plan.conv1_channels, plan.conv1_kernel, stride=2),
            "relu1": nn.ReLU(inplace=True),
        }
        if "conv1" in plan.pool_after:
            layers["pool1"] = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        channels = plan.conv1_channels
        for number, shape in enumerate(plan.fires, start=2):
            layers[f"fire{number}"] = Fire(channels, *shape, bypass=plan.bypass)
            channels = shape.output
            if f"fire{number}" in plan.pool_after:
                layers[f"pool{number}"] = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.plan = plan
        self.layer_names = tuple(layers)
        self.stages = (*(name for name in layers if name != "relu1"), "conv10")
        self.features = nn.Sequential(*layers.values())
        conv10 = nn.Conv2d(channels, classes, 1)
        self.classifier = nn.Sequential(
            nn.Dropout(0.5), conv10, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1)
        )
        for parameter in self.parameters():
            if parameter.ndim == 4:
                nn.init.kaiming_uniform_(parameter)
            else:
                nn.init.zeros_(parameter)
        nn.init.normal_(conv10.weight, std=0.01)

    def __repr__(self) -> str:
        weights = sum(weight.numel() for weight in self.parameters())
        classes = self.classifier[1].out_channels
        fires = len(self.plan.fires)
        return f"SqueezeNet({fires} Fire modules, {classes:,} classes, {weights:,} parameters)"

    def layers(self) -> list[Layer]:
        """Every layer in the order in which it runs, from conv1, which reads "pictures", to "logits"."""
        layers = feature_layers(self.layer_names, self.features)
        dropout, conv10, relu, mean = self.classifier
        reads = layers[-1].name
        if self.training:
            layers.append(Layer("conv10/dropout", (reads,), dropout))
            reads = "conv10/dropout"
        return [
            *layers,
            Layer("conv10", (reads,), conv10, relu),
            Layer("conv10/mean", ("conv10",), mean),
            Layer("logits", ("conv10/mean",), partial(torch.flatten, start_dim=1)),
        ]

    def forward(self, x: Tensor, channel_mask: Mapping[str, Tensor] | None = None) -> Tensor:
        """`channel_mask`: as `parts` takes it."""
        return run(self.layers(), x, channel_mask)["logits"]

    def parts(self, x: Tensor, channel_mask: Mapping[str, Tensor] | None = None) -> Parts:
        """Every layer's output in one forward pass: "conv1", "pool1", "fire2/squeeze", "fire2/expand1x1",
        "fire2/expand3x3", "fire2" … "conv10" and "logits" [N, classes]; convolutions after their ReLU.

        `channel_mask`: such as "fire2/squeeze" → float [channels, 1, 1], 0 to switch a channel off.
        """
        return run(self.layers(), x, channel_mask, keep=True)

    def layer(self, name: str) -> nn.Module:
        """The module of that name, conv1 … fire9 or conv10; KeyError where there is none."""
        modules = dict(zip(self.layer_names, self.features, strict=True))
        return (modules | {"conv10": self.classifier[1]})[name]

    def convolution(self, part: str) -> nn.Conv2d:
        """The convolution behind a part such as "conv1" or "fire5/expand3x3"; KeyError where none is."""
        found = {layer.name: layer.function for layer in self.layers()}[part]
        if not isinstance(found, nn.Conv2d):
            raise KeyError(part)
        return found

    def name_of(self, path: str) -> str:
        """The paper's name for a module path: "features.3.squeeze" → "fire2.squeeze"."""
        if path.startswith("features."):
            number, *inner = path.split(".")[1:]
            return ".".join([self.layer_names[int(number)], *inner])
        return "conv10" if path == "classifier.1" else path

    @property
    def fire_names(self) -> tuple[str, ...]:
        return self.plan.fire_names


def feature_layers(names: Sequence[str], modules: nn.Sequential) -> list[Layer]:
    """The layers of `SqueezeNet.features`, whose modules have these names; conv1 reads "pictures"."""
    layers: list[Layer] = []
    for name, module in zip(names, modules, strict=True):
        reads = layers[-1].name if layers else "pictures"
        if isinstance(module, Fire):
            layers += module.layers(name, reads)
        elif isinstance(module, nn.ReLU):
            layers[-1] = layers[-1]._replace(relu=module)
        else:
            layers.append(Layer(name, (reads,), module))
    return layers
