"""Ablation (the network's answer with some channels disabled) and channel attribution."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from squeeze_core.classifier import softmax
from squeeze_core.errors import UserError
from squeeze_core.images import Picture
from squeeze_core.inside.trace import Unit, differentiable_parts, part_channels, plan_of
from squeeze_core.networks.catalogue import Network
from squeeze_core.networks.engine import Engine, Runner
from squeeze_core.networks.plan import BRANCHES, Plan

if TYPE_CHECKING:
    from torch import Tensor

    from squeeze_core.networks.architecture import Parts

# Channels as a set: hashable, so that results can be cached by them.
Units = frozenset[Unit]


@dataclass(frozen=True)
class Ablation:
    """The answers with all channels and without those of `disabled`; logits are float32 [classes]."""

    network: Network
    disabled: Units
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


def channels_of(network: Network, module: str, branch: str | None = None) -> Units:
    """Every channel of that branch; without a branch, of both expands, which are the module's output."""
    branches = BRANCHES[1:] if branch is None else (branch,)
    return frozenset(
        Unit(module, name, channel)
        for name in branches
        for channel in range(part_channels(network, module, name))
    )


def ablate(picture: Picture, engine: Engine, network: Network, disabled: Iterable[Unit]) -> Ablation:
    """That SqueezeNet's answers for the picture with and without those channels.

    UserError for a channel that it does not have.
    """
    units = frozenset(disabled)
    for unit in units:
        if not 0 <= unit.channel < part_channels(network, unit.module, unit.branch):
            raise UserError(f"{network.title} has no channel {unit}.")

    mask = channel_mask(plan_of(network), units)

    def work(loaded: Runner) -> Ablation:
        batch = network.preprocess([picture.image])
        (before,) = loaded(batch)
        after = loaded(batch, mask)[0] if units else before
        for logits in (before, after):
            logits.setflags(write=False)
        return Ablation(network, units, before, after)

    return engine.work(network, work)


def channel_mask(plan: Plan, disabled: Iterable[Unit]) -> dict[str, np.ndarray]:
    """The `channel_mask` that disables those channels of a network of that plan: part → factors, float32
    [channels, 1, 1]."""
    mask: dict[str, np.ndarray] = {}
    for module, branch, channel in disabled:
        part = f"{module}/{branch}"
        mask.setdefault(part, np.ones((plan.channels[part], 1, 1), np.float32))[channel] = 0
    return mask


@dataclass(frozen=True)
class Contributions:
    """Channel attribution: each channel's contribution to a class's logit, or to a box's evidence, to first
    order: the sum over its map of activation × gradient (Molchanov et al., arXiv:1611.06440).

    `of`: (module, branch) → float32 [channels], in logits. `label`: the class. `total`: the logit, or the
    evidence, that is explained.
    """

    label: str
    total: float
    of: Mapping[tuple[str, str], np.ndarray]

    def ranked(self) -> list[Unit]:
        """Every channel of the network, the least useful first: smallest absolute contribution."""
        units = [Unit(*place, channel) for place, row in self.of.items() for channel in range(len(row))]
        size = np.abs(np.concatenate(list(self.of.values())))
        return [units[i] for i in np.argsort(size, kind="stable")]

    def strongest(self, count: int) -> list[tuple[Unit, float]]:
        """The channels of SqueezeNet's own Fire modules that contribute most, the largest first."""
        every = [
            (Unit(module, branch, channel), float(value))
            for (module, branch), row in self.of.items()
            if module.startswith("fire")
            for channel, value in enumerate(row)
        ]
        return sorted(every, key=lambda one: -one[1])[:count]


def contributions(picture: Picture, engine: Engine, network: Network, index: int) -> Contributions:
    """Each channel's contribution to class `index`, from one backward pass."""

    def work(loaded: Runner) -> Contributions:
        parts = differentiable_parts(loaded, network.preprocess([picture.image]))
        return contributions_of(parts, parts["logits"][0, index], network.labels[index])

    plan_of(network)
    return engine.work(network, work)


def contributions_of(parts: Parts, total: Tensor, label: str) -> Contributions:
    """Each channel's contribution to `total`, a scalar computed from those parts.

    A module that runs once a level, such as "class_tower.p8", is listed once, summed over the levels.
    """
    import torch

    names = [name for name in parts if name.rpartition("/")[2] in BRANCHES]
    gradients = torch.autograd.grad(total, [parts[name] for name in names], materialize_grads=True)
    of: dict[tuple[str, str], np.ndarray] = {}
    for name, gradient in zip(names, gradients, strict=True):
        module, _, branch = name.partition("/")
        place = re.sub(r"\.p\d+", "", module), branch
        row = (parts[name] * gradient).sum((0, 2, 3)).detach().float().cpu().numpy()
        of[place] = of[place] + row if place in of else row
    for row in of.values():
        row.setflags(write=False)
    return Contributions(label, total.item(), of)
