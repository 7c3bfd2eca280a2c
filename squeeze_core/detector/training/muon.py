"""Muon: momentum whose steps are orthogonalised, for the weights of convolutions.

torch.optim.Muon always multiplies in bfloat16: on AVX2, without bfloat16 instructions, that took
130 ms for a matrix of 192 × 864, float32 9 ms; torch's also takes matrices only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

MOMENTUM = 0.95
# Of the polynomial that drives every singular value towards 1: Jordan et al. 2024, "Muon".
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised, then a step of the size that AdamW's would have.

    Weights [out, in, …] are seen as matrices [out, in · …]. Scale and weight decay are those of Liu
    et al. 2025 (arXiv:2502.16982, section 2.2), so that `lr` and `weight_decay` mean what they mean
    for AdamW. `groups`: as for any optimiser, each with its "params" and "lr". `dtype`: of the matrix
    products, bfloat16 where the device has instructions for it.
    """

    def __init__(
        self, groups: Iterable[dict[str, Any]], weight_decay: float, dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__(groups, {"weight_decay": weight_decay})
        self.dtype = dtype

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                momentum = state["momentum"].lerp_(weight.grad, 1 - MOMENTUM)
                matrix = weight.grad.lerp(momentum, MOMENTUM).flatten(1)
                direction = orthogonalise(matrix, self.dtype).view_as(weight)
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.sub_(direction, alpha=group["lr"] * 0.2 * max(matrix.shape) ** 0.5)


def orthogonalise(matrix: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """float [m, n] → about U·Vᵀ of its singular value decomposition; its singular values are near 1."""
    a, b, c = COEFFICIENTS
    x = (matrix / (matrix.norm() + 1e-7)).to(dtype)
    if tall := x.shape[0] > x.shape[1]:
        x = x.T
    for _ in range(5):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.T if tall else x).to(matrix.dtype)
