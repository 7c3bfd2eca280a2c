"""The article's listing, counted: what a picture gets through, and that nothing in it squeezes."""

from __future__ import annotations

import torch
from torch import nn

from squeeze_core.cost import article, comparison
from squeeze_core.cost.counting import profile
from squeeze_core.cost.design_space import Choice, design


def test_a_picture_is_one_pixel_after_seven_pools() -> None:
    assert [block.side for block in article.blocks()[:9]] == [112, 56, 28, 14, 7, 3, 1, 0, 0]
    assert len(article.blocks()) == 78


def test_counts_are_those_of_the_network_built_as_far_as_it_runs() -> None:
    layers: list[nn.Module] = []
    channels = 3
    for filters in article.FILTERS[:7]:
        layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        channels = filters
    with torch.device("meta"):
        cost = profile(nn.Sequential(*layers).eval(), article.SIZE)
    running = article.blocks()[:7]
    convolutions = [layer for layer in cost.layers if layer.kind == "Conv2d"]
    assert [block.parameters for block in running] == [layer.parameters for layer in convolutions]
    assert [block.macs for block in running] == [layer.macs for layer in convolutions]
    assert cost.layers[-1].output == (1024, 1, 1)


def test_its_row_holds_all_that_is_printed() -> None:
    row = comparison.row(article.NAME)
    assert row.parameters == 689_233_088 and row.top1 is None
    assert row.gmacs == sum(block.macs for block in article.blocks()[:7]) / 1e9
    # Hundreds of times SqueezeNet's, which has the 1×1 convolutions that the listing lacks.
    assert row.parameters > 500 * design(Choice()).cost.parameters
