"""Costs from the plan and from the record are what counting a network as it runs gives."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from squeeze_core.cost.comparison import profile_of
from squeeze_core.cost.profile import of_plan
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import CATALOGUE, DEFAULT
from squeeze_core.networks.plan import PLANS, Metaparameters, Plan
from squeeze_core.networks.weights import OwnFile
from tools import counting

ODD = Metaparameters(base_e=16, incr_e=200, pct3x3=0.3, freq=3).fires()


@pytest.mark.parametrize(
    ("plan", "classes", "size"),
    [
        (PLANS["1.0"], 1000, 224),
        (replace(PLANS["1.0"], bypass="simple"), 10, 227),
        (replace(PLANS["1.1"], bypass="complex"), 3, 64),
        (replace(PLANS["1.1"], fires=Metaparameters(pct3x3=1.0, sr=0.75).fires()), 2000, 33),
        (Plan(64, 3, PLANS["1.1"].pool_after, ODD, "complex"), 1000, 512),
    ],
)
def test_a_plans_cost_is_what_is_counted_as_it_runs(plan: Plan, classes: int, size: int) -> None:
    with torch.device("meta"):
        network = SqueezeNet(plan, classes).eval()
    names: dict[str, str] = {}
    for layer in plan.layers():
        name = layer.name.replace("/", ".")
        names |= {layer.path: name, layer.relu: f"{name}_activation"}
    assert of_plan(plan, classes, size) == counting.profile(network, size, names)


def test_every_network_of_the_catalogue_has_a_cost() -> None:
    assert all(profile_of(network).macs > 0 for network in CATALOGUE.values())


@pytest.mark.parametrize("name", ["vgg16", "mobilenet_v3_small", "efficientnet_lite2"])
def test_what_is_recorded_is_what_is_counted(name: str) -> None:
    assert profile_of(CATALOGUE[name]) == counting.count(CATALOGUE[name])


def test_weights_of_somebodys_own_cost_as_much() -> None:
    lite = CATALOGUE["efficientnet_lite0"]
    own = replace(lite, key="own:1", weights=OwnFile("a user’s", 1, {}))
    assert profile_of(own) == profile_of(lite)
    ten = replace(DEFAULT, key="own:2", labels=DEFAULT.labels[:10], weights=OwnFile("a user’s", 1, {}))
    assert profile_of(ten).parameters == 1_235_496 - 990 * 513
