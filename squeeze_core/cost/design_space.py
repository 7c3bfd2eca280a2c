"""The paper's design space (section 5): a choice of metaparameters → the network itself, and its cost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

from squeeze_core.cost.profile import Profile, of_plan
from squeeze_core.cost.published import SQUEEZENET_PAPER, TABLE_3
from squeeze_core.errors import UserError
from squeeze_core.networks.plan import PLANS, Bypass, FireShape, Metaparameters, Plan

Stem = Literal["1.0", "1.1"]
UNTRAINED = "random weights, never trained: right in shape, size and speed, of no use for an answer"


@dataclass(frozen=True)
class PublishedDesign:
    """One network of the paper's design space: its metaparameters, its size in MB as printed, and its top-5
    accuracy in percent."""

    title: str
    megabytes: float
    top5: float
    source: str
    metaparameters: Metaparameters = field(default_factory=Metaparameters)
    bypass: Bypass = "none"


_FIGURE_3 = f"{SQUEEZENET_PAPER}, Figure 3"
DESIGNS = (
    PublishedDesign("SqueezeNet", 4.8, 80.3, _FIGURE_3),
    PublishedDesign("SR 0.75", 19, 86.0, _FIGURE_3, Metaparameters(sr=0.75)),
    PublishedDesign("Simple bypass", 4.8, 82.5, TABLE_3[1].source, bypass="simple"),
    PublishedDesign("Complex bypass", 7.7, 82.0, TABLE_3[2].source, bypass="complex"),
)


class DesignError(UserError):
    """No network has these numbers; the message names the one to change."""


@dataclass(frozen=True)
class Choice:
    """One point of the design space; the defaults are SqueezeNet 1.0, as the paper prints it.

    `stem`: conv1 and where the network pools, of version 1.0 or 1.1. `size`: input height and
    width, pixels.
    """

    metaparameters: Metaparameters = field(default_factory=Metaparameters)
    stem: Stem = "1.0"
    bypass: Bypass = "none"
    size: int = 224
    classes: int = 1000

    def plan(self) -> Plan:
        """The network as data. DesignError when a layer would have no channel."""
        try:
            fires = self.metaparameters.fires()
        except ValueError as error:
            raise DesignError(str(error)) from None
        return replace(PLANS[self.stem], fires=fires, bypass=self.bypass)


@dataclass(frozen=True)
class Module:
    """conv1, one Fire module or conv10: `output` is (channels, height, width)."""

    name: str
    shape: FireShape | None
    output: tuple[int, ...]
    parameters: dict[str, int]
    macs: int
    bypassed: bool


@dataclass(frozen=True)
class Design:
    """A network: its `modules` in order and their cost, layer by layer, in `cost`."""

    choice: Choice
    modules: tuple[Module, ...]
    cost: Profile


@lru_cache(64)
def design(choice: Choice) -> Design:
    """The network and its cost. DesignError names the number to change."""
    plan = choice.plan()
    smallest = plan.smallest_input
    if choice.size < smallest:
        raise DesignError(
            f"An input of {choice.size} pixels pools to nothing; raise the input size to {smallest} or "
            "more."
        )
    if choice.classes < 1:
        raise DesignError(f"The network would have {choice.classes} classes; raise classes to 1 or more.")
    cost = of_plan(plan, choice.classes, choice.size)
    return Design(choice, _modules(plan, cost), cost)


def _modules(plan: Plan, cost: Profile) -> tuple[Module, ...]:
    """The profile's layers gathered by module; activations and pools carry no weights and are left out."""
    modules = []
    bypassed = {layer.name for layer in plan.layers() if layer.kind == "add"}
    for name in ("conv1", *plan.fire_names, "conv10"):
        layers = [row for row in cost.layers if row.name == name or row.name.startswith(f"{name}.")]
        convolutions = [row for row in layers if row.kind == "Conv2d"]
        parts = {row.name.partition(".")[2] or name: row.parameters for row in convolutions}
        shape = plan.fires[int(name[4:]) - 2] if name.startswith("fire") else None
        channels = shape.output if shape else convolutions[-1].output[0]
        output = (channels, *convolutions[-1].output[1:])
        macs = sum(row.macs for row in layers)
        modules.append(Module(name, shape, output, parts, macs, name in bypassed))
    return tuple(modules)


def complex_bypass_note() -> str:
    """Our complex bypass beside the paper's, with both sizes."""
    paper = TABLE_3[2]
    return (
        "Complex bypass is built as the paper’s Figure 2 draws it, a 1×1 convolution around the four "
        "modules whose channel counts differ (fire2, fire4, fire6, fire8): "
        f"{design(Choice(bypass='complex')).cost.megabytes:.2f} MB. Table 3 of the paper prints "
        f"{paper.megabytes} MB and lists no layers."
    )


def snippet(choice: Choice) -> str:
    """Python source that builds the network; needs this project's squeeze_core on the path."""
    return f'''"""A SqueezeNet variant of {design(choice).cost.parameters:,} parameters.

The weights are random: train the network before it answers anything.
"""

import torch

from squeeze_core.cost.design_space import Choice
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.plan import Metaparameters

choice = {choice!r}
network = SqueezeNet(choice.plan(), choice.classes).eval()

if __name__ == "__main__":
    print(choice.plan())
    print(sum(weight.numel() for weight in network.parameters()), "parameters")
    print(network(torch.zeros(1, 3, choice.size, choice.size)).shape)
'''


def export(choice: Choice) -> bytes:
    """An ONNX file of the network with random weights, the same ones each time, labelled so inside."""
    import torch

    from squeeze_core.networks.architecture import SqueezeNet
    from squeeze_core.networks.torch_network import to_onnx

    design(choice)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = SqueezeNet(choice.plan(), choice.classes).eval()
    model = to_onnx(network, choice.size)
    model.doc_string = UNTRAINED
    return model.SerializeToString()
