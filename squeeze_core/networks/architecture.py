"""SqueezeNet in PyTorch, as its paper describes it: Iandola et al., arXiv:1602.07360.

This is the definition of the network; `plan` has its layers as data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from squeeze_core.networks.plan import (
    PLANS,
    Bypass,
    FireShape,
    Kind,
    Layer,
    Plan,
    fire_layers,
    last_reads,
)

# Layer name → its output in one forward pass, float [N, channels, H, W]; see `SqueezeNet.parts`.
Parts = dict[str, Tensor]


class BoundLayer(NamedTuple):
    """A layer with the modules, or the function, that compute it."""

    layer: Layer
    function: Callable[..., Tensor]
    relu: nn.Module | None

    @property
    def name(self) -> str:
        return self.layer.name

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.layer.inputs

    def __call__(self, *inputs: Tensor) -> Tensor:
        out = self.function(*inputs)
        return out if self.relu is None else self.relu(out)


def bind(layers: Sequence[Layer], network: nn.Module) -> list[BoundLayer]:
    """Each layer with its modules in `network`."""
    get = network.get_submodule
    return [
        BoundLayer(
            layer,
            get(layer.path) if layer.path else _FUNCTIONS[layer.kind],
            get(layer.relu) if layer.relu else None,
        )
        for layer in layers
    ]


def run(
    layers: Sequence[BoundLayer],
    x: Tensor,
    channel_mask: Mapping[str, Tensor] | None = None,
    keep: bool = False,
) -> Parts:
    """The outputs that no layer reads, by name; with `keep` those of all layers. `x` is the first's input.

    `channel_mask`: layer name → factors [channels, 1, 1] for its output.
    """
    freed, values = last_reads([bound.layer for bound in layers]), {layers[0].inputs[0]: x}
    for bound in layers:
        out = bound(*(values[name] for name in bound.inputs))
        if channel_mask and bound.name in channel_mask:
            out = out * channel_mask[bound.name]
        values[bound.name] = out
        for name in freed[bound.name]:
            if not keep or name == layers[0].inputs[0]:
                del values[name]
    return values


def _concat(*inputs: Tensor) -> Tensor:
    return torch.cat(inputs, 1)


def _concat_enlarged(features: Tensor, coarser: Tensor) -> Tensor:
    return torch.cat([features, F.interpolate(coarser, size=features.shape[-2:])], 1)


_FUNCTIONS: dict[Kind, Callable[..., Tensor]] = {
    "concat": _concat,
    "concat_enlarged": _concat_enlarged,
    "add": torch.add,
    "flatten": partial(torch.flatten, start_dim=1),
}


class Fire(nn.Module):
    """Fire module (section 3.2), whose layers are `plan.fire_layers`.

    float [N, in_channels, H, W] → float [N, expand1x1 + expand3x3, H, W], values ≥ 0 without a bypass.
    """

    def __init__(
        self, in_channels: int, squeeze: int, expand1x1: int, expand3x3: int, bypass: Bypass = "none"
    ) -> None:
        super().__init__()
        shape = FireShape(squeeze, expand1x1, expand3x3)
        self._given = in_channels, shape, bypass
        self.squeeze = nn.Conv2d(in_channels, squeeze, 1)
        self.squeeze_activation = nn.ReLU(inplace=True)
        self.expand1x1 = nn.Conv2d(squeeze, expand1x1, 1) if expand1x1 else None
        self.expand1x1_activation = nn.ReLU(inplace=True)
        self.expand3x3 = nn.Conv2d(squeeze, expand3x3, 3, padding=1) if expand3x3 else None
        self.expand3x3_activation = nn.ReLU(inplace=True)
        self.bypass: nn.Module | None = None
        if bypass != "none" and in_channels == shape.output:
            self.bypass = nn.Identity()
        elif bypass == "complex":
            self.bypass = nn.Conv2d(in_channels, shape.output, 1)

    def layers(self, name: str, path: str, reads: str) -> list[Layer]:
        """`plan.fire_layers` of this module."""
        return fire_layers(name, path, reads, *self._given)

    def forward(self, x: Tensor) -> Tensor:
        return run(bind(self.layers("fire", "", "input"), self), x)["fire"]


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
        fires = len(self.plan.fires)
        return f"SqueezeNet({fires} Fire modules, {self.classes:,} classes, {weights:,} parameters)"

    @property
    def classes(self) -> int:
        return cast(nn.Conv2d, self.classifier[1]).out_channels

    def layers(self) -> list[BoundLayer]:
        """Every layer in the order in which it runs, from conv1, which reads "pictures", to "logits"."""
        dropout, conv10, *_ = self.classifier
        bound = bind(self.plan.layers(self.classes), self)
        if self.training:
            at = [one.name for one in bound].index("conv10")
            bound[at] = bound[at]._replace(function=nn.Sequential(dropout, conv10))
        return bound

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
        paths = {layer.name: layer.path for layer in self.plan.layers() if layer.kind == "conv"}
        return cast(nn.Conv2d, self.get_submodule(paths[part]))

    def name_of(self, path: str) -> str:
        """The paper's name for a module path: "features.3.squeeze" → "fire2.squeeze"."""
        if path.startswith("features."):
            number, *inner = path.split(".")[1:]
            return ".".join([self.layer_names[int(number)], *inner])
        return "conv10" if path == "classifier.1" else path

    @property
    def fire_names(self) -> tuple[str, ...]:
        return self.plan.fire_names
