"""Switching channels off, on the shipped weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from squeeze_core.errors import UserError
from squeeze_core.images import Picture
from squeeze_core.inside.ablation import (
    Contributions,
    ablate,
    channel_mask,
    channels_of,
    contributions,
)
from squeeze_core.inside.trace import Unit
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import CATALOGUE, DEFAULT
from squeeze_core.networks.engine import Engine

CAT = 285


@pytest.fixture(scope="module")
def found(chelsea: Picture, engine: Engine) -> Contributions:
    return contributions(chelsea, engine, DEFAULT, CAT)


def test_nothing_off_is_bit_identical(chelsea: Picture, engine: Engine) -> None:
    plain = engine.get(DEFAULT)(DEFAULT.preprocess([chelsea.image]))[0]
    answer = ablate(chelsea, engine, DEFAULT, ())
    assert np.array_equal(answer.logits_after, plain)
    assert np.array_equal(answer.logits_before, answer.logits_after)


def test_a_channel_switched_off_is_one_whose_filter_is_zero(chelsea: Picture, engine: Engine) -> None:
    units = [Unit("fire4", "expand3x3", 7), Unit("fire6", "squeeze", 3)]
    reduced = DEFAULT.load()
    assert isinstance(reduced, SqueezeNet)
    for unit in units:
        layer = reduced.convolution(f"{unit.module}/{unit.branch}")
        layer.weight[unit.channel] = layer.bias[unit.channel] = 0
    with torch.inference_mode():
        expected = reduced(torch.from_numpy(DEFAULT.preprocess([chelsea.image])))[0].numpy()
    np.testing.assert_allclose(ablate(chelsea, engine, DEFAULT, units).logits_after, expected, atol=1e-4)


def test_everything_of_fire9_off_leaves_conv10s_bias(chelsea: Picture, engine: Engine) -> None:
    answer = ablate(chelsea, engine, DEFAULT, channels_of(DEFAULT, "fire9"))
    conv10 = engine.get(DEFAULT).module.convolution("conv10")
    np.testing.assert_allclose(answer.logits_after, torch.relu(conv10.bias).numpy(), atol=1e-6)


def test_the_network_is_unchanged(chelsea: Picture, engine: Engine) -> None:
    network = engine.get(DEFAULT).module
    before = {name: value.clone() for name, value in network.state_dict().items()}
    changed = ablate(chelsea, engine, DEFAULT, channels_of(DEFAULT, "fire5", "expand3x3"))
    assert not np.array_equal(changed.logits_before, changed.logits_after)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert np.array_equal(ablate(chelsea, engine, DEFAULT, ()).logits_after, changed.logits_before)


@pytest.mark.parametrize("branch", ["squeeze", "expand1x1", "expand3x3"])
def test_only_the_channel_that_is_off_is_zero(chelsea: Picture, engine: Engine, branch: str) -> None:
    network, batch = engine.get(DEFAULT).module, torch.from_numpy(DEFAULT.preprocess([chelsea.image]))
    assert isinstance(network, SqueezeNet)
    mask = channel_mask(network.plan, [Unit("fire4", branch, 7)])
    with torch.inference_mode():
        before = network.parts(batch)
        after = network.parts(batch, {name: torch.from_numpy(row) for name, row in mask.items()})
    before_maps, after_maps = (found[f"fire4/{branch}"][0].clone() for found in (before, after))
    assert before_maps[7].max() > 0
    assert after_maps[7].abs().max() == 0
    before_maps[7] = 0
    assert torch.equal(before_maps, after_maps) and torch.equal(before["fire3"], after["fire3"])


def test_a_module_is_both_its_expand_branches() -> None:
    module = channels_of(DEFAULT, "fire6")
    assert len(module) == 384
    assert module == channels_of(DEFAULT, "fire6", "expand1x1") | channels_of(DEFAULT, "fire6", "expand3x3")
    assert len(channels_of(DEFAULT, "fire6", "squeeze")) == 48


@pytest.mark.parametrize(
    "unit", [Unit("fire2", "squeeze", 16), Unit("fire2", "expand5x5", 0), Unit("conv1", "squeeze", 0)]
)
def test_a_channel_that_is_not_there_is_refused(chelsea: Picture, engine: Engine, unit: Unit) -> None:
    with pytest.raises(UserError, match=f"{unit.module}/{unit.branch}"):
        ablate(chelsea, engine, DEFAULT, [unit])


def test_a_network_without_fire_modules_is_refused(chelsea: Picture, engine: Engine) -> None:
    with pytest.raises(UserError, match="EfficientNet-Lite0 is no SqueezeNet"):
        contributions(chelsea, engine, CATALOGUE["efficientnet_lite0"], CAT)


def test_contributions_of_fire9_sum_to_the_logit_but_for_the_bias(
    found: Contributions, engine: Engine
) -> None:
    # From fire9 on the class's map is linear wherever it is above 0, which it is all over this cat.
    conv10 = engine.get(DEFAULT).module.convolution("conv10")
    total = found.of["fire9", "expand1x1"].sum() + found.of["fire9", "expand3x3"].sum()
    assert total == pytest.approx(found.total - float(conv10.bias[CAT]), rel=0.01)


def test_a_contribution_of_fire9_is_what_the_logit_loses(
    chelsea: Picture, found: Contributions, engine: Engine
) -> None:
    row = found.of["fire9", "expand3x3"]
    unit = Unit("fire9", "expand3x3", int(row.argmax()))
    answer = ablate(chelsea, engine, DEFAULT, [unit])
    loss = float(answer.logits_before[CAT] - answer.logits_after[CAT])
    assert loss == pytest.approx(float(row.max()), rel=0.02)


def test_the_least_useful_channels_cost_less_than_the_most_useful(
    chelsea: Picture, found: Contributions, engine: Engine
) -> None:
    ranked = found.ranked()
    assert len(set(ranked)) == 2880
    size = [abs(float(found.of[u.module, u.branch][u.channel])) for u in ranked]
    assert size == sorted(size)
    least, most, all_ = (
        ablate(chelsea, engine, DEFAULT, units) for units in (ranked[:200], ranked[-200:], ranked)
    )
    assert least.before[CAT] == pytest.approx(0.516, abs=0.01)
    assert abs(least.after[CAT] - least.before[CAT]) < 0.2
    assert most.after[CAT] < 0.05 and most.after.argmax() != CAT
    assert all_.after[CAT] < 0.01


def test_dead_channels_cost_nothing(chelsea: Picture, found: Contributions, engine: Engine) -> None:
    dead = [unit for unit in found.ranked() if found.of[unit.module, unit.branch][unit.channel] == 0]
    assert dead
    answer = ablate(chelsea, engine, DEFAULT, dead)
    # Some of these have activations but no path to the class; other classes may move.
    assert answer.logits_after[CAT] == pytest.approx(answer.logits_before[CAT], rel=0.02)


def test_a_full_gpu_leaves_ablation_to_the_cpu(chelsea: Picture, engine: Engine, full_gpu: Engine) -> None:
    off = [Unit("fire4", "expand3x3", 7)]
    answers = [ablate(chelsea, one, DEFAULT, off).logits_after for one in (engine, full_gpu)]
    assert full_gpu.notice
    np.testing.assert_allclose(*answers, rtol=1e-5, atol=1e-4)


def test_a_full_gpu_leaves_contributions_to_the_cpu(
    chelsea: Picture, found: Contributions, full_gpu: Engine
) -> None:
    again = contributions(chelsea, full_gpu, DEFAULT, CAT)
    assert full_gpu.notice
    for place, row in found.of.items():
        np.testing.assert_allclose(again.of[place], row, rtol=1e-3, atol=1e-3)
