"""Levels chosen one input at a time, each error made good by the weights not yet rounded.

For each convolution, in the order in which the network runs, the products of its inputs tell which
errors cancel: this is Optimal Brain Compression (Frantar and Alistarh, arXiv:2208.11580) in the order of
GPTQ (Frantar et al., arXiv:2210.17323). Three things are added here. The inputs are those of the network as
it is compressed so far, and the weights are first fitted to give the full network's outputs from them. A
level is the one of least loss plus λ × bits, with the bits that the range coder needs, and each layer's
loss is scaled to what noise in it does to the answers, so that one λ rules all layers.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from squeeze_core.compression.rate import LARGEST, Rate
from squeeze_core.networks.architecture import Fire, SqueezeNet

_DAMPING = 0.02  # of the inputs' mean square: what few pictures do not show is not relied on
_BLOCK = 32  # inputs whose errors reach the inputs after them together
_ROUNDS = 2  # the first finds the levels that the bits are counted from
_POSITIONS = 64  # of a picture's outputs, drawn by chance


@dataclass(frozen=True)
class Chosen:
    """One convolution: `levels` int32 [O, I, k, k], times `step`, and the bias that goes with them."""

    levels: np.ndarray
    step: float
    bias: np.ndarray


def convolutions(network: nn.Module) -> Iterator[tuple[str, nn.Conv2d]]:
    """Weight name and module, in the order in which the network runs."""
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            yield f"{name}.weight", module


@torch.no_grad()
def choose(
    network: SqueezeNet,
    inputs: Tensor,
    curvature: dict[str, float],
    price: float,
    tick: Callable[[float], None],
) -> dict[str, Chosen]:
    """Weight name → what is chosen for it, at `price` nats a bit."""
    student = copy.deepcopy(network)
    chosen: dict[str, Chosen] = {}
    layers = sum(1 for _ in convolutions(network))
    names = {module: name for name, module in convolutions(network)}

    def settle(full: nn.Module, own: nn.Module | None, wanted: Tensor, given: Tensor) -> None:
        assert isinstance(full, nn.Conv2d) and isinstance(own, nn.Conv2d)
        name = names[full]
        chosen[name] = _layer(full, own, wanted, given, curvature[name], price)
        tick(len(chosen) / layers)

    wanted = given = inputs
    for full, own in zip(network.features, student.features, strict=True):
        if isinstance(full, nn.Conv2d):
            settle(full, own, wanted, given)
        elif isinstance(full, Fire) and isinstance(own, Fire):
            settle(full.squeeze, own.squeeze, wanted, given)
            want = _run(full.squeeze, wanted).relu_()
            have = _run(own.squeeze, given).relu_()
            for branch in full.branches[1:]:
                settle(getattr(full, branch), getattr(own, branch), want, have)
            if isinstance(full.bypass, nn.Conv2d):
                settle(full.bypass, own.bypass, wanted, given)
        wanted, given = _run(full, wanted), _run(own, given)
    settle(network.classifier[1], student.classifier[1], wanted, given)
    return chosen


def _run(layer: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    return torch.cat([layer(part) for part in x.split(25)])


def _layer(
    full: nn.Conv2d,
    own: nn.Conv2d,
    wanted: Tensor,
    given: Tensor,
    curvature: float,
    price: float,
) -> Chosen:
    """Choose one convolution's levels, and set `own` to them.

    `wanted`, `given`: what the full network and the compressed one give it, [N, C, H, W].
    """
    shape = full.weight.shape
    weight = full.weight.flatten(1).double()
    want, have = _samples(full, wanted, given)
    want_mean, have_mean = want.mean(0), have.mean(0)
    want, have = want - want_mean, have - have_mean
    product = (have.T @ have).double() / len(have)
    damping = _DAMPING * product.diagonal().mean().clamp(min=1e-12)
    product += damping * torch.eye(len(product), dtype=torch.float64)
    gap = weight @ ((want - have).T @ have).double() / len(have)
    target = (weight + torch.linalg.solve(product, gap.T).T).numpy()
    factor = torch.linalg.cholesky(torch.linalg.inv(product), upper=True).numpy()
    scale = curvature / product.diagonal().mean().item()
    # The rise of the loss per squared error of a weight when those after it make good what they can.
    rise = scale / np.square(np.diag(factor))
    step = math.sqrt(6 * price / (math.log(2) * math.exp(np.log(rise).mean())))
    step = min(step, 2 * float(target.std()) + 1e-12)
    step = max(step, float(np.abs(target).max()) / LARGEST, 1e-12)
    levels = _levels(target / step, factor, rise * step**2, price, tuple(shape))
    own.weight.copy_(torch.from_numpy(levels * step).view(shape))
    bias = torch.zeros(shape[0]) if full.bias is None else full.bias
    assert own.bias is not None
    own.bias.copy_(bias + weight.float() @ want_mean - own.weight.flatten(1) @ have_mean)
    return Chosen(levels.astype(np.int32).reshape(shape), step, own.bias.numpy().copy())


def _levels(
    target: np.ndarray, factor: np.ndarray, rise: np.ndarray, price: float, shape: tuple[int, ...]
) -> np.ndarray:
    """Levels, float64 [O, I·k·k] of whole numbers, for `target` in steps."""
    rate = Rate([shape])
    levels = np.sign(target) * np.floor(np.abs(target) + 0.35)
    inputs = target.shape[1]
    for _ in range(_ROUNDS):
        rate.refresh(torch.from_numpy(levels).float().flatten())
        bits = price * rate.table.double().numpy()
        context = rate.context.view(len(target), -1).numpy()
        left = target.copy()
        levels = np.zeros_like(target)
        for start in range(0, inputs, _BLOCK):
            end = min(start + _BLOCK, inputs)
            errors = np.zeros((len(target), end - start))
            for j in range(start, end):
                near = np.clip(np.rint(left[:, j]), -LARGEST, LARGEST)
                options = np.stack([near, near - np.sign(near), np.zeros_like(near)])
                cost = rise[j] * np.square(left[:, j] - options)
                cost += bits[context[:, j], options.astype(np.int64) + LARGEST]
                best = np.take_along_axis(options, cost.argmin(0)[None], 0)[0]
                levels[:, j] = best
                error = (left[:, j] - best) / factor[j, j]
                left[:, j:end] -= error[:, None] * factor[j, j:end]
                errors[:, j - start] = error
            left[:, end:] -= errors @ factor[start:end, end:]
    return levels


def _samples(conv: nn.Conv2d, wanted: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
    """The inputs [S, I·k·k] of both networks behind some outputs of each picture, drawn by chance."""
    kernel, stride, padding = conv.kernel_size[0], conv.stride[0], int(conv.padding[0])
    height, width = ((side + 2 * padding - kernel) // stride + 1 for side in given.shape[2:])
    chance = torch.rand((len(given), height * width), generator=torch.Generator().manual_seed(0))
    at = chance.topk(min(_POSITIONS, height * width), 1).indices
    return _patches(conv, wanted, at), _patches(conv, given, at)


def _patches(conv: nn.Conv2d, x: Tensor, at: Tensor) -> Tensor:
    """What a convolution sees for its flat output positions `at` [N, P]: float [N·P, C·k·k]."""
    kernel, stride, padding = conv.kernel_size[0], conv.stride[0], int(conv.padding[0])
    x = F.pad(x, (padding,) * 4).permute(0, 2, 3, 1)  # type: ignore[arg-type]
    width = (x.shape[2] - kernel) // stride + 1
    top, left = at // width * stride, at % width * stride
    picture = torch.arange(len(x))[:, None]
    seen = [x[picture, top + dy, left + dx] for dy in range(kernel) for dx in range(kernel)]
    return torch.stack(seen, 3).flatten(2).flatten(0, 1)
