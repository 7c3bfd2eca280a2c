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

from squeeze_core.networks.plan import PLANS, Kind, Layer, Plan, last_reads

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


def _concat_enlarged(features: Tensor, coarser: Tensor) -> Tensor:
    return torch.cat([features, F.interpolate(coarser, size=features.shape[-2:])], 1)


_FUNCTIONS: dict[Kind, Callable[..., Tensor]] = {
    "concat": lambda *inputs: torch.cat(inputs, 1),
    "concat_enlarged": _concat_enlarged,
    "add": torch.add,
    "flatten": partial(torch.flatten, start_dim=1),
}


def _convolution(layer: Layer) -> nn.Module:
    outputs, inputs, kernel, _ = layer.weight
    return nn.Conv2d(inputs, outputs, kernel, layer.stride, layer.padding)


_MODULES: dict[Kind, Callable[[Layer], nn.Module]] = {
    "conv": _convolution,
    "max_pool": lambda layer: nn.MaxPool2d(3, 2, layer.padding, ceil_mode=not layer.padding),
    "mean": lambda layer: nn.AdaptiveAvgPool2d(1),
}


def add_modules(network: nn.Module, layers: Sequence[Layer]) -> None:
    """Give `network` the modules of those layers at their paths; layers of one path share its module."""
    for layer in layers:
        if layer.path:
            _add(network, layer.path, _MODULES[layer.kind](layer))
        if layer.relu:
            _add(network, layer.relu, nn.ReLU(inplace=True))


def _add(network: nn.Module, path: str, module: nn.Module) -> None:
    first, _, rest = path.partition(".")
    if not hasattr(network, first):
        network.add_module(first, nn.Module() if rest else module)
    if rest:
        _add(network.get_submodule(first), rest, module)


def initialise(network: nn.Module) -> None:
    """Random weights and no biases, as torchvision's SqueezeNet begins."""
    for parameter in network.parameters():
        if parameter.ndim == 4:
            nn.init.kaiming_uniform_(parameter)
        else:
            nn.init.zeros_(parameter)


def initialise_last(weight: Tensor) -> None:
    """Small random weights for a last layer."""
    if not weight.is_meta:  # there it has no values, and PyTorch would import its compiler: 1.1 s
        nn.init.normal_(weight, std=0.01)


class SqueezeNet(nn.Module):
    """float [N, 3, H, W] → class logits, float [N, classes]. Untrained until weights are loaded.

    A state dict of torchvision's `squeezenet1_0` or `squeezenet1_1` fits, since `plan.layers` have its
    paths. H and W must be at least `plan.smallest_input` pixels.
    """

    def __init__(self, plan: Plan | str = "1.1", classes: int = 1000) -> None:
        super().__init__()
        self.plan = PLANS[plan] if isinstance(plan, str) else plan
        self.classes = classes
        add_modules(self, self.plan.layers(classes))
        initialise(self)
        initialise_last(self.convolution("conv10").weight)

    def __repr__(self) -> str:
        weights = sum(weight.numel() for weight in self.parameters())
        fires = len(self.plan.fires)
        return f"SqueezeNet({fires} Fire modules, {self.classes:,} classes, {weights:,} parameters)"

    def layers(self) -> list[BoundLayer]:
        """Every layer in the order in which it runs, from conv1, which reads "pictures", to "logits"."""
        bound = bind(self.plan.layers(self.classes), self)
        if self.training:
            at = [one.name for one in bound].index("conv10")
            dropped = nn.Sequential(nn.Dropout(0.5), self.convolution("conv10"))
            bound[at] = bound[at]._replace(function=dropped)
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

    def convolution(self, part: str) -> nn.Conv2d:
        """The convolution behind a part such as "conv1" or "fire5/expand3x3"; KeyError where none is."""
        paths = {layer.name: layer.path for layer in self.plan.layers() if layer.kind == "conv"}
        return cast(nn.Conv2d, self.get_submodule(paths[part]))
