"""The article's listing, counted: what a picture gets through, and that nothing in it squeezes."""

from __future__ import annotations

import torch

from squeeze_core.cost import article
from squeeze_core.cost.design_space import Choice, design


def test_a_picture_is_one_pixel_after_seven_pools() -> None:
    found = article.counted()
    assert [block.side for block in found.blocks[:8]] == [112, 56, 28, 14, 7, 3, 1, None]
    assert found.runs == 7 and len(found.blocks) == 78


def test_counts_are_the_formula_of_plain_convolutions() -> None:
    found, channels = article.counted(), 3
    for block, side in zip(found.blocks, (224, 112, 56, 28, 14, 7, 3), strict=False):
        assert block.parameters == 9 * channels * block.filters + block.filters
        assert block.macs == 9 * channels * block.filters * side**2
        channels = block.filters
    assert found.cost.parameters == sum(block.parameters for block in found.blocks) == 689_233_088
    assert found.running_parameters == 19_120_320
    # Hundreds of times SqueezeNet's, which has the 1×1 convolutions that the listing lacks.
    assert found.cost.parameters > 500 * design(Choice()).cost.parameters


def test_the_listing_runs_as_far_as_it_is_said_to() -> None:
    with torch.device("meta"):
        assert article.Listing()(torch.empty(1, 3, 224, 224)).shape == (1, 1024, 1, 1)
        assert article.Listing()(torch.empty(1, 3, 64, 64)).shape == (1, 1024, 1, 1)
