"""Quantisation with error compensation: the weights not yet quantised compensate for each rounding error.

Optimal Brain Compression (Frantar and Alistarh, arXiv:2208.11580, section 5) in the order and the blocks of
GPTQ (Frantar et al., arXiv:2210.17323, section 4). Four things are added here:

- A layer's inputs are those of the network as it is compressed so far. Its weights are first fitted by
  least squares to give the full network's outputs from them.
- A weight takes the level with the least distortion + λ × bits, bits being what the range coder needs.
- Then each level is chosen again, twice, with all others as they are.
- A layer's distortion is scaled by the answers' sensitivity to noise in it, so one λ serves all layers.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from squeeze_core.compression.rate import LARGEST, code_lengths
from squeeze_core.networks.architecture import BoundLayer, SqueezeNet
from squeeze_core.progress import Progress

_DAMPING = 0.02  # of the inputs' mean square, added to it: few pictures say little about rare inputs
_BLOCK = 32  # columns whose errors are passed on to the columns after them together
_ROUNDS = 2  # the first finds the levels that the bits are counted from
_SWEEPS = 2  # over the levels once they are chosen
_POSITIONS = 64  # of a picture's outputs, drawn at random
_BATCH = 16  # pictures that a layer computes at a time


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
    full, own = _Outputs(network, inputs), _Outputs(copy.deepcopy(network), inputs)
    names = {module: f"{name}.weight" for name, module in network.named_modules()}
    needed = full.last_needed()
    count = sum(isinstance(layer.function, nn.Conv2d) for layer in full.layers.values())
    quantised: dict[str, QuantisedLayer] = {}

    def tick(share: float) -> None:
        progress((len(quantised) + share) / count)

    for name, layer in full.layers.items():
        if isinstance(layer.function, nn.Conv2d):
            conv, weight = own.layers[name].function, names[layer.function]
            assert isinstance(conv, nn.Conv2d)
            moments = _moments(layer, full, own, tick)
            quantised[weight] = _quantise_layer(layer.function, conv, moments, curvature[weight], rd_weight)
            tick(0.0)
        if _is_kept(layer):
            own.keep(name)
            if name not in full.kept:
                full.keep(name)
        for gone in needed[name]:
            del full.kept[gone], own.kept[gone]
    return quantised


def _is_kept(layer: BoundLayer) -> bool:
    """True for outputs that are small, or that a chain of bypasses would compute again and again."""
    return layer.layer.branch == "squeeze" or layer.layer.kind == "add"


class _Outputs:
    """A network's outputs for the calibration pictures: some are kept, the rest computed from those for a
    batch at a time. All of 1,000 pictures at once would take 10 GB."""

    def __init__(self, network: SqueezeNet, pictures: Tensor) -> None:
        self.layers = {layer.name: layer for layer in network.layers()}
        self.kept, self.block = {"pictures": pictures}, pictures
        count = len(pictures)
        self.batches = [slice(k, min(k + _BATCH, count)) for k in range(0, count, _BATCH)]

    def of(self, name: str, batch: slice) -> Tensor:
        """The output of the layer of that name for the pictures of that batch."""
        if name in self.kept:
            return self.kept[name][batch].contiguous(memory_format=torch.channels_last)
        layer = self.layers[name]
        return layer(*(self.of(source, batch) for source in layer.inputs))

    def keep(self, name: str) -> None:
        """Keep that layer's output for all pictures."""
        for batch in self.batches:
            self.put(name, batch, self.of(name, batch))

    def put(self, name: str, batch: slice, output: Tensor) -> None:
        """Keep a layer's output for one batch after another, in one block: many small ones among what is
        computed and freed would take three times the memory."""
        if batch == self.batches[0]:
            shape = (self.batches[-1].stop, *output.shape[1:])
            self.block = torch.empty(shape, memory_format=torch.channels_last)
        self.block[batch] = output
        if batch == self.batches[-1]:
            self.kept[name] = self.block

    def last_needed(self) -> dict[str, list[str]]:
        """Layer name → the kept outputs that nothing after that layer is computed from."""
        sources: dict[str, set[str]] = {"pictures": {"pictures"}}
        last: dict[str, str] = {}
        for name, layer in self.layers.items():
            reached = set().union(*(sources[source] for source in layer.inputs))
            last |= dict.fromkeys(reached, name)
            sources[name] = {name} if _is_kept(layer) else reached
        return {name: [kept for kept, at in last.items() if at == name] for name in self.layers}


