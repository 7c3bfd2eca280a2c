"""Receptive fields, by table and by the gradient of a real unit."""

from __future__ import annotations

import pytest
import torch

from squeeze_core.inside.receptive_field import receptive_field
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.plan import PLANS


@pytest.mark.parametrize(
    ("module", "place", "size", "stride"),
    [
        ("fire2", "squeeze", 7, 4),
        ("fire2", "expand3x3", 15, 4),
        ("fire3", "output", 23, 4),
        ("fire4", "squeeze", 31, 8),
        ("fire5", "expand1x1", 47, 8),
        ("fire6", "expand3x3", 111, 16),
        ("fire9", "expand3x3", 207, 16),
    ],
)
def test_size_and_stride(module: str, place: str, size: int, stride: int) -> None:
    field = receptive_field(PLANS["1.1"], module, place)
    assert (field.size, field.stride) == (size, stride)


@pytest.mark.parametrize(
    ("module", "branch"), [("fire2", "expand3x3"), ("fire4", "squeeze"), ("fire5", "expand3x3")]
)
@pytest.mark.parametrize("version", PLANS)
def test_a_unit_depends_on_just_its_box(version: str, module: str, branch: str) -> None:
    # All weights positive: every pixel that can matter does.
    network = SqueezeNet(version).eval()
    for parameter in network.parameters():
        parameter.data.abs_().add_(1e-3)
    field = receptive_field(network.plan, module, branch)
    # Positive noise everywhere, summed: pooling picks one pixel, so many pictures are needed.
    x = torch.rand(48, 3, 131, 131, requires_grad=True)
    row, column = 3, 4
    network.parts(x)[f"{module}/{branch}"][:, :, row, column].sum().backward()
    assert x.grad is not None
    seen = x.grad.abs().sum((0, 1)) > 0
    x0, y0, x1, y1 = field.box(row, column, 131)
    rows, columns = seen.any(1).nonzero().flatten(), seen.any(0).nonzero().flatten()
    assert (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1) == (x0, y0, x1, y1)


def test_boxes_are_cut_to_the_picture() -> None:
    field = receptive_field(PLANS["1.1"], "fire9", "expand3x3")
    assert field.box(0, 0, 227) == (0, 0, 119, 119)
    assert field.box(13, 13, 227) == (120, 120, 227, 227)


def test_an_unknown_module_is_refused() -> None:
    with pytest.raises(KeyError):
        receptive_field(PLANS["1.1"], "fire10", "squeeze")
