"""SqueezeNet, as its paper describes it: Iandola et al., arXiv:1602.07360.

A network is a `Plan` (data) and a `SqueezeNet` built from it (code): a new variant is a new row
of `PLANS`, or a `Plan` made from the metaparameters of the paper's section 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

Bypass = Literal["none", "simple", "complex"]


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


# Table 1 of the paper (1.0) and the authors' later release of the same accuracy (1.1), which
# narrows the stem and pools earlier: 2.4 times less computation.
PLANS = {
    "1.0": Plan(96, 7, frozenset({"conv1", "fire4", "fire8"}), Metaparameters().fires()),
    "1.1": Plan(64, 3, frozenset({"conv1", "fire3", "fire5"}), Metaparameters().fires()),
}


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

    def forward(self, x: Tensor) -> Tensor:
        squeezed = self.squeeze_activation(self.squeeze(x))
        branches = []
        if self.expand1x1 is not None:
            branches.append(self.expand1x1_activation(self.expand1x1(squeezed)))
        if self.expand3x3 is not None:
            branches.append(self.expand3x3_activation(self.expand3x3(squeezed)))
        out = torch.cat(branches, 1)
        return out if self.bypass is None else out + self.bypass(x)


class SqueezeNet(nn.Module):
    """float [N, 3, H, W] → class logits, float [N, classes]. Untrained until weights are loaded.

    `features` and `classifier` hold the layers in the paper's order, so that a state dict of
    torchvision's `squeezenet1_0` or `squeezenet1_1` fits. `layer_names` names each entry of
    `features` as the paper does (conv1, fire2 … fire9; the rest relu1 and pool…).
    H and W must be at least 21 pixels for version 1.0 and 17 for 1.1 (conv1 and three 3×3/2 pools).
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
        return self.classifier(self.features(x)).flatten(1)

    def layer(self, name: str) -> nn.Module:
        """The layer of that name, conv1 … fire9 or conv10; KeyError where there is none."""
        if name == "conv10":
            return self.classifier[1]
        try:
            return self.features[self.layer_names.index(name)]
        except ValueError:
            raise KeyError(name) from None

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
        return tuple(name for name in self.layer_names if name.startswith("fire"))


def _pool() -> nn.Module:
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)
