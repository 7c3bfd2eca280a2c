"""The detector's network in PyTorch; `layers` has it as data."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from squeeze_core.detector.layers import HEADS, STRIDES, answers, centres, detector_layers, level_sizes
from squeeze_core.networks.architecture import (
    BoundLayer,
    Parts,
    add_modules,
    bind,
    initialise,
    initialise_last,
    run,
)
from squeeze_core.networks.plan import BRANCHES

# Initial probability of every class, so that the many empty positions do not dominate the first steps
# (Lin et al. 2017, arXiv:1708.02002, section 4.1).
PRIOR = 0.01


class Detector(nn.Module):
    """float [N, 3, H, W] → float32 [N, positions, 4 + classes]; H and W are multiples of 32.

    The first four numbers are a box x0, y0, x1, y1 in pixels of the input, not clipped; the rest
    are class logits. Positions run row by row over strides 8, 16, 32 and 64.
    """

    def __init__(self, classes: int = 20, width: int = 192) -> None:
        super().__init__()
        self.classes, self.width = classes, width
        add_modules(self, detector_layers(classes, width))
        self.level_scale = nn.Parameter(torch.ones(len(STRIDES)))
        initialise(self.get_submodule("backbone"))
        # The heads' outputs are close to these before training.
        for head, value in zip(HEADS, (-math.log((1 - PRIOR) / PRIOR), math.log(2.0)), strict=True):
            initialise_last(self.get_parameter(f"{head}.weight"))
            nn.init.constant_(self.get_parameter(f"{head}.bias"), value)

    def __repr__(self) -> str:
        weights = sum(weight.numel() for weight in self.parameters())
        return f"Detector({self.classes} classes, width {self.width}, {weights:,} parameters)"

    def layers(self) -> list[BoundLayer]:
        """Every layer, as `layers.detector_layers` names them."""
        return bind(detector_layers(self.classes, self.width), self)

    def forward(self, x: Tensor, channel_mask: Mapping[str, Tensor] | None = None) -> Tensor:
        """`channel_mask`: as `SqueezeNet.parts` takes it."""
        return self._answers(run(self.layers(), x, channel_mask))

    def parts(self, x: Tensor, channel_mask: Mapping[str, Tensor] | None = None) -> Parts:
        """The output of each of `layers`, by name, and "answers", what `forward` returns."""
        parts = run(self.layers(), x, channel_mask, keep=True)
        return parts | {"answers": self._answers(parts)}

    def _answers(self, found: Parts) -> Tensor:
        heads = {name: out.float() for name, out in found.items() if name.startswith(HEADS)}
        return answers(heads, self.level_scale, torch)


def positions(height: int, width: int, device: torch.device) -> Tensor:
    """Centres x, y in pixels of an input of that size, float32 [positions, 2], in the output's order."""
    levels = (centres(level, *size) for level, size in enumerate(level_sizes(height, width)))
    found = [torch.cartesian_prod(*map(torch.from_numpy, yx)).flip(1) for yx in levels]
    return torch.cat(found).to(device)


def add_batchnorm(network: Detector) -> Detector:
    """Put a BatchNorm after each convolution inside the neck's Fire modules, in place.

    For training only, until `fold_batchnorm`. The pretrained backbone has none, nor has the head, whose
    levels differ too much for one running mean.
    """
    for layer in detector_layers(network.classes, network.width):
        if layer.branch in BRANCHES and layer.path.startswith(("stride", "merge")):
            conv, norm = network.get_submodule(layer.path), nn.BatchNorm2d(layer.weight[0])
            network.set_submodule(layer.path, nn.Sequential(OrderedDict(conv=conv, norm=norm)))
    return network


def fold_batchnorm(network: Detector) -> Detector:
    """Fold each BatchNorm of `add_batchnorm` into its convolution, in place."""
    network.eval()
    for path, pair in list(network.named_modules()):
        if isinstance(pair, nn.Sequential):
            conv, norm = pair
            assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
            network.set_submodule(path, fuse_conv_bn_eval(conv, norm))
    return network
