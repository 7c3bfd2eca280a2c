"""Layer tables add up to the network, and two networks are told apart where they differ."""

from __future__ import annotations

from squeeze_core.cost import comparison, layers
from squeeze_core.cost.design_space import Choice, design
from squeeze_core.networks.catalogue import CATALOGUE

OLD, NEW = design(Choice()).cost, design(Choice(stem="1.1")).cost
BYPASS = design(Choice(bypass="complex")).cost


def test_a_table_adds_up_to_the_network() -> None:
    table = layers.rows(OLD)
    assert sum(row["Parameters"] for row in table) == 1_248_424
    assert sum(row["Weights (bytes, fp32)"] for row in table) == 4 * 1_248_424
    first = table[0]
    assert (first["Layer"], first["Output"]) == ("conv1", "96 × 109 × 109")
    assert first["Output (bytes, fp32)"] == 4 * 96 * 109 * 109


def test_the_difference_of_a_network_to_itself_is_none() -> None:
    assert {row["Difference"] for row in layers.difference(OLD, OLD)} == {"same"}


def test_versions_differ_in_conv1_and_where_they_pool() -> None:
    table = layers.difference(OLD, NEW)
    assert sum(row["Δ parameters"] for row in table) == NEW.parameters - OLD.parameters == -12_928
    assert sum(row["Δ MACs"] for row in table) == NEW.macs - OLD.macs
    said = {row["Layer"] or row["Layer, second"]: row["Difference"] for row in table}
    assert said["conv1"] == "changed" and said["conv10"] in ("changed", "same")
    # fire2 sees 96 channels in one and 64 in the other.
    assert said["fire2.squeeze"] == "changed"


def test_what_only_one_has_is_said() -> None:
    only = [row for row in layers.difference(OLD, BYPASS) if row["Difference"] == "second"]
    assert sum(row["Parameters, second"] for row in only) == BYPASS.parameters - OLD.parameters
    assert all(row["Layer"] is None for row in only)
    back = [row for row in layers.difference(BYPASS, OLD) if row["Difference"] == "first"]
    assert len(back) == len(only)


def test_strangers_stand_beside_one_another_as_they_run() -> None:
    vgg = comparison.profile_of(CATALOGUE["vgg16"])
    table = layers.difference(NEW, vgg)
    assert sum(row["Parameters, second"] or 0 for row in table) == vgg.parameters
    assert sum(row["Parameters"] or 0 for row in table) == NEW.parameters
    assert (table[0]["Layer"], table[0]["Layer, second"]) == ("conv1", "conv1_1")
    assert table[0]["Difference"] == "changed"
