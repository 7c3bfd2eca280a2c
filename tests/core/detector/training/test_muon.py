from __future__ import annotations

import pytest
import torch
from torch import nn

from squeeze_core.detector.training.muon import Muon, orthogonalise


@pytest.mark.parametrize("shape", [(48, 96), (96, 48), (64, 64), (1, 30)])
def test_orthogonalise_keeps_directions_and_evens_out_singular_values(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    core = u.T @ orthogonalise(matrix[None])[0] @ v.T
    # The polynomial aims at about 1, not at 1 exactly; tiny singular values take more than five rounds.
    assert (core - core.diag().diag()).abs().max() < 1e-4
    assert core.diag().max() < 1.3 and core.diag().median() > 0.6


def test_bfloat16_gives_about_the_same_directions() -> None:
    torch.manual_seed(0)
    matrix = torch.randn(48, 96)
    exact, rounded = orthogonalise(matrix[None]), orthogonalise(matrix[None], torch.bfloat16)
    assert rounded.dtype == torch.float32
    assert (rounded - exact).norm() < 0.03 * exact.norm()


def test_a_step_is_as_large_as_one_of_adamw() -> None:
    torch.manual_seed(0)
    weight = nn.Parameter(torch.zeros(32, 16, 3, 3))
    weight.grad = torch.randn_like(weight) * 1e-6
    Muon([{"params": [weight], "lr": 0.01}], weight_decay=0.1).step()
    assert weight.square().mean().sqrt().item() == pytest.approx(0.2 * 0.01, rel=0.3)


def test_weight_decay_shrinks_and_missing_gradients_change_nothing() -> None:
    moved, still = nn.Parameter(torch.ones(4, 4, 1, 1)), nn.Parameter(torch.ones(4, 4, 1, 1))
    moved.grad = torch.zeros_like(moved)
    Muon([{"params": [moved, still], "lr": 0.5}], weight_decay=0.1).step()
    assert torch.allclose(moved, torch.full_like(moved, 0.95))
    assert torch.equal(still, torch.ones_like(still))


def test_fits_inputs_whose_scales_differ_a_hundredfold() -> None:
    torch.manual_seed(0)
    inputs = torch.randn(256, 24) * torch.logspace(0, -2, 24)
    truth = torch.randn(24, 12)
    layer = nn.Conv2d(24, 12, 1, bias=False)
    optimizer = Muon([{"params": list(layer.parameters()), "lr": 0.1}], weight_decay=0.0)
    losses = []
    for step in range(200):
        optimizer.param_groups[0]["lr"] = 0.1 * (1 - step / 200)
        loss = (layer(inputs[..., None, None]).flatten(1) - inputs @ truth).square().mean()
        layer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 100


def test_steps_like_torch_s_muon_but_for_its_bfloat16() -> None:
    torch.manual_seed(0)
    start = torch.randn(48, 96)
    ours, theirs = nn.Parameter(start[..., None, None].clone()), nn.Parameter(start.clone())
    optimizer = Muon([{"params": [ours], "lr": 0.1}], weight_decay=0.05)
    reference = torch.optim.Muon([theirs], lr=0.1, weight_decay=0.05, adjust_lr_fn="match_rms_adamw")
    for _ in range(3):
        theirs.grad = torch.randn_like(theirs)
        ours.grad = theirs.grad.view_as(ours).clone()
        optimizer.step()
        reference.step()
    moved = (theirs - start).norm()
    assert (ours.flatten(1) - theirs).norm() < 0.03 * moved
