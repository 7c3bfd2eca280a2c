"""Error compensation, on numbers worked out by hand or by another way."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from squeeze_core.compression.rate import CONTEXTS, LARGEST, code_lengths
from squeeze_core.compression.second_order import Moments, _quantise_layer, choose_levels, quantise, refined
from squeeze_core.compression.sensitivity import curvature
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.plan import FireShape, Plan


def factor_of(hessian: np.ndarray) -> np.ndarray:
    """The upper Cholesky factor of the inverse, by NumPy's lower one."""
    return np.linalg.cholesky(np.linalg.inv(hessian)).T


def levels_of(target: list[float], hessian: np.ndarray, rd_weight: float = 0.0) -> np.ndarray:
    factor = factor_of(hessian)
    loss = 1 / np.square(np.diag(factor))
    return choose_levels(np.array([target]), factor, loss, rd_weight, 1)[0]


def correlated(columns: int, a: int, b: int) -> np.ndarray:
    """Inputs a and b are almost the same, the others independent."""
    hessian = np.eye(columns)
    hessian[a, b] = hessian[b, a] = 0.99
    return hessian


def test_an_error_is_passed_on_within_a_block() -> None:
    # 0.4 becomes 0; its twin then wants 0.4 + 0.99 × 0.4 = 0.796 and becomes 1: the sum 0.8 is nearly kept.
    assert levels_of([0.4, 0.4], correlated(2, 0, 1)).tolist() == [0, 1]
    assert levels_of([0.4, 0.4], np.eye(2)).tolist() == [0, 0]


@pytest.mark.parametrize(("a", "b"), [(3, 31), (3, 32), (31, 32), (3, 69)])
def test_an_error_is_passed_on_to_later_blocks_too(a: int, b: int) -> None:
    target = [0.0] * 70
    target[a] = target[b] = 0.4
    levels = levels_of(target, correlated(70, a, b))
    assert np.flatnonzero(levels).tolist() == [b] and levels[b] == 1


def test_levels_equal_those_of_compensating_by_least_squares_one_weight_at_a_time() -> None:
    """Another way: after each rounding, the best weights left for the inputs not yet quantised."""
    draw = np.random.default_rng(1)
    x = draw.normal(size=(200, 40)) @ draw.normal(size=(40, 40))
    hessian = x.T @ x / len(x)
    target = draw.normal(0, 2, 40)
    fixed = target.copy()
    for j in range(40):
        error = fixed[j] - np.rint(fixed[j])
        fixed[j] = np.rint(fixed[j])
        rest = slice(j + 1, 40)
        if j < 39:
            fixed[rest] += error * np.linalg.solve(hessian[rest, rest], hessian[rest, j])
    assert levels_of(list(target), hessian).tolist() == fixed.tolist()
    plain, compensated = np.rint(target) - target, fixed - target
    assert compensated @ hessian @ compensated < plain @ hessian @ plain


def test_a_level_that_costs_more_bits_than_it_is_worth_is_not_taken() -> None:
    # To take 0 instead of 1 for 0.6 costs 0.36 − 0.16 = 0.2. Counted from 16 zeros, a 1 takes
    # log2((16 + 1 + 0.02) / (0.5 + 0.02)) = 5.03 bits more.
    target = 0.6 * np.stack([np.roll([0.0, 0, 0, 1], k) for k in range(4)])
    worth = 0.2 / np.log2(17.02 / 0.52)
    for rd_weight, taken in ((0.0, 4), (0.9 * worth, 4), (1.1 * worth, 0)):
        assert choose_levels(target, np.eye(4), np.ones(4), rd_weight, 1).sum() == taken


