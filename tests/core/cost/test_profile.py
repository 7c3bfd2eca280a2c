"""The counts are right when they equal torchvision's own, network by network and layer by layer."""

from __future__ import annotations

import pytest
import torch

from squeeze_core.cost import comparison
from squeeze_core.networks.catalogue import named
from tools.counting import profile


@pytest.mark.parametrize("name", comparison.NAMES)
def test_counts_equal_the_published_ones(name: str) -> None:
    published, cost = named(name).published, comparison.row(name).profile()
    assert cost.parameters == published.parameters
    if published.gmacs:
        # EfficientNet-Lite0's README rounds: 407 M.
        ours = name == "efficientnet_lite0"
        assert cost.macs / 1e9 == pytest.approx(published.gmacs, rel=0.06 if ours else 0.02)


def test_squeezenet_layer_by_layer() -> None:
    layers = {layer.name: layer for layer in comparison.row("squeezenet1_1_torchvision").profile().layers}
    assert layers["conv1"].output == (64, 111, 111)
    assert layers["conv1"].parameters == 3 * 3 * 3 * 64 + 64
    assert layers["fire2.squeeze"].macs == 64 * 16 * 55 * 55
    assert layers["conv10"].parameters == 513_000
    assert layers["pool3"].parameters == layers["pool3"].macs == 0


def test_vgg_layers_bear_the_papers_names() -> None:
    layers = {layer.name: layer for layer in comparison.row("vgg16").profile().layers}
    assert layers["fully connected 1"].parameters == 7 * 7 * 512 * 4096 + 4096
    assert layers["conv3_3"].output == (256, 56, 56)


def test_a_head_that_only_training_runs_is_counted_and_costs_nothing() -> None:
    layers = [
        row for row in comparison.row("inception_v3").profile().layers if row.name.startswith("AuxLogits")
    ]
    assert sum(layer.parameters for layer in layers) > 3_000_000
    assert all(layer.macs == 0 and layer.output == () for layer in layers)


def test_activation_memory_follows_what_is_alive() -> None:
    small = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 1), torch.nn.ReLU(inplace=True), torch.nn.Conv2d(8, 2, 1)
    )
    cost = profile(small.eval(), 10)
    # The input stays alive for its owner; the first result is freed once the second is there.
    assert cost.activation_bytes == 4 * 100 * (3 + 8 + 2)
    assert cost.parameters == 3 * 8 + 8 + 8 * 2 + 2


def test_counting_on_the_meta_device_equals_counting_for_real() -> None:
    real = profile(named("resnet18").build(), 224)
    assert real == comparison.row("resnet18").profile()
