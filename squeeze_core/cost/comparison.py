"""The networks compared, one row each: what they cost, counted, and how accurate they are, published and
measured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from squeeze_core.accuracy import Interval
from squeeze_core.colours import NEUTRAL
from squeeze_core.cost import handmade
from squeeze_core.cost.profile import Profile, of_plan, recorded
from squeeze_core.cost.published import MCUNET, MCUNET_GMACS, MCUNET_PARAMETERS, TABLE_2
from squeeze_core.cost.units import FP32_BYTES
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
ROW_NAMES = (*NAMES, handmade.NAME)
COMPRESSED = tuple(network.name for network in compressed_of(DEFAULT))
DEFAULT_NAMES = ("squeezenet1_1", "vgg16", "resnet18", "resnet50")
REFERENCE = DEFAULT.name


@lru_cache(maxsize=256)
def profile_of(network: Network) -> Profile:
    """The cost of one picture at the network's own input size."""
    if network.plan:
        return of_plan(network.plan, len(network.labels), network.preprocess.size)
    return recorded(network.name)


@dataclass(frozen=True)
class NetworkRow:
    """One row of the comparison; None where a figure is neither published nor counted.

    `gmacs`: 10^9 multiply-accumulates a picture. `activation_megabytes`: most fp32 intermediate results
    alive at once. `top1`, `top5`: percent on ImageNet as published, by `source`; `note` belongs beside
    them. `network`: the record behind the row; None for the hand-made features.
    `stored_bytes`: of a file whose size is not that of fp32 parameters, a compressed network's and
    a user's; None for the others. `measured`: accuracy on pictures of ours.
    """

    name: str
    title: str
    parameters: int
    source: str
    gmacs: float | None = None
    activation_megabytes: float | None = None
    top1: float | None = None
    top5: float | None = None
    note: str = ""
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
    def megabytes(self) -> float:
        """To store, 10^6 bytes: fp32 parameters, or the file of a compressed network and of a user's."""
        return self.float32_megabytes if self.stored_bytes is None else self.stored_bytes / 1e6

    @property
    def file_bytes(self) -> int | None:
        """Of the weights' file; None while it is not on this machine."""
        return self.network.weights.bytes() if self.network else None

    @property
    def comparable(self) -> bool:
        """True where it names the classes of SqueezeNet 1.1, so that a ratio of sizes says something."""
        return self.network is None or self.network.labels == DEFAULT.labels

    @property
    def expected_top1(self) -> float:
        """For the order, and the height in a chart: the published accuracy, of a compressed file with the
        points that it was measured to lose; 0 where neither is known."""
        if self.top1 is not None:
            return self.top1
        if self.difference is None or self.network is None:
            return 0.0
        return (CATALOGUE[self.network.compressed].published.top1 or 0) + self.difference.value

    @property
    def difference(self) -> Interval | None:
        """Points of top-1 that compression changed; None where it is no compressed file."""
        return self.measured.difference if self.measured else None

    @property
    def accuracy(self) -> str:
        """Its accuracy in a few words, with what kind of figure that is."""
        if self.top1 is not None:
            return f"{self.top1:.1f} % top-1 as published"
        if self.difference is None:
            return "no published ImageNet accuracy"
        return f"{self.difference.points()} of top-1 against its uncompressed weights on the same pictures"

    def profile(self) -> Profile:
        """Layer by layer; of a network only."""
        assert self.network is not None, f"{self.title} is no network."
        return profile_of(self.network)


def title(name: str) -> str:
    """The name that people read, for a network or the hand-made features; of a file, its own."""
    if name == handmade.NAME:
        return handmade.TITLE
    return CATALOGUE[name].title if name in CATALOGUE else name


def row(network: Network | str) -> NetworkRow:
    """The comparison's row of that network, or of the hand-made features by their name; WeightsError for
    another name."""
    if network == handmade.NAME:
        parameters = (handmade.study()["hog"]["features"] + 1) * 1000
        return NetworkRow(handmade.NAME, handmade.TITLE, parameters, handmade.SOURCE)
    known = named(network) if isinstance(network, str) else network
    cost, published = profile_of(known), known.published
    return NetworkRow(
        known.name,
        known.title,
        cost.parameters,
        published.source,
        cost.macs / 1e9,
        cost.activation_bytes / 1e6,
        published.top1,
        published.top5,
        published.note,
        known,
        known.weights.bytes() if known.own or known.compressed else None,
        known.measured,
    )


def compressed_rows() -> tuple[NetworkRow, ...]:
    """SqueezeNet's shipped files in fewer bytes, the smallest first."""
    return tuple(map(row, COMPRESSED))


def headline() -> tuple[NetworkRow, NetworkRow, NetworkRow]:
    """AlexNet, SqueezeNet and its smallest file: the three sizes that every place states."""
    return row("alexnet"), row(REFERENCE), compressed_rows()[0]


def below_a_megabyte() -> tuple[NetworkRow, ...]:
    """Our smallest file, and what others published of files of less than 1 MB."""
    paper = row("squeezenet1_0")
    sizes = [(one, paper.parameters, paper.gmacs) for one in TABLE_2[-2:]]
    sizes.append((MCUNET, MCUNET_PARAMETERS, MCUNET_GMACS))
    return (
        *compressed_rows()[:1],
        *(
            NetworkRow(
                one.title,
                f"{one.title} (published)",
                parameters,
                one.source,
                gmacs,
                top1=one.top1,
                top5=one.top5,
                stored_bytes=round(1e6 * (one.megabytes or 0)),
            )
            for one, parameters, gmacs in sizes
        ),
    )
