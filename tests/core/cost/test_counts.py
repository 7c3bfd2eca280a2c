"""The record of counts says what counting says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from squeeze_core.cost import comparison, counts
from squeeze_core.cost.profile import profile_of
from squeeze_core.networks.catalogue import CATALOGUE, DEFAULT
from squeeze_core.networks.weights import OwnFile


def test_every_network_of_the_comparison_is_recorded() -> None:
    assert all(counts.recorded(CATALOGUE[name]) for name in comparison.NAMES)


@pytest.mark.parametrize("name", ["squeezenet1_1", "vgg16", "mobilenet_v3_small", "efficientnet_lite2"])
def test_what_is_recorded_is_what_is_counted(name: str) -> None:
    network = CATALOGUE[name]
    cost = profile_of(network)
    assert counts.recorded(network) == counts.Counts(cost.parameters, cost.macs, cost.activation_bytes)


def test_somebodys_own_network_is_counted_and_not_looked_up() -> None:
    assert counts.recorded(replace(DEFAULT, weights=OwnFile("a user’s", 1, {}))) is None


def test_with_another_torchvision_networks_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "torchvision_version", lambda: "0.1")
    assert counts.recorded(DEFAULT) is None
    assert comparison.row(DEFAULT).parameters == 1_235_496
