"""The detector's network: SqueezeNet 1.1, a top-down neck and an anchor-free head, all of Fire modules.

Feature pyramid after Lin et al. 2017 (arXiv:1612.03144); one box per position, given as distances to
its four sides, after FCOS (Tian et al. 2019, arXiv:1904.01355).
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from squeeze_core.networks.architecture import (
    BRANCHES,
    Fire,
    Layer,
    Parts,
    SqueezeNet,
    feature_layers,
    run,
)

STRIDES = (8, 16, 32, 64)
# Input pixel at the middle of each level's first position: 3×3/2 windows; conv1's and the last two padded.
FIRST_CENTRES = (6.5, 14.5, 14.5, 14.5)
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
        names = squeezenet.layer_names
        self.width = width
        self.stride8_end = names.index("fire5") + 1
        self.backbone = squeezenet.features
        self.backbone_names = names
        conv1 = squeezenet.layer("conv1")
        assert isinstance(conv1, nn.Conv2d)
        conv1.padding = (1, 1)  # so that each level is exactly twice the next

        half = width // 2
        # Further depth as simple bypass Fire modules (SqueezeNet, section 6).
        self.stride16 = nn.Sequential(*(Fire(512, 64, 256, 256, "simple") for _ in range(2)))
        self.stride32 = nn.Sequential(
            nn.MaxPool2d(3, stride=2, padding=1),
            Fire(512, 96, 192, 192),
            Fire(384, 96, 192, 192),
            *(Fire(384, 96, 192, 192, "simple") for _ in range(2)),
        )
        self.stride64 = nn.Sequential(nn.MaxPool2d(3, stride=2, padding=1), Fire(384, 96, half, half))
        # A level's features all pass the squeeze, so these are wider than SqueezeNet's 1 in 8.
        self.merge32 = Fire(384 + width, 96, half, half)
        self.merge16 = nn.Sequential(
            Fire(512 + width, 128, half, half), Fire(width, 96, half, half, "simple")
        )
        self.merge8 = nn.Sequential(
            Fire(256 + width, 96, half, half), Fire(width, 64, half, half, "simple")
        )
        self.class_tower = nn.Sequential(Fire(width, 64, half, half), Fire(width, 64, half, half, "simple"))
        self.box_tower = Fire(width, 48, half, half)
        self.class_logits = nn.Conv2d(width, classes, 1)
        self.distances = nn.Conv2d(width, 4, 1)
        self.level_scale = nn.Parameter(torch.ones(len(STRIDES)))
        _start_at(self.class_logits, -math.log((1 - PRIOR) / PRIOR))
        _start_at(self.distances, math.log(2.0))

    def __repr__(self) -> str:
        classes, weights = self.class_logits.out_channels, sum(w.numel() for w in self.parameters())
        return f"Detector({classes} classes, width {self.width}, {weights:,} parameters)"

    def layers(self) -> list[Layer]:
        """Every layer in the order in which it runs: the backbone, which reads "pictures", neck and head.

        The backbone's Fire modules are fire2 … fire9; those of neck and head are named after the
        attribute that holds them, with their place where it holds several: "stride16.1/squeeze". The
        head runs once a level: "class_tower.p8.0", "box_tower.p64", "class_logits.p8", "distances.p8".
        """
        layers = feature_layers(self.backbone_names, self.backbone)

        def add(name: str, module: nn.Module, reads: str) -> str:
            """Append the module's layers and return the name of its output."""
            if isinstance(module, nn.Sequential):
                for number, inner in enumerate(module):
                    reads = add(f"{name}.{number}", inner, reads)
                return reads
            if isinstance(module, Fire):
                layers.extend(module.layers(name, reads))
            else:
                layers.append(Layer(name, (reads,), module))
            return name

        def merge(name: str, module: nn.Module, features: str, coarser: str) -> str:
            """`module` of a level's features with the next level's, enlarged, as further channels."""
            layers.append(Layer(f"{name}/input", (features, coarser), _concat_enlarged))
            return add(name, module, f"{name}/input")

        stride16 = add("stride16", self.stride16, layers[-1].name)
        stride32 = add("stride32", self.stride32, stride16)
        p64 = add("stride64", self.stride64, stride32)
        p32 = merge("merge32", self.merge32, stride32, p64)
        p16 = merge("merge16", self.merge16, stride16, p32)
        p8 = merge("merge8", self.merge8, self.backbone_names[self.stride8_end - 1], p16)
        for stride, level in zip(STRIDES, (p8, p16, p32, p64), strict=True):
            classes = add(f"class_tower.p{stride}", self.class_tower, level)
            add(f"class_logits.p{stride}", self.class_logits, classes)
            box = add(f"box_tower.p{stride}", self.box_tower, level)
            add(f"distances.p{stride}", self.distances, box)
        return layers

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


def _concat_enlarged(features: Tensor, coarser: Tensor) -> Tensor:
    return torch.cat([features, F.interpolate(coarser, size=features.shape[-2:])], 1)


def _start_at(conv: nn.Conv2d, value: float) -> None:
    """Initialise the layer so that its outputs are close to `value`."""
    nn.init.normal_(conv.weight, std=0.01)
    assert conv.bias is not None
    nn.init.constant_(conv.bias, value)


def _boxes(distances: Tensor, level: int) -> Tensor:
    """Distances to left, top, right and bottom [N, 4, h, w] → boxes x0, y0, x1, y1, same shape."""
    y, x = _centres(level, distances.shape[-2], distances.shape[-1], distances.device)
    left, top, right, bottom = distances.split(1, 1)
    x, y = x.view(1, 1, 1, -1), y.view(1, 1, -1, 1)
    return torch.cat([x - left, y - top, x + right, y + bottom], 1)


def _centres(level: int, rows: int, columns: int, device: torch.device) -> tuple[Tensor, Tensor]:
    first, stride = FIRST_CENTRES[level], STRIDES[level]
    y = first + stride * torch.arange(rows, device=device)
    return y, first + stride * torch.arange(columns, device=device)


def average_flipped(output: Tensor, flipped: Tensor, height: int, width: int) -> Tensor:
    """The mean of the outputs for pictures and for their mirror images: flip augmentation at test time.

    All are float [N, positions, 4 + classes], for inputs of that height and width in pixels. Positions and
    boxes of the mirror images are flipped back first.
    """
    levels = []
    sizes = [(math.ceil(height / stride), math.ceil(width / stride)) for stride in STRIDES]
    for level, size in zip(flipped.split([h * w for h, w in sizes], 1), sizes, strict=True):
        levels.append(level.unflatten(1, size).flip(2).flatten(1, 2))
    x0, y0, x1, y1, logits = torch.cat(levels, 1).split([1, 1, 1, 1, flipped.shape[2] - 4], 2)
    return (output + torch.cat([width - x1, y0, width - x0, y1, logits], 2)) / 2


def positions(height: int, width: int, device: torch.device) -> Tensor:
    """Centres x, y in pixels of an input of that size, float32 [positions, 2], in the output's order."""
    centres = []
    for level, stride in enumerate(STRIDES):
        y, x = _centres(level, math.ceil(height / stride), math.ceil(width / stride), device)
        centres.append(torch.cartesian_prod(y, x).flip(1))
    return torch.cat(centres)


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