def test_code_lengths_are_the_logarithms_of_smoothed_shares() -> None:
    # All rows and columns alike, so all weights are in one context: 12 zeros and 4 ones.
    levels = np.stack([np.roll([0.0, 0, 0, 1], k) for k in range(4)]).reshape(4, 4, 1)
    lengths = code_lengths(levels)
    assert lengths.bits.shape == (CONTEXTS, 2 * LARGEST + 1)
    (context,) = np.unique(lengths.context)
    total = 16 + sum(0.5 ** abs(level) + 0.02 for level in range(-LARGEST, LARGEST + 1))
    assert lengths.bits[context, LARGEST] == pytest.approx(-np.log2((12 + 1 + 0.02) / total))
    assert lengths.bits[context, LARGEST + 1] == pytest.approx(-np.log2((4 + 0.5 + 0.02) / total))


def test_the_bias_keeps_every_channels_mean() -> None:
    """Coarse levels move the mean of a layer's output; the bias moves it back."""
    torch.manual_seed(0)
    plan = Plan(8, 3, frozenset({"conv1"}), (FireShape(4, 8, 8), FireShape(4, 8, 8)), "complex")
    network = SqueezeNet(plan, classes=5).eval()
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            nn.init.normal_(parameter, std=0.1)
    # No more positions than are sampled in any layer, so the means are those of all outputs.
    inputs = torch.rand(40, 3, 13, 13) + 1
    told: list[float] = []
    with torch.inference_mode():
        found = curvature(network, inputs[:8])
        chosen = quantise(network, inputs, found, 1e-3, told.append)
        assert told[-1] == 1 and list(chosen) == [n for n, p in network.named_parameters() if p.ndim == 4]
        state = dict(network.state_dict())
        for name, layer in chosen.items():
            state[name] = torch.from_numpy(layer.levels * np.float32(layer.step))
            state[name.replace("weight", "bias")] = torch.from_numpy(layer.bias)
        small = SqueezeNet(plan, classes=5).eval()
        small.load_state_dict(state)
        for layer, own in zip(network.layers(), small.layers(), strict=True):
            if isinstance(layer.function, nn.Conv2d):
                want = layer.function(layer_input(network, layer.inputs[0], inputs)).mean((0, 2, 3))
                got = own.function(layer_input(small, layer.inputs[0], inputs)).mean((0, 2, 3))
                torch.testing.assert_close(got, want, atol=2e-4, rtol=1e-4)
    assert all(np.unique(layer.levels).size < 30 for layer in chosen.values())


def layer_input(network: SqueezeNet, name: str, pictures: torch.Tensor) -> torch.Tensor:
    return pictures if name == "pictures" else network.parts(pictures)[name]


def test_weights_are_fitted_to_the_inputs_that_the_compressed_network_has() -> None:
    """Inputs half as large need weights twice as large, but for the damping's 2 %."""
    torch.manual_seed(0)
    full, own = nn.Conv2d(6, 4, 1), nn.Conv2d(6, 4, 1)
    wanted = torch.randn(400, 6, 1, 1)
    x = wanted.flatten(1).double()
    mean, covariance = x.mean(0), x.T.cov(correction=0)
    moments = Moments(mean, mean / 2, covariance / 4, covariance / 4)
    with torch.no_grad():
        found = _quantise_layer(full, own, moments, 1.0, 1e-9)
        np.testing.assert_allclose(
            found.levels * found.step, 2 * full.weight.numpy(), rtol=0.05, atol=2 * found.step
        )
        torch.testing.assert_close(own(wanted / 2).mean(0), full(wanted).mean(0))


def test_a_weights_context_is_the_size_of_the_others_in_its_kernel() -> None:
    levels = np.zeros((1, 1, 9))
    levels[0, 0, 4] = 9
    alone, beside = code_lengths(levels).context[0, 0, 4], np.delete(code_lengths(levels).context[0, 0], 4)
    assert (alone, set(beside)) == (2, {4})


def test_levels_are_chosen_again_given_all_the_others() -> None:
    """Two inputs that are almost the same: 0.6 and 0.6 want a sum of 1.2, which 1 and 0 is nearest to."""
    hessian = correlated(2, 0, 1)
    target = np.array([[0.6, 0.6]])
    found = refined(np.array([[1.0, 1.0]]), target, hessian, 0.0, 1)
    assert sorted(found[0]) == [0, 1]
