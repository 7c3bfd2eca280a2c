"""What if? The network's answer with some channels switched off (ablation)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from squeeze_core.classifier import Prediction
from squeeze_core.errors import UserError
from squeeze_core.images import Picture
from squeeze_core.inside.trace import Unit, look_inside, part_channels, softmax
from squeeze_core.networks.architecture import BRANCHES, Fire, SqueezeNet
from squeeze_core.networks.catalogue import Network
from squeeze_core.networks.engine import Engine

Off = frozenset[Unit]
NOTHING: Off = frozenset()
# How many of the least useful channels a curve of their cost leaves out; the last is all of them.
COUNTS = (0, 50, 100, 200, 400, 600, 800, 1000, 1250, 1500, 1750, 2000, 2250, 2500, 2700)


class AblationError(UserError):
    """There is no such channel; the message is one sentence for people."""


@dataclass(frozen=True)
class Ablation:
    """The answers before and after the channels of `off` were switched off.

    `logits_before`, `logits_after`: float32 [classes], read-only.
    """

    network: Network
    off: Off
    logits_before: np.ndarray
    logits_after: np.ndarray

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
        return tuple(Prediction(self.network.labels[i], int(i), float(self.after[i])) for i in best)


def channels_of(network: Network, module: str, branch: str | None = None) -> Off:
    """Every channel of that branch; without a branch, of the module's two expand branches, which
    are all that it passes on."""
    branches = BRANCHES[1:] if branch is None else (branch,)
    return frozenset(
        Unit(module, name, channel)
        for name in branches
        for channel in range(part_channels(network, module, name))
    )


def ablate(picture: Picture, engine: Engine, network: Network, off: Iterable[Unit] = NOTHING) -> Ablation:
    """That SqueezeNet's answers for the picture with and without those channels.

    AblationError for a channel that it has not.
    """
    units = frozenset(off)
    for unit in units:
        if not 0 <= unit.channel < part_channels(network, unit.module, unit.branch):
            raise AblationError(f"{network.title} has no channel {unit}.")
    return look_inside(
        engine, network, lambda loaded, device: _ablate(picture, units, network, loaded, device)
    )


def _ablate(
    picture: Picture, off: Off, network: Network, loaded: SqueezeNet, device: torch.device
) -> Ablation:
    batch = network.preprocess([picture.image]).to(device)
    with torch.inference_mode():
        before = loaded(batch)[0].float().cpu().numpy()
        kept = factors(network, off, device)
        after = loaded.without(batch, kept)[0].float().cpu().numpy() if off else before
    for logits in (before, after):
        logits.setflags(write=False)
    return Ablation(network, off, before, after)


def factors(network: Network, off: Iterable[Unit], device: torch.device) -> dict[str, Tensor]:
    """What `SqueezeNet.parts` multiplies each branch with to switch those channels off."""
    kept: dict[str, Tensor] = {}
    for module, branch, channel in off:
        ones = torch.ones(part_channels(network, module, branch), 1, 1, device=device)
        kept.setdefault(f"{module}/{branch}", ones)[channel] = 0
    return kept


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


def contributions(picture: Picture, engine: Engine, network: Network, index: int) -> Contributions:
    """Each channel's contribution to class `index`, from one backward pass."""
    return look_inside(
        engine, network, lambda loaded, device: _contributions(picture, index, network, loaded, device)
    )


def _contributions(
    picture: Picture, index: int, network: Network, loaded: SqueezeNet, device: torch.device
) -> Contributions:
    # The parameters want no gradient, so the picture must, for the activations to have one.
    batch = network.preprocess([picture.image]).to(device).requires_grad_()
    found = loaded.parts(batch)
    logit = found["logits"][0, index]
    places = [
        (name, branch)
        for name, fire in zip(loaded.layer_names, loaded.features, strict=True)
        if isinstance(fire, Fire)
        for branch in fire.branches
    ]
    maps = [found[f"{module}/{branch}"] for module, branch in places]
    gradients = torch.autograd.grad(logit, maps)
    of = {}
    for place, activation, gradient in zip(places, maps, gradients, strict=True):
        row = (activation * gradient)[0].sum((1, 2)).detach().float().cpu().numpy()
        row.setflags(write=False)
        of[place] = row
    return Contributions(index, network.labels[index], logit.item(), of)


@dataclass(frozen=True)
class Cost:
    """One class's probability, 0–1, with the `count` least useful channels switched off."""

    count: int
    probability: float
    top_label: str


def cost_of_fewer(
    picture: Picture,
    engine: Engine,
    network: Network,
    ranked: Sequence[Unit],
    index: int,
    counts: Sequence[int] | None = None,
) -> list[Cost]:
    """What class `index` loses when the first N of `ranked` are switched off, for each N of `counts`:
    COUNTS and all of them, where none are given."""
    costs = []
    for count in counts or (*(count for count in COUNTS if count < len(ranked)), len(ranked)):
        answer = ablate(picture, engine, network, ranked[:count])
        costs.append(Cost(count, float(answer.after[index]), answer.top(1)[0].label))
    return costs
