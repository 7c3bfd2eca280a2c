"""Sensitivity of the answers to noise in one layer's weights."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.progress import Progress, ignore

Curvature = dict[str, float]
_NOISE = 0.1  # of a layer's standard deviation
_STUDIED = 16  # pictures that the curvature is measured on, once for each layer


@dataclass
class Study:
    """The network that is compressed, and preprocessed pictures `inputs` [N, 3, S, S].

    `tick` receives the share of the present stage that is done; it raises to stop the work.
    """

    network: nn.Module
    inputs: Tensor
    tick: Progress = ignore

    @cached_property
    def curvature(self) -> Curvature:
        """See `curvature`; measured when it is first read, of a SqueezeNet alone."""
        assert isinstance(self.network, SqueezeNet)
        places = torch.linspace(0, len(self.inputs) - 1, min(_STUDIED, len(self.inputs))).long()
        return curvature(self.network, self.inputs[places], lambda share: self.tick(0.5 * share))


def divergence(want: np.ndarray, got: np.ndarray) -> float:
    """Mean Kullback-Leibler divergence in nats of the answers `got` from `want`: logits [N, classes]."""
    p, q = (log_probabilities(logits) for logits in (want, got))
    return max(0.0, float((np.exp(p) * (p - q)).sum(1).mean()))


def log_probabilities(logits: np.ndarray) -> np.ndarray:
    """Natural logarithms of the softmax of logits [N, classes], float64."""
    shifted = logits.astype(np.float64) - logits.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


@torch.no_grad()
def curvature(network: SqueezeNet, inputs: Tensor, progress: Progress = ignore) -> Curvature:
    """Weight name → divergence of the answers per squared change of the layer's weights.

    `inputs`: preprocessed pictures [N, 3, S, S]. Measured with seeded noise of a tenth of the layer's
    standard deviation: half the trace of the loss's curvature over the number of weights.
    """
    generator = torch.Generator().manual_seed(0)
    network, found = copy.deepcopy(network), {}
    layers, names = network.layers(), {module: name for name, module in network.named_modules()}
    inputs = inputs.contiguous(memory_format=torch.channels_last)
    before = {"pictures": inputs} | network.parts(inputs)
    for place, layer in enumerate(layers):
        if isinstance(layer.function, nn.Conv2d):
            weight = layer.function.weight
            noise = torch.randn(weight.shape, generator=generator) * weight.std() * _NOISE
            kept = weight.clone()
            weight += noise
            after = dict(before)  # the layers before this one answer as they did
            for later in layers[place:]:
                after[later.name] = later(*(after[source] for source in later.inputs))
            weight.copy_(kept)
            moved = divergence(before["logits"].numpy(), after["logits"].numpy())
            found[f"{names[layer.function]}.weight"] = moved / (noise.square().sum().item() + 1e-30)
        progress((place + 1) / len(layers))
    smallest = max(max(found.values()) * 1e-6, 1e-30)  # a layer without effect still needs a step
    return {name: max(value, smallest) for name, value in found.items()}
