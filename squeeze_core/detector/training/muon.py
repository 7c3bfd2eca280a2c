"""Muon: momentum whose steps are orthogonalised, for the weights of convolutions.

torch.optim.Muon always multiplies in bfloat16: on AVX2, without bfloat16 instructions, that took
130 ms for a matrix of 192 × 864, float32 9 ms; torch's also takes matrices only, one after another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

MOMENTUM = 0.95
# Of the polynomial that drives every singular value towards 1: Jordan et al. 2024, "Muon".
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised, then a step of the size that AdamW's would have.

    Weights [out, in, …] are seen as matrices [out, in · …]; those of one shape are orthogonalised
    together. Scale and weight decay are those of Liu et al. 2025 (arXiv:2502.16982, section 2.2), so
    that `lr` and `weight_decay` mean what they mean for AdamW. `groups`: as for any optimiser, each
    with its "params" and "lr". `dtype`: of the matrix products, bfloat16 where the device has
    instructions for it.
    """

    def __init__(
        self, groups: Iterable[dict[str, Any]], weight_decay: float, dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__(groups, {"weight_decay": weight_decay})
        self.dtype = dtype

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            ahead = self._ahead(weights)
            torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
            alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
            for place, weight in enumerate(weights):
                alike[weight.shape[0], weight[0].numel()].append(place)
            for shape, places in alike.items():
                matrices = torch.stack([ahead[place].flatten(1) for place in places])
                directions = orthogonalise(matrices, self.dtype)
                for place, direction in zip(places, directions, strict=True):
                    size = group["lr"] * 0.2 * max(shape) ** 0.5
                    weights[place].sub_(direction.view(weights[place].shape), alpha=size)

    def _ahead(self, weights: list[Tensor]) -> list[Tensor]:
        """Gradients with Nesterov momentum."""
        for weight in weights:
            if not self.state[weight]:
                self.state[weight]["momentum"] = torch.zeros_like(weight)
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        momenta = [self.state[weight]["momentum"] for weight in weights]
        torch._foreach_lerp_(momenta, gradients, 1 - MOMENTUM)
        return list(torch._foreach_lerp(gradients, momenta, MOMENTUM))


def orthogonalise(matrices: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """float [K, m, n] → about U·Vᵀ of each one's singular value decomposition; singular values near 1."""
    a, b, c = COEFFICIENTS
    x = (matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)).to(dtype)
    if tall := x.shape[1] > x.shape[2]:
        x = x.mT
    for _ in range(5):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).to(matrices.dtype)