class Moments(NamedTuple):
    """Of the inputs behind some outputs of a convolution, [I·k·k]: `wanted` those of the full network,
    `given` those of the compressed one. Means, `hessian` E[given givenᵀ] and `missing`
    E[(wanted − given) givenᵀ], both of centred inputs; float64."""

    wanted_mean: Tensor
    mean: Tensor
    hessian: Tensor
    missing: Tensor


def _moments(layer: BoundLayer, full: _Outputs, own: _Outputs, tick: Progress) -> Moments:
    """The moments of what a convolution of the full network reads, in both networks.

    Its own output is kept where it is needed later: to compute its inputs again would take longer.
    """
    conv = layer.function
    assert isinstance(conv, nn.Conv2d)
    generator = torch.Generator().manual_seed(0)
    count, origin, sums, products = 0, torch.zeros(0), torch.zeros(0), torch.zeros(0)
    for number, batch in enumerate(own.batches, 1):
        wanted, given = (network.of(layer.inputs[0], batch) for network in (full, own))
        if _is_kept(layer):
            full.put(layer.name, batch, layer(wanted))
        positions = _positions(conv, given, generator)
        wanted, given = _patches(conv, wanted, positions), _patches(conv, given, positions)
        if not count:  # near the mean, so that float32 products keep their digits
            origin = given.mean(0)
            sums = torch.zeros((2, len(origin)), dtype=torch.float64)
            products = torch.zeros((2, len(origin), len(origin)), dtype=torch.float64)
        wanted, given = wanted - origin, given - origin
        count += len(given)
        sums += torch.stack([wanted, given]).sum(1, dtype=torch.float64)
        products += torch.stack([given.T @ given, (wanted - given).T @ given])
        tick(0.5 * number / len(own.batches))
    wanted_mean, mean = sums / count
    hessian, missing = products / count
    hessian -= torch.outer(mean, mean)
    missing -= torch.outer(wanted_mean - mean, mean)
    # From position by position of the kernel to input by input, as weights lie.
    order = torch.arange(len(mean)).view(math.prod(conv.kernel_size), -1).T.flatten()
    wanted_mean, mean = (wanted_mean + origin)[order], (mean + origin)[order]
    return Moments(wanted_mean, mean, hessian[order][:, order], missing[order][:, order])


def _quantise_layer(
    full: nn.Conv2d, own: nn.Conv2d, moments: Moments, curvature: float, rd_weight: float
) -> QuantisedLayer:
    """Quantise one convolution, and set the weights and bias of `own` to the result."""
    shape = full.weight.shape
    weight = full.weight.flatten(1).double()
    # The inputs' covariance is half the Hessian of the layer's squared error (GPTQ, section 3).
    hessian = moments.hessian
    # Inputs that never change have a covariance of rounding errors alone, which must not be divided by.
    noise = 1e-6 * (hessian.diagonal() + moments.mean.square()).mean() + 1e-12
    damping = _DAMPING * hessian.diagonal().mean().maximum(noise)
    hessian = hessian + damping * torch.eye(len(hessian), dtype=torch.float64)
    # Least squares: the weights that give the full network's outputs from the compressed one's inputs.
    target = (weight + torch.linalg.solve(hessian, moments.missing.T @ weight.T).T).numpy()
    factor = torch.linalg.cholesky(torch.linalg.inv(hessian), upper=True).numpy()
    # The loss of a squared error in each input's weight, once the weights after it compensate for it.
    loss = curvature / hessian.diagonal().mean().item() / np.square(np.diag(factor))
    step = math.sqrt(6 * rd_weight / (math.log(2) * math.exp(np.log(loss).mean())))
    step = min(step, 2 * float(target.std()) + 1e-12)
    step = max(step, float(np.abs(target).max()) / LARGEST, 1e-12)
    area = math.prod(shape[2:])
    levels = choose_levels(target / step, factor, loss * step**2, rd_weight, area)
    scaled = (curvature * step**2 / hessian.diagonal().mean()) * hessian
    levels = refined(levels, target / step, scaled.numpy(), rd_weight, area)
    own.weight.copy_(torch.from_numpy(levels * step).view(shape))
    bias = torch.zeros(shape[0]) if full.bias is None else full.bias
    assert own.bias is not None
    rounded = own.weight.flatten(1).double()
    own.bias.copy_(bias + weight @ moments.wanted_mean - rounded @ moments.mean)
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
                levels[:, j] = _cheapest(left[:, j], loss[j], bit_cost, context[:, j])
                errors[:, j - start] = (left[:, j] - levels[:, j]) / factor[j, j]
                left[:, j:end] -= errors[:, j - start, None] * factor[j, j:end]
            left[:, end:] -= errors @ factor[start:end, end:]
    return levels


