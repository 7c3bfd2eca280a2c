"""The record of costs says what counting says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from squeeze_core.cost import comparison, counting
from squeeze_core.cost.comparison import profile_of
from squeeze_core.networks.catalogue import CATALOGUE, DEFAULT
from squeeze_core.networks.weights import OwnFile

OWN = replace(DEFAULT, key="own:1", weights=OwnFile("a user’s", 1, {}))


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The networks that are counted from now on."""
    found: list[str] = []
    count = counting.count
    monkeypatch.setattr(counting, "count", lambda network: found.append(network.key) or count(network))
    profile_of.cache_clear()
    return found


def test_every_network_of_the_comparison_is_recorded(counted: list[str]) -> None:
    rows = [comparison.row(name) for name in comparison.NAMES]
    assert all(row.parameters for row in rows) and counted == []


@pytest.mark.parametrize("name", ["squeezenet1_1", "vgg16", "mobilenet_v3_small", "efficientnet_lite2"])
def test_what_is_recorded_is_what_is_counted(name: str) -> None:
    assert profile_of(CATALOGUE[name]) == counting.count(CATALOGUE[name])


def test_somebodys_own_network_is_counted_and_not_looked_up(counted: list[str]) -> None:
    assert profile_of(OWN).parameters == 1_235_496 and counted == [OWN.key]
