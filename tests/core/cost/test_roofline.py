from __future__ import annotations

import pytest
import torch
from torch import nn

from squeeze_core.cost.counting import profile
from squeeze_core.cost.profile import Profile
from squeeze_core.cost.roofline import DevicePeak, least_seconds, least_time, measure_peak, moved
from squeeze_core.networks.catalogue import DEFAULT


@pytest.fixture(scope="module")
def cost() -> Profile:
    with torch.device("meta"):
        network = DEFAULT.build()
    return profile(network, 227)


def test_a_layer_moves_what_it_reads_and_writes_and_its_weights(cost: Profile) -> None:
    conv1 = next(layer for layer in cost.layers if layer.kind == "Conv2d")
    assert (conv1.read, conv1.written) == (3 * 227 * 227, 64 * 113 * 113)
    assert moved(conv1, 2, batch=3) == 2 * (3 * (3 * 227 * 227 + 64 * 113 * 113) + 64 * 3 * 9 + 64)


def test_what_is_done_in_passing_moves_nothing(cost: Profile) -> None:
    kinds = {layer.kind for layer in cost.layers if moved(layer, 4) == 0}
    assert kinds == {"ReLU"}
    assert any(layer.kind == "MaxPool2d" and moved(layer, 4) for layer in cost.layers)


def test_memory_or_arithmetic_bounds_a_layer() -> None:
    with torch.device("meta"):
        layer = profile(nn.Conv2d(3, 8, 3), 10).layers[0]
    assert least_seconds(layer, DevicePeak(1e30, 1000.0, 4)) == layer.macs / 1000
    assert least_seconds(layer, DevicePeak(1e30, 1000.0, 4), batch=2) == 2 * layer.macs / 1000
    assert least_seconds(layer, DevicePeak(1000.0, 1e30, 4), batch=2) == moved(layer, 4, 2) / 1000


def test_a_larger_batch_reads_the_weights_once(cost: Profile) -> None:
    peak = DevicePeak(1e10, 1e30, 4)
    one, eight = least_time(cost, peak), least_time(cost, peak, 8)
    assert 6 * one < eight < 8 * one


def test_a_machine_is_measured() -> None:
    peak = measure_peak("cpu")
    assert 1e8 < peak.bandwidth < 1e13 and 1e8 < peak.throughput < 1e14
    assert "GB/s" in str(peak) and peak.number_bytes == 4