def refined(
    levels: np.ndarray, target: np.ndarray, hessian: np.ndarray, rd_weight: float, area: int
) -> np.ndarray:
    """The levels after each was chosen again, all others as they are: coordinate descent.

    `hessian`: [I·area, I·area], of errors in steps, in nats; else as `choose_levels`.
    """
    rows, columns = target.shape
    levels = levels.copy()
    error = levels - target
    for _ in range(_SWEEPS):
        lengths = code_lengths(levels.reshape(rows, -1, area))
        bit_cost, context = rd_weight * lengths.bits, lengths.context.reshape(rows, columns)
        for j in range(columns):
            best = levels[:, j] - error @ hessian[:, j] / hessian[j, j]
            chosen = _cheapest(best, hessian[j, j], bit_cost, context[:, j])
            error[:, j] += chosen - levels[:, j]
            levels[:, j] = chosen
    return levels


def _cheapest(wanted: np.ndarray, loss: float, bits: np.ndarray, context: np.ndarray) -> np.ndarray:
    """For each value the level of least loss and bits: the nearest, the next towards zero, or zero."""
    nearest = np.clip(np.rint(wanted), -LARGEST, LARGEST)
    options = np.stack([nearest, nearest - np.sign(nearest), np.zeros_like(nearest)])
    cost = loss * np.square(wanted - options) + bits[context, options.astype(np.int64) + LARGEST]
    return np.take_along_axis(options, cost.argmin(0)[None], 0)[0]


def _positions(conv: nn.Conv2d, given: Tensor, generator: torch.Generator) -> Tensor:
    """Some flat output positions [N, P] of each picture, drawn at random."""
    kernel, stride, padding = conv.kernel_size[0], conv.stride[0], int(conv.padding[0])
    height, width = ((side + 2 * padding - kernel) // stride + 1 for side in given.shape[2:])
    drawn = torch.rand((len(given), height * width), generator=generator)
    return drawn.topk(min(_POSITIONS, height * width), 1).indices


def _patches(conv: nn.Conv2d, x: Tensor, positions: Tensor) -> Tensor:
    """The inputs of a convolution at its flat output positions [N, P]: float [N·P, k·k·C]."""
    kernel, stride, padding = conv.kernel_size[0], conv.stride[0], int(conv.padding[0])
    if padding:
        x = F.pad(x, (padding,) * 4)  # type: ignore[arg-type]
    x = x.permute(0, 2, 3, 1)
    width = (x.shape[2] - kernel) // stride + 1
    top, left = positions // width * stride, positions % width * stride
    picture = torch.arange(len(x))[:, None]
    seen = [x[picture, top + dy, left + dx] for dy in range(kernel) for dx in range(kernel)]
    return torch.stack(seen, 2).flatten(2).flatten(0, 1)
