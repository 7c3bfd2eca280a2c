"""Levels chosen one input at a time, each error made good by the weights not yet rounded.

For each convolution, in the order in which the network runs, the products of its inputs tell which
errors cancel: this is Optimal Brain Compression (Frantar and Alistarh, arXiv:2208.11580) in the order of
GPTQ (Frantar et al., arXiv:2210.17323). Three things are added. The inputs are those of the network as it
is compressed so far, and the weights are first fitted to give the full network's outputs from them. A
level is the one of least loss plus λ × bits, with the bits that the range coder needs, so that one λ rules
all layers. Rows and positions count by the square of the answers' gradient there.
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


@dataclass(frozen=True)
class Gradients:
    """Of one convolution's outputs: mean square by row [O], and by position [N, H·W], summed over rows."""

    rows: Tensor
    positions: Tensor


def gradients(network: SqueezeNet, inputs: Tensor, at_once: int = 25) -> dict[str, Gradients]:
    """Weight name → squared gradients of the log-probability of an answer drawn from the network's own.

    Their mean is the diagonal of the Fisher information: how much the answers move with an output.
    """
    found: dict[str, list[Tensor]] = {}
    outputs: dict[str, Tensor] = {}
    handles = []
    for name, conv in convolutions(network):

        def keep(_module: nn.Module, _given: object, output: Tensor, name: str = name) -> Tensor:
            output = output.requires_grad_() if output.is_leaf else output
            output.retain_grad()
            outputs[name] = output
            return output.clone()  # the ReLU after it works in place

        handles.append(conv.register_forward_hook(keep))
    generator = torch.Generator().manual_seed(0)
    try:
        with torch.enable_grad():
            for part in inputs.split(at_once):
                answer = network(part)
                drawn = torch.multinomial(answer.detach().softmax(1), 1, generator=generator)[:, 0]
                F.cross_entropy(answer, drawn, reduction="sum").backward()
                for name, output in outputs.items():
                    assert output.grad is not None
                    square = output.grad.square()
                    found.setdefault(name, []).extend([square.sum((0, 2, 3)), square.sum(1).flatten(1)])
    finally:
        for handle in handles:
            handle.remove()
    return {
        name: Gradients(torch.stack(parts[::2]).sum(0) / len(inputs), torch.cat(parts[1::2]))
        for name, parts in found.items()
    }


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
    found: dict[str, Gradients],
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
        chosen[name] = _layer(full, own, wanted, given, curvature[name], found[name], price)
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
    found: Gradients,
    price: float,
) -> Chosen:
    """Choose one convolution's levels, and set `own` to them.

    `wanted`, `given`: what the full network and the compressed one give it, [N, C, H, W].
    """
    shape = full.weight.shape
    weight = full.weight.flatten(1).double()
    share, want, have = _samples(full, wanted, given, found.positions)
    want_mean, have_mean = share @ want, share @ have
    want, have = want - want_mean, have - have_mean
    weighted = share[:, None] * have
    product = (weighted.T @ have).double()
    damping = _DAMPING * product.diagonal().mean().clamp(min=1e-12)
    product += damping * torch.eye(len(product), dtype=torch.float64)
    gap = (weight.float() @ (want - have).T @ weighted).double()
    target = (weight + torch.linalg.solve(product, gap.T).T).numpy()
    factor = torch.linalg.cholesky(torch.linalg.inv(product), upper=True).numpy()
    rows = (found.rows / found.rows.mean().clamp(min=1e-30)).clamp(min=1e-3).double().numpy()
    scale = curvature / product.diagonal().mean().item()
    # The rise of the loss per squared error of a weight when those after it make good what they can.
    rise = scale * rows[:, None] / np.square(np.diag(factor))[None]
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
    rate = Rate([shape], torch.device("cpu"))
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
                cost = rise[:, j] * np.square(left[:, j] - options)
                cost += bits[context[:, j], options.astype(np.int64) + LARGEST]
                best = np.take_along_axis(options, cost.argmin(0)[None], 0)[0]
                levels[:, j] = best
                error = (left[:, j] - best) / factor[j, j]
                left[:, j:end] -= error[:, None] * factor[j, j:end]
                errors[:, j - start] = error
            left[:, end:] -= errors @ factor[start:end, end:]
    return levels


def _samples(
    conv: nn.Conv2d, wanted: Tensor, given: Tensor, positions: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Shares [S] that sum to 1, and the inputs [S, I·k·k] behind some outputs of both networks."""
    generator = torch.Generator().manual_seed(0)
    at = (
        torch.rand(positions.shape, generator=generator)
        .topk(min(_POSITIONS, positions.shape[1]), 1)
        .indices
    )
    share = positions.gather(1, at).flatten()
    share = (
        share / share.mean().clamp(min=1e-30) + 0.05
    )  # a position that does not matter here may elsewhere
    return share / share.sum(), _patches(conv, wanted, at), _patches(conv, given, at)


def _patches(conv: nn.Conv2d, x: Tensor, at: Tensor) -> Tensor:
    """What a convolution sees for its flat output positions `at` [N, P]: float [N·P, C·k·k]."""
    kernel, stride, padding = conv.kernel_size[0], conv.stride[0], int(conv.padding[0])
    x = F.pad(x, (padding,) * 4).permute(0, 2, 3, 1)  # type: ignore[arg-type]
    width = (x.shape[2] - kernel) // stride + 1
    top, left = at // width * stride, at % width * stride
    picture = torch.arange(len(x))[:, None]
    seen = [x[picture, top + dy, left + dx] for dy in range(kernel) for dx in range(kernel)]
    return torch.stack(seen, 3).flatten(2).flatten(0, 1)
