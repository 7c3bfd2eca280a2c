"""The networks compared: how each is built, and what its authors published about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
import torchvision
from torch import nn

from squeeze_core.cost import handmade
from squeeze_core.cost.profile import FP32_BYTES, Profile, profile
from squeeze_core.networks import weights
from squeeze_core.networks.architecture import SqueezeNet

# Ours first; then by family, oldest first. All are torchvision's but EfficientNet-Lite0.
NAMES = (
    "squeezenet1_1",
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
    weights.EFFICIENTNET_LITE0,
    *(f"efficientnet_b{number}" for number in range(5)),
    "convnext_tiny",
    "swin_t",
    "vit_b_16",
)
ROW_NAMES = (*NAMES, handmade.NAME)
DEFAULT_NAMES = ("squeezenet1_1", "vgg16", "resnet18", "resnet50")
REFERENCE = "squeezenet1_1"


@dataclass(frozen=True)
class Network:
    """A network and what is published about it.

    `size`: input height and width, pixels. `top1`, `top5`: ImageNet validation accuracy in percent
    and None where not published; `source` says by whom. `published_parameters` and
    `published_gmacs` are torchvision's own metadata, to hold our counts against.
    """

    name: str
    title: str
    size: int
    top1: float | None
    top5: float | None
    source: str
    published_parameters: int | None
    published_gmacs: float | None

    def profile(self) -> Profile:
        """What one picture costs; counted once per process."""
        return _profile(self.name)


@cache
def network(name: str) -> Network:
    """The network of that name, one of NAMES; WeightsError when there is none."""
    if name not in NAMES:
        raise weights.WeightsError(
            f"There is no network named {name!r} to compare; try {', '.join(NAMES)}."
        )
    spelled = weights.title(name)
    if name == weights.EFFICIENTNET_LITE0:
        source = "EfficientNet-Lite README, github.com/tensorflow/tpu (fp32)"
        return Network(name, spelled, 224, 75.1, None, source, None, None)
    published = torchvision.models.get_model_weights(name).DEFAULT
    accuracy = published.meta["_metrics"]["ImageNet-1K"]
    return Network(
        name,
        spelled,
        published.transforms().crop_size[0],
        accuracy["acc@1"],
        accuracy["acc@5"],
        f"torchvision {torchvision.__version__.split('+')[0]}, {published}",
        published.meta["num_params"],
        published.meta["_ops"],
    )


def build(name: str) -> nn.Module:
    """The architecture in eval mode with untrained weights, on the default device."""
    if name in ("squeezenet1_0", "squeezenet1_1"):
        built: nn.Module = SqueezeNet("1.0" if name == "squeezenet1_0" else "1.1")
    elif name == weights.EFFICIENTNET_LITE0:
        from efficientnet_lite_pytorch import EfficientNet

        built = EfficientNet.from_name("efficientnet-lite0")
    elif name == "googlenet":  # published without the two heads that only training uses
        built = torchvision.models.googlenet(aux_logits=False, init_weights=False)
    elif name == "inception_v3":
        built = torchvision.models.inception_v3(init_weights=False)
    else:
        built = torchvision.models.get_model(name)
    return built.eval()


@cache
def _profile(name: str) -> Profile:
    with torch.device("meta"):
        built = build(name)
    size = network(name).size
    if isinstance(built, SqueezeNet):
        return profile(built, size, built.name_of)
    names = _paper_names(built) if name == "alexnet" or name.startswith("vgg") else {}
    return profile(built, size, lambda path: names.get(path, path))


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
    ImageNet, by `source`.
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


def title(name: str) -> str:
    """The name that people read, for a network or the hand-made features."""
    return handmade.TITLE if name == handmade.NAME else weights.title(name)


@cache
def row(name: str) -> Row:
    """The comparison's row of that network or of the hand-made features; WeightsError for another name."""
    if name == handmade.NAME:
        parameters = (handmade.FEATURES + 1) * 1000
        megabytes = parameters * FP32_BYTES / 1e6
        return Row(name, handmade.TITLE, parameters, megabytes, None, None, None, None, handmade.SOURCE)
    known = network(name)
    cost = known.profile()
    return Row(
        name,
        known.title,
        cost.parameters,
        cost.megabytes,
        cost.gmacs,
        cost.activation_megabytes,
        known.top1,
        known.top5,
        known.source,
    )
