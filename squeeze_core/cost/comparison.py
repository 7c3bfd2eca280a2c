"""The networks compared, one row each: what they cost, counted, and how accurate they are, published and
measured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
import torchvision
from torch import nn

from squeeze_core.colours import NEUTRAL
from squeeze_core.cost import article, counts, handmade
from squeeze_core.cost.profile import Profile, profile
from squeeze_core.cost.units import FP32_BYTES
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import (
    CATALOGUE,
    DEFAULT,
    OURS,
    Measured,
    Network,
    compressed_of,
    named,
)

# Ours first; then torchvision's by family, oldest first.
_NAMES = (
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
NAMES = tuple(dict.fromkeys(_NAMES))  # a network that is shipped is torchvision's too
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
class NetworkRow:
    """One row of the comparison; None where a figure is neither published nor counted.

    `megabytes`: to store, in 10^6 bytes: the fp32 parameters, or the file of a compressed network and of a
    user's. `gmacs`: 10^9 multiply-accumulates a picture. `activation_megabytes`: most fp32 intermediate
    results alive at once. `top1`, `top5`: percent on ImageNet as published, by `source`; `note`: what
    has to be said beside them. `file_bytes`: of the weights' file, None while it is not on this machine.
    `network`: the record behind the row; None for the hand-made features and the article's listing.
    `stored_bytes`: of a file whose size is not its parameters times their bits; None for the others.
    `measured`: accuracy on pictures of ours.
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
    note: str = ""
    file_bytes: int | None = None
    network: Network | None = None
    stored_bytes: int | None = None
    measured: Measured | None = None

    @property
    def colour(self) -> str:
        """ "#rrggbb" of its network, in every chart; grey for what is none."""
        return self.network.colour if self.network else NEUTRAL

    @property
    def float32_megabytes(self) -> float:
        """The parameters in memory, 10^6 bytes."""
        return self.parameters * FP32_BYTES / 1e6

    @property
    def own(self) -> bool:
        """Whether it is a user's network."""
        return self.network is not None and self.network.own

    @property
    def comparable(self) -> bool:
        """Whether it names the same classes as SqueezeNet 1.1, so that a ratio of sizes says something."""
        return self.network is None or self.network.labels == DEFAULT.labels

    @property
    def expected_top1(self) -> float:
        """For the order alone, never shown: the published accuracy, of a compressed file with the points
        that it was measured to lose; 0 where neither is known."""
        if self.top1 is not None:
            return self.top1
        difference = self.measured.difference if self.measured else None
        full = CATALOGUE.get(self.network.compressed) if self.network else None
        if difference is None or full is None or full.published.top1 is None:
            return 0.0
        return full.published.top1 + difference.value

    @property
    def accuracy(self) -> str:
        """Its accuracy in a few words, with what kind of figure that is."""
        if self.top1 is not None:
            return f"{self.top1:.1f}% top-1 as published"
        difference = self.measured.difference if self.measured else None
        if difference is None:
            return "no published ImageNet accuracy"
        return f"{difference.points()} of top-1 against its uncompressed weights on the same pictures"

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


def row(network: Network | str) -> NetworkRow:
    """The comparison's row of that network, or of the hand-made features by their name; WeightsError for
    another name."""
    if network == handmade.NAME:
        return _hand_made()
    if network == article.NAME:
        return _listing()
    known = named(network) if isinstance(network, str) else network
    cost, published = counts.recorded(known) or counts.of(profile_of(known)), known.published
    stored = known.weights.bytes() if known.own or known.compressed else None
    return NetworkRow(
        known.name,
        known.title,
        cost.parameters,
        cost.megabytes if stored is None else stored / 1e6,
        cost.macs / 1e9,
        cost.activation_bytes / 1e6,
        published.top1,
        published.top5,
        published.source,
        published.note,
        known.weights.bytes(),
        known,
        stored,
        known.measured,
    )


def float32_bytes(network: Network) -> int:
    """Of the parameters in float32."""
    return round(1e6 * row(network).float32_megabytes)


def compressed_rows(name: str = REFERENCE) -> tuple[NetworkRow, ...]:
    """The shipped files of that network in fewer bytes, the smallest first."""
    return tuple(map(row, compressed_of(named(name))))


_TITLES = {handmade.NAME: handmade.TITLE, article.NAME: article.TITLE}


def _listing() -> NetworkRow:
    """As printed: all its blocks are stored, a picture gets through the first of them."""
    cost = article.counted().cost
    return NetworkRow(
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


def _hand_made() -> NetworkRow:
    parameters = (handmade.FEATURES + 1) * 1000
    megabytes = parameters * FP32_BYTES / 1e6
    return NetworkRow(
        handmade.NAME, handmade.TITLE, parameters, megabytes, None, None, None, None, handmade.SOURCE
    )
