"""The networks compared, one row each: what they cost, counted, and what is published about them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
import torchvision
from torch import nn

from squeeze_core.cost import article, counts, handmade
from squeeze_core.cost.profile import FP32_BYTES, Profile, profile
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import CATALOGUE, DEFAULT, OURS, Network, named

# Ours first; then torchvision's by family, oldest first.
NAMES = (
    *OURS,
    "efficientnet_lite2",
    "squeezenet1_1_torchvision",
    "squeezenet1_0",
    "alexnet",
    *(f"vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn")),
    "googlenet",
    "inception_v3",
    *(f"resnet{depth}" for depth in (18, 34, 50, 101, 152)),
    "resnext50_32x4d",
    "wide_resnet50_2",
    "densenet121",
    "densenet169",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "mobilenet_v3_large",
    *(f"shufflenet_v2_x{width}" for width in ("0_5", "1_0", "1_5", "2_0")),
    *(f"mnasnet{width}" for width in ("0_5", "0_75", "1_0", "1_3")),
    *(f"efficientnet_b{number}" for number in range(5)),
    "convnext_tiny",
    "swin_t",
    "vit_b_16",
)
ROW_NAMES = (*NAMES, handmade.NAME, article.NAME)
DEFAULT_NAMES = ("squeezenet1_1", "vgg16", "resnet18", "resnet50")
REFERENCE = DEFAULT.name


@lru_cache(maxsize=256)
def profile_of(network: Network) -> Profile:
    """What one picture costs at the network's own input size; counted once per process."""
    with torch.device("meta"):
        built = network.build()
    if isinstance(built, SqueezeNet):
        return profile(built, network.preprocess.size, built.name_of)
    plain = isinstance(built, torchvision.models.AlexNet | torchvision.models.VGG)
    names = _paper_names(built) if plain else {}
    return profile(built, network.preprocess.size, lambda path: names.get(path, path))


def _paper_names(built: nn.Module) -> dict[str, str]:
    """Module paths of AlexNet and VGG → the papers' names: conv1_1, conv1_2, pool1 … fc6, fc7, fc8."""
    names: dict[str, str] = {}
    block, convolution, linear = 1, 0, 6
    for path, module in built.named_modules():
        if isinstance(module, nn.Conv2d):
            convolution += 1
            names[path] = f"conv{block}_{convolution}"
        elif isinstance(module, nn.BatchNorm2d):
            names[path] = f"bn{block}_{convolution}"
        elif isinstance(module, nn.MaxPool2d):
            names[path] = f"pool{block}"
            block, convolution = block + 1, 0
        elif isinstance(module, nn.Linear):
            names[path] = f"fc{linear}"
            linear += 1
    return names


@dataclass(frozen=True)
class Row:
    """One row of the comparison; None where a figure is neither published nor counted.

    `megabytes`: fp32 parameters in 10^6 bytes. `gmacs`: 10^9 multiply-accumulates a picture.
    `activation_megabytes`: most fp32 intermediate results alive at once. `top1`, `top5`: percent on
    ImageNet, by `source`. `file_bytes`: of the weights' file, None while it is not on this machine.
    `network`: the record behind the row; None for the hand-made features and the article's listing.
    `stored_bytes`: of a file that is smaller than its parameters' bits say; None for the others.
    """

    name: str
    title: str
    parameters: int
    megabytes: float
    gmacs: float | None
    activation_megabytes: float | None
    top1: float | None
    top5: float | None
    source: str
    file_bytes: int | None = None
    network: Network | None = None
    stored_bytes: int | None = None

    def profile(self) -> Profile:
        """Layer by layer; ValueError for the hand-made features, which have no layers."""
        if self.name == article.NAME:
            return article.counted().cost
        if self.network is None:
            raise ValueError(f"{self.title} has no layers.")
        return profile_of(self.network)


def title(name: str) -> str:
    """The name that people read, for a network or the hand-made features; of a file, its own."""
    if name in _TITLES:
        return _TITLES[name]
    return CATALOGUE[name].title if name in CATALOGUE else name


def row(network: Network | str) -> Row:
    """The comparison's row of that network, or of the hand-made features by their name; WeightsError for
    another name."""
    if network == handmade.NAME:
        return _hand_made()
    if network == article.NAME:
        return _listing()
    known = named(network) if isinstance(network, str) else network
    cost, published = counts.recorded(known) or counts.of(profile_of(known)), known.published
    return Row(
        known.name,
        known.title,
        cost.parameters,
        cost.megabytes,
        cost.macs / 1e9,
        cost.activation_bytes / 1e6,
        published.top1,
        published.top5,
        published.source,
        known.weights.bytes(),
        known,
    )


_TITLES = {handmade.NAME: handmade.TITLE, article.NAME: article.TITLE}


def _listing() -> Row:
    """As printed: all its blocks are stored, a picture gets through the first of them."""
    cost = article.counted().cost
    return Row(
        article.NAME,
        article.TITLE,
        cost.parameters,
        cost.megabytes,
        cost.gmacs,
        cost.activation_megabytes,
        None,
        None,
        article.SOURCE,
    )


def _hand_made() -> Row:
    parameters = (handmade.FEATURES + 1) * 1000
    megabytes = parameters * FP32_BYTES / 1e6
    return Row(
        handmade.NAME, handmade.TITLE, parameters, megabytes, None, None, None, None, handmade.SOURCE
    )
