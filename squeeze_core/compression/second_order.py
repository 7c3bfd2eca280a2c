"""Quantisation with error compensation: the weights not yet quantised compensate for each rounding error.

Optimal Brain Compression (Frantar and Alistarh, arXiv:2208.11580, section 5) in the order and the blocks of
GPTQ (Frantar et al., arXiv:2210.17323, section 4). Three things are added here:

- A layer's inputs are those of the network as it is compressed so far. Its weights are first fitted by
  least squares to give the full network's outputs from them.
- A weight takes the level with the least distortion + λ × bits, bits being what the range coder needs.
- A layer's distortion is scaled by the answers' sensitivity to noise in it, so one λ serves all layers.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from squeeze_core.compression.rate import LARGEST, code_lengths
from squeeze_core.compression.sensitivity import Progress
from squeeze_core.networks.architecture import BoundLayer, SqueezeNet
from squeeze_core.networks.plan import last_reads

_DAMPING = 0.02  # of the inputs' mean square, added to it: few pictures say little about rare inputs
_BLOCK = 32  # columns whose errors are passed on to the columns after them together
_ROUNDS = 2  # the first finds the levels that the bits are counted from
_POSITIONS = 64  # of a picture's outputs, drawn at random
_BATCH = 25  # pictures that a layer computes at a time


@dataclass(frozen=True)
class QuantisedLayer:
    """One convolution: weights `levels` int32 [O, I, k, k] × `step`, and `bias` float32 [O]."""

    levels: np.ndarray
    step: float
    bias: np.ndarray


@torch.no_grad()
def quantise(
    network: SqueezeNet,
    inputs: Tensor,
    curvature: dict[str, float],
    rd_weight: float,
    progress: Progress,
) -> dict[str, QuantisedLayer]:
    """Weight name → the quantised convolution, in the order in which the network runs.

    `inputs`: calibration pictures [N, 3, S, S]. `curvature`: see `sensitivity.curvature`. `rd_weight`: λ,
    the rate-distortion weight, in nats of divergence a bit. `progress` receives the share done, 0–1.
    """
    student = copy.deepcopy(network)
    names = {module: f"{name}.weight" for name, module in network.named_modules()}
    layers = network.layers()
    freed = last_reads([bound.layer for bound in layers])
    count = sum(isinstance(layer.function, nn.Conv2d) for layer in layers)
    quantised: dict[str, QuantisedLayer] = {}
    # The layers' outputs so far, of the full network and of the compressed one.
    full_outputs, outputs = {"pictures": inputs}, {"pictures": inputs}
    for full, own in zip(layers, student.layers(), strict=True):
        wanted, given = ([found[name] for name in full.inputs] for found in (full_outputs, outputs))
        if isinstance(full.function, nn.Conv2d) and isinstance(own.function, nn.Conv2d):
            name = names[full.function]
            quantised[name] = _quantise_layer(
                full.function, own.function, wanted[0], given[0], curvature[name], rd_weight
            )
            progress(len(quantised) / count)
        full_outputs[full.name], outputs[own.name] = _in_batches(full, wanted), _in_batches(own, given)
        for name in freed[full.name]:
            del full_outputs[name], outputs[name]
    return quantised


def _in_batches(layer: BoundLayer, inputs: list[Tensor]) -> Tensor:
    batches = zip(*(x.split(_BATCH) for x in inputs), strict=True)
    return torch.cat([layer(*batch) for batch in batches])


def _quantise_layer(
    full: nn.Conv2d, own: nn.Conv2d, wanted: Tensor, given: Tensor, curvature: float, rd_weight: float
) -> QuantisedLayer:
    """Quantise one convolution, and set the weights and bias of `own` to the result.

    `wanted`, `given`: inputs of the full network's convolution and of the compressed one's, [N, C, H, W].
    """
    shape = full.weight.shape
    weight = full.weight.flatten(1).double()
    wanted_patches, patches = _samples(full, wanted, given)
    wanted_mean, mean = wanted_patches.mean(0), patches.mean(0)
    wanted_patches, patches = wanted_patches - wanted_mean, patches - mean
    # The inputs' covariance is half the Hessian of the layer's squared error (GPTQ, section 3).
    hessian = (patches.T @ patches).double() / len(patches)
    damping = _DAMPING * hessian.diagonal().mean().clamp(min=1e-12)
    hessian += damping * torch.eye(len(hessian), dtype=torch.float64)
    # Least squares: the weights that give the full network's outputs from the compressed one's inputs.
    missing = weight @ ((wanted_patches - patches).T @ patches).double() / len(patches)
    target = (weight + torch.linalg.solve(hessian, missing.T).T).numpy()
    factor = torch.linalg.cholesky(torch.linalg.inv(hessian), upper=True).numpy()
    # The loss of a squared error in each input's weight, once the weights after it compensate for it.
    loss = curvature / hessian.diagonal().mean().item() / np.square(np.diag(factor))
    step = math.sqrt(6 * rd_weight / (math.log(2) * math.exp(np.log(loss).mean())))
    step = min(step, 2 * float(target.std()) + 1e-12)
    step = max(step, float(np.abs(target).max()) / LARGEST, 1e-12)
    levels = choose_levels(target / step, factor, loss * step**2, rd_weight, math.prod(shape[2:]))
    own.weight.copy_(torch.from_numpy(levels * step).view(shape))
    bias = torch.zeros(shape[0]) if full.bias is None else full.bias
    assert own.bias is not None
    own.bias.copy_(bias + weight.float() @ wanted_mean - own.weight.flatten(1) @ mean)
    return QuantisedLayer(levels.astype(np.int32).reshape(shape), step, own.bias.numpy().copy())


def choose_levels(
    target: np.ndarray, factor: np.ndarray, loss: np.ndarray, rd_weight: float, area: int
) -> np.ndarray:
    """Levels, whole numbers float64 [O, I·area], for the weights `target` in steps, same shape.

    Column by column (one input of all output channels at a time), as GPTQ's algorithm 1. `factor`: the
    upper Cholesky factor of the inverse Hessian. `loss`: [I·area], of an error of one step. `area`: k·k.
    """
    rows, columns = target.shape
    levels = np.sign(target) * np.floor(np.abs(target) + 0.35)
    for _ in range(_ROUNDS):
        lengths = code_lengths(levels.reshape(rows, -1, area))
        bit_cost, context = rd_weight * lengths.bits, lengths.context.reshape(rows, columns)
        left = target.copy()
        levels = np.zeros_like(target)
        for start in range(0, columns, _BLOCK):
            end = min(start + _BLOCK, columns)
            errors = np.zeros((rows, end - start))
            for j in range(start, end):
                nearest = np.clip(np.rint(left[:, j]), -LARGEST, LARGEST)
                options = np.stack([nearest, nearest - np.sign(nearest), np.zeros_like(nearest)])
                cost = loss[j] * np.square(left[:, j] - options)
                cost += bit_cost[context[:, j], options.astype(np.int64) + LARGEST]
                levels[:, j] = np.take_along_axis(options, cost.argmin(0)[None], 0)[0]
                errors[:, j - start] = (left[:, j] - levels[:, j]) / factor[j, j]
                left[:, j:end] -= errors[:, j - start, None] * factor[j, j:end]
            left[:, end:] -= errors @ factor[start:end, end:]
    return levels


def _samples(conv: nn.Conv2d, wanted: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
    """The inputs [S, I·k·k] of both networks behind some outputs of each picture, drawn at random."""
    kernel, stride, padding = conv.kernel_size[0], conv.stride[0], int(conv.padding[0])
    height, width = ((side + 2 * padding - kernel) // stride + 1 for side in given.shape[2:])
    drawn = torch.rand((len(given), height * width), generator=torch.Generator().manual_seed(0))
    positions = drawn.topk(min(_POSITIONS, height * width), 1).indices
    return _patches(conv, wanted, positions), _patches(conv, given, positions)


def _patches(conv: nn.Conv2d, x: Tensor, positions: Tensor) -> Tensor:
    """The inputs of a convolution at its flat output positions [N, P]: float [N·P, C·k·k]."""
    kernel, stride, padding = conv.kernel_size[0], conv.stride[0], int(conv.padding[0])
    x = F.pad(x, (padding,) * 4).permute(0, 2, 3, 1)  # type: ignore[arg-type]
    width = (x.shape[2] - kernel) // stride + 1
    top, left = positions // width * stride, positions % width * stride
    picture = torch.arange(len(x))[:, None]
    seen = [x[picture, top + dy, left + dx] for dy in range(kernel) for dx in range(kernel)]
    return torch.stack(seen, 3).flatten(2).flatten(0, 1)
