"""What if? The network's answer with some channels switched off (ablation)."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from squeeze_core.classifier import Prediction
from squeeze_core.errors import UserError
from squeeze_core.images import Picture
from squeeze_core.inside.trace import (
    BRANCHES,
    CHANNELS,
    Extractor,
    Unit,
    get_extractor,
    softmax,
    with_extractor,
)
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.engine import Engine

Off = frozenset[Unit]
NOTHING: Off = frozenset()
# How many of the least useful channels a curve of their cost leaves out, from none to all.
COUNTS = (0, 50, 100, 200, 400, 600, 800, 1000, 1250, 1500, 1750, 2000, 2250, 2500, 2700, CHANNELS)


class AblationError(UserError):
    """There is no such channel; the message is one sentence for people."""


@dataclass(frozen=True)
class Ablation:
    """The answers before and after the channels of `off` were switched off.

    `logits_before`, `logits_after`: float32 [classes], read-only.
    """

    off: Off
    logits_before: np.ndarray
    logits_after: np.ndarray
    labels: tuple[str, ...]

    @property
    def before(self) -> np.ndarray:
        """Probabilities of the whole network, float32 [classes]."""
        return softmax(self.logits_before)

    @property
    def after(self) -> np.ndarray:
        """Probabilities without those channels, float32 [classes]."""
        return softmax(self.logits_after)

    def top(self, k: int = 5) -> tuple[Prediction, ...]:
        """The k most probable classes without those channels, best first."""
        best = np.argsort(-self.logits_after, kind="stable")[:k]
        return tuple(Prediction(self.labels[i], int(i), float(self.after[i])) for i in best)


def channels_of(engine: Engine, module: str, branch: str | None = None) -> Off:
    """Every channel of that branch; without a branch, of the module's two expand branches, which
    are all that it passes on."""
    network = get_extractor(engine).original
    branches = BRANCHES[1:] if branch is None else (branch,)
    return frozenset(
        Unit(module, name, channel)
        for name in branches
        for channel in range(_filters(network, module, name).out_channels)
    )


def ablate(picture: Picture, engine: Engine, off: Iterable[Unit] = NOTHING) -> Ablation:
    """The shipped SqueezeNet's answers for the picture with and without those channels.

    AblationError for a channel that it has not.
    """
    units = frozenset(off)
    return with_extractor(engine, lambda loaded, device: _ablate(picture, units, loaded, device))


def _ablate(picture: Picture, off: Off, loaded: Extractor, device: torch.device) -> Ablation:
    batch = loaded.preprocess([picture.image]).to(device)
    reduced = without(loaded.original, off)
    with torch.inference_mode():
        before = loaded.original(batch)[0].float().cpu().numpy()
        after = reduced(batch)[0].float().cpu().numpy() if off else before
    for logits in (before, after):
        logits.setflags(write=False)
    return Ablation(off, before, after, loaded.labels)


def without(network: SqueezeNet, off: Iterable[Unit]) -> SqueezeNet:
    """A copy whose filters for those channels are zero, so that the channels are zero everywhere.

    A copy, because other sessions are using the network.
    """
    reduced = copy.deepcopy(network)
    with torch.no_grad():
        for unit in off:
            filters = _filters(reduced, unit.module, unit.branch)
            if not 0 <= unit.channel < filters.out_channels:
                last = filters.out_channels - 1
                raise AblationError(
                    f"{unit.module}/{unit.branch} has channels 0 to {last}, not {unit.channel}."
                )
            filters.weight[unit.channel] = 0
            assert filters.bias is not None
            filters.bias[unit.channel] = 0
    return reduced


def _filters(network: SqueezeNet, module: str, branch: str) -> torch.nn.Conv2d:
    if module not in network.fire_names or branch not in BRANCHES:
        raise AblationError(f"There is no branch {module}/{branch}.")
    return getattr(network.layer(module), branch)


@dataclass(frozen=True)
class Contributions:
    """How much each channel feeds one class's logit, to first order: the sum over its map of
    activation × gradient (Molchanov et al., arXiv:1611.06440).

    `of`: (module, branch) → float32 [channels], in logits; positive speaks for the class.
    """

    index: int
    label: str
    logit: float
    of: Mapping[tuple[str, str], np.ndarray]

    def ranked(self) -> list[Unit]:
        """Every channel of the network, the least useful first: smallest absolute contribution."""
        units = [Unit(*place, channel) for place, row in self.of.items() for channel in range(len(row))]
        size = np.abs(np.concatenate(list(self.of.values())))
        return [units[i] for i in np.argsort(size, kind="stable")]


def contributions(picture: Picture, engine: Engine, index: int) -> Contributions:
    """Each channel's contribution to class `index`, from one backward pass."""
    return with_extractor(engine, lambda loaded, device: _contributions(picture, index, loaded, device))


def _contributions(picture: Picture, index: int, loaded: Extractor, device: torch.device) -> Contributions:
    # The parameters want no gradient, so the picture must, for the activations to have one.
    batch = loaded.preprocess([picture.image]).to(device).requires_grad_()
    found = loaded.network(batch)
    logit = found["logits"][0, index]
    places = [(module, branch) for module in loaded.original.fire_names for branch in BRANCHES]
    maps = [found[f"{module}/{branch}"] for module, branch in places]
    gradients = torch.autograd.grad(logit, maps)
    of = {}
    for place, activation, gradient in zip(places, maps, gradients, strict=True):
        row = (activation * gradient)[0].sum((1, 2)).detach().float().cpu().numpy()
        row.setflags(write=False)
        of[place] = row
    return Contributions(index, loaded.labels[index], logit.item(), of)


@dataclass(frozen=True)
class Cost:
    """One class's probability, 0–1, with the `count` least useful channels switched off."""

    count: int
    probability: float
    top_label: str


def cost_of_fewer(
    picture: Picture, engine: Engine, ranked: Sequence[Unit], index: int, counts: Sequence[int]
) -> list[Cost]:
    """What class `index` loses when the first N of `ranked` are switched off, for each N of counts."""
    costs = []
    for count in counts:
        answer = ablate(picture, engine, ranked[:count])
        costs.append(Cost(count, float(answer.after[index]), answer.top(1)[0].label))
    return costs
