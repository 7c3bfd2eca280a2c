"""Sensitivity of the answers to noise or pruning in one layer's weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor, nn

Progress = Callable[[float], None]  # told the share that is done; raises to stop the work
Curvature = dict[str, float]
_NOISE = 0.1  # of a layer's standard deviation
_STUDIED = 16  # pictures that tell the layers' curvature: each is answered once for each layer


def _quiet(share: float) -> None:
    pass


@dataclass
class Study:
    """The network that is compressed, for the stages to study; `inputs` [N, 3, S, S] as it takes them.

    `tick` is told the share of the present stage that is done; it raises to stop the work.
    """

    network: nn.Module
    inputs: Tensor
    tick: Progress = field(default=_quiet)

    @cached_property
    def curvature(self) -> Curvature:
        """See `curvature`; measured when it is first asked for."""
        few = self.inputs[:_STUDIED]
        return curvature(self.network, few, lambda share: self.tick(0.5 * share))


def weight_names(network: nn.Module) -> tuple[str, ...]:
    """The convolutions' weights, in the network's order."""
    return tuple(name for name, parameter in network.named_parameters() if parameter.ndim == 4)


def divergence(want: Tensor, got: Tensor) -> float:
    """Mean Kullback-Leibler divergence of answers (logits [N, classes]) from those wanted, in nats."""
    p, q = want.log_softmax(1), got.log_softmax(1)
    return max(0.0, (p.exp() * (p - q)).sum(1).mean().item())


@torch.no_grad()
def curvature(network: nn.Module, inputs: Tensor, progress: Progress = _quiet) -> Curvature:
    """Weight name → divergence of the answers per squared change of the layer's weights.

    `inputs`: [N, 3, S, S] as the network takes them. Measured with seeded noise of a tenth of the
    layer's standard deviation: half the trace of the loss's curvature over the number of weights.
    """
    generator = torch.Generator().manual_seed(0)
    want = network(inputs)
    found = {}
    names = weight_names(network)
    for done, name in enumerate(names, start=1):
        weight = network.get_parameter(name)
        noise = torch.randn(weight.shape, generator=generator).to(weight.device) * weight.std() * _NOISE
        found[name] = divergence(want, _changed(network, name, weight + noise)(inputs)) / (
            noise.square().sum().item() + 1e-30
        )
        progress(done / len(names))
    smallest = max(max(found.values()) * 1e-6, 1e-30)  # a layer that does not matter still has a step
    return {name: max(value, smallest) for name, value in found.items()}


@dataclass(frozen=True)
class PruningCurve:
    """One layer alone, pruned by magnitude: at each sparsity, how far the answers move (nats)."""

    name: str
    sparsities: tuple[float, ...]
    divergences: tuple[float, ...]


@torch.no_grad()
def pruning_curves(
    network: nn.Module,
    inputs: Tensor,
    sparsities: tuple[float, ...] = (0.3, 0.5, 0.7, 0.9),
    progress: Progress = _quiet,
) -> tuple[PruningCurve, ...]:
    """A curve for each layer (Han et al., arXiv:1506.02626, figure 6, measured without labels)."""
    want = network(inputs)
    names = weight_names(network)
    curves = []
    for done, name in enumerate(names, start=1):
        weight = network.get_parameter(name)
        moved = []
        for sparsity in sparsities:
            size = weight.abs()
            pruned = weight * (size > torch.quantile(size.flatten(), sparsity))
            moved.append(divergence(want, _changed(network, name, pruned)(inputs)))
        curves.append(PruningCurve(name, sparsities, tuple(moved)))
        progress(done / len(names))
    return tuple(curves)


def _changed(network: nn.Module, name: str, weight: Tensor) -> Callable[[Tensor], Tensor]:
    """The network with one other weight; itself it stays as it is."""

    def forward(inputs: Tensor) -> Tensor:
        return torch.func.functional_call(network, {name: weight}, (inputs,))

    return forward
