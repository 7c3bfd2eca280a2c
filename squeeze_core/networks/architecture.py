"""SqueezeNet, as its paper describes it: Iandola et al., arXiv:1602.07360.

A network is a `Plan` (data) and a `SqueezeNet` built from it (code): a new variant is a new row
of `PLANS`, or a `Plan` made from the metaparameters of the paper's section 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
        """Of all squeeze and expand layers together."""
        return sum(sum(shape) for shape in self.fires)

    @property
    def smallest_input(self) -> int:
        """The smallest input side, in pixels, that leaves every pool something to look at."""
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


# Name → what one forward pass left there, float [N, channels, H, W]; see `SqueezeNet.parts`.
Parts = dict[str, Tensor]


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
        same = in_channels == expand1x1 + expand3x3
        self.bypass: nn.Module | None = None
        if bypass != "none" and same:
            self.bypass = nn.Identity()
        elif bypass == "complex":
            self.bypass = nn.Conv2d(in_channels, expand1x1 + expand3x3, 1)

    @property
    def branches(self) -> tuple[str, ...]:
        """Those of BRANCHES that have channels."""
        return tuple(branch for branch in BRANCHES if getattr(self, branch) is not None)

    def forward(
        self,
        x: Tensor,
        name: str = "",
        parts: Parts | None = None,
        kept: Mapping[str, Tensor] | None = None,
    ) -> Tensor:
        """`parts` and `kept` as in `SqueezeNet.parts`, for the module of that name."""

        def branch(kind: str, given: Tensor) -> Tensor:
            part = f"{name}/{kind}"
            out = getattr(self, f"{kind}_activation")(getattr(self, kind)(given))
            if kept is not None and part in kept:
                out = out * kept[part]
            if parts is not None:
                parts[part] = out
            return out

        squeezed = branch("squeeze", x)
        out = torch.cat([branch(kind, squeezed) for kind in self.branches[1:]], 1)
        return out if self.bypass is None else out + self.bypass(x)


class SqueezeNet(nn.Module):
    """float [N, 3, H, W] → class logits, float [N, classes]. Untrained until weights are loaded.

    `features` and `classifier` hold the layers in the paper's order, so that a state dict of
    torchvision's `squeezenet1_0` or `squeezenet1_1` fits. `stages` names what they make, as the paper
    does: conv1, pool1, fire2 … fire9, conv10. H and W must be at least `plan.smallest_input` pixels.
    """

    def __init__(self, plan: Plan | str = "1.1", classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        plan = PLANS[plan] if isinstance(plan, str) else plan
        layers: dict[str, nn.Module] = {
            "conv1": nn.Conv2d(3, plan.conv1_channels, plan.conv1_kernel, stride=2),
            "relu1": nn.ReLU(inplace=True),
        }
        if "conv1" in plan.pool_after:
            layers["pool1"] = _pool()
        channels = plan.conv1_channels
        for number, shape in enumerate(plan.fires, start=2):
            layers[f"fire{number}"] = Fire(channels, *shape, bypass=plan.bypass)
            channels = shape.output
            if f"fire{number}" in plan.pool_after:
                layers[f"pool{number}"] = _pool()
        self.plan = plan
        self.layer_names = tuple(layers)
        self.stages = (*(name for name in layers if name != "relu1"), "conv10")
        self.features = nn.Sequential(*layers.values())
        conv10 = nn.Conv2d(channels, classes, 1)
        self.classifier = nn.Sequential(
            nn.Dropout(dropout), conv10, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1)
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        nn.init.normal_(conv10.weight, std=0.01)

    def forward(self, x: Tensor) -> Tensor:
        return self._run(x, None, None)

    def parts(self, x: Tensor, kept: Mapping[str, Tensor] | None = None) -> Parts:
        """Every named part of one forward pass: "conv1", "pool1", "fire2/squeeze", "fire2/expand1x1",
        "fire2/expand3x3", "fire2" … "conv10" and "logits" [N, classes]; convolutions after their ReLU.

        `kept`: factors for branches, such as "fire2/squeeze" → [channels, 1, 1], 0 to switch a channel off.
        """
        parts: Parts = {}
        parts["logits"] = self._run(x, parts, kept)
        return parts

    def without(self, x: Tensor, kept: Mapping[str, Tensor]) -> Tensor:
        """The class logits [N, classes] with those factors, as `parts` takes them."""
        return self.parts(x, kept)["logits"]

    def _run(self, x: Tensor, parts: Parts | None, kept: Mapping[str, Tensor] | None) -> Tensor:
        for name, layer in zip(self.layer_names, self.features, strict=True):
            x = layer(x, name, parts, kept) if isinstance(layer, Fire) else layer(x)
            # conv1's own output is overwritten by the ReLU that follows, which stands for it.
            if parts is not None and name != "conv1":
                parts["conv1" if name == "relu1" else name] = x
        dropout, conv10, relu, average = self.classifier
        maps = relu(conv10(dropout(x)))
        if parts is not None:
            parts["conv10"] = maps
        return average(maps).flatten(1)

    def layer(self, name: str) -> nn.Module:
        """The layer of that name, conv1 … fire9 or conv10; KeyError where there is none."""
        if name == "conv10":
            return self.classifier[1]
        try:
            return self.features[self.layer_names.index(name)]
        except ValueError:
            raise KeyError(name) from None

    def convolution(self, part: str) -> nn.Conv2d:
        """The convolution behind a part such as "conv1" or "fire5/expand3x3"; KeyError where none is."""
        name, _, branch = part.partition("/")
        found = getattr(self.layer(name), branch, None) if branch in BRANCHES else self.layer(name)
        if not isinstance(found, nn.Conv2d):
            raise KeyError(part)
        return found

    def reads(self, part: str) -> str:
        """The part that this convolution is given: "fire3/squeeze" → "fire2", "fire3/expand1x1" →
        "fire3/squeeze"; KeyError for conv1, which is given the picture."""
        name, _, branch = part.partition("/")
        if branch and branch != BRANCHES[0]:
            return f"{name}/{BRANCHES[0]}"
        if name not in self.stages[1:]:
            raise KeyError(part)
        return self.stages[self.stages.index(name) - 1]

    def name_of(self, path: str) -> str:
        """The paper's name for a module path: "features.3.squeeze" → "fire2.squeeze"."""
        part, _, rest = path.partition(".")
        if part != "features" or not rest:
            return "conv10" if path == "classifier.1" else path
        number, _, inner = rest.partition(".")
        name = self.layer_names[int(number)]
        return f"{name}.{inner}" if inner else name

    @property
    def fire_names(self) -> tuple[str, ...]:
        return self.plan.fire_names


def _pool() -> nn.Module:
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)
