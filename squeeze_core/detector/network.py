"""The detector's network in PyTorch; `layers` has it as data."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from squeeze_core.detector.layers import STRIDES, Row, centres, detector_layers, level_sizes, neck_and_head
from squeeze_core.networks.architecture import BoundLayer, Fire, Parts, SqueezeNet, bind, run
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
        squeezenet = SqueezeNet("1.1")
        self.width = width
        self.backbone = squeezenet.features
        squeezenet.convolution("conv1").padding = (1, 1)
        for attribute, rows in neck_and_head(width).items():
            setattr(self, attribute, _modules(rows))
        self.class_logits = nn.Conv2d(width, classes, 1)
        self.distances = nn.Conv2d(width, 4, 1)
        self.level_scale = nn.Parameter(torch.ones(len(STRIDES)))
        _start_at(self.class_logits, -math.log((1 - PRIOR) / PRIOR))
        _start_at(self.distances, math.log(2.0))

    def __repr__(self) -> str:
        classes, weights = self.class_logits.out_channels, sum(w.numel() for w in self.parameters())
        return f"Detector({classes} classes, width {self.width}, {weights:,} parameters)"

    def layers(self) -> list[BoundLayer]:
        """Every layer, as `layers.detector_layers` names them."""
        return bind(detector_layers(self.class_logits.out_channels, self.width), self)

    def forward(self, x: Tensor, channel_mask: Mapping[str, Tensor] | None = None) -> Tensor:
        """`channel_mask`: as `SqueezeNet.parts` takes it."""
        return self._answers(run(self.layers(), x, channel_mask))

    def parts(self, x: Tensor, channel_mask: Mapping[str, Tensor] | None = None) -> Parts:
        """The output of each of `layers`, by name, and "answers", what `forward` returns."""
        parts = run(self.layers(), x, channel_mask, keep=True)
        return parts | {"answers": self._answers(parts)}

    def _answers(self, found: Parts) -> Tensor:
        levels = []
        for level, stride in enumerate(STRIDES):
            logits = found[f"class_logits.p{stride}"].float()
            distances = found[f"distances.p{stride}"].float() * self.level_scale[level]
            boxes = _boxes(distances.clamp(max=6).exp() * stride, level)
            levels.append(torch.cat([boxes, logits], 1).flatten(2))
        return torch.cat(levels, 2).transpose(1, 2)


def _modules(rows: Sequence[Row]) -> nn.Module:
    """The modules of an attribute; one alone without a sequence around it."""
    modules = [
        nn.MaxPool2d(3, stride=2, padding=1) if row is None else Fire(row[0], *row[1], bypass=row[2])
        for row in rows
    ]
    return modules[0] if len(modules) == 1 else nn.Sequential(*modules)


def _start_at(conv: nn.Conv2d, value: float) -> None:
    """Initialise the layer so that its outputs are close to `value`."""
    nn.init.normal_(conv.weight, std=0.01)
    assert conv.bias is not None
    nn.init.constant_(conv.bias, value)


def positions(height: int, width: int, device: torch.device) -> Tensor:
    """Centres x, y in pixels of an input of that size, float32 [positions, 2], in the output's order."""
    found = []
    for level, size in enumerate(level_sizes(height, width)):
        y, x = (torch.from_numpy(one).to(device) for one in centres(level, *size))
        found.append(torch.cartesian_prod(y, x).flip(1))
    return torch.cat(found)


def _boxes(distances: Tensor, level: int) -> Tensor:
    """Distances to left, top, right and bottom [N, 4, h, w] → boxes x0, y0, x1, y1, same shape."""
    y, x = (torch.from_numpy(one).to(distances.device) for one in centres(level, *distances.shape[-2:]))
    left, top, right, bottom = distances.split(1, 1)
    x, y = x.view(1, 1, 1, -1), y.view(1, 1, -1, 1)
    return torch.cat([x - left, y - top, x + right, y + bottom], 1)


def add_batchnorm(network: Detector) -> Detector:
    """Put a BatchNorm after each convolution inside the neck's Fire modules, in place.

    For training only, until `fold_batchnorm`. The pretrained backbone has none, nor has the head, whose
    levels differ too much for one running mean.
    """
    for name, module in network.named_modules():
        if isinstance(module, Fire) and name.startswith(("stride", "merge")):
            for part in BRANCHES:
                conv = getattr(module, part)
                norm = nn.BatchNorm2d(conv.out_channels)
                setattr(module, part, nn.Sequential(OrderedDict(conv=conv, norm=norm)))
    return network


def fold_batchnorm(network: Detector) -> Detector:
    """Fold each BatchNorm of `add_batchnorm` into its convolution, in place."""
    network.eval()
    for module in network.modules():
        if isinstance(module, Fire):
            for part in BRANCHES:
                pair = getattr(module, part)
                if isinstance(pair, nn.Sequential):
                    conv, norm = pair
                    assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
                    setattr(module, part, fuse_conv_bn_eval(conv, norm))
    return network
