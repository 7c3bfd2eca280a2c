"""Explanations of a real cat, by the properties that define them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from squeeze_core.images import Picture
from squeeze_core.inside.explain import METHODS, SCORE_STEPS, Explanation, explain, score
from squeeze_core.inside.trace import fire_trace
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.engine import Engine

CAT, CUP, SHARK = 285, 968, 3


@pytest.fixture(scope="module")
def shares() -> dict[str, list[float]]:
    """The progress that each method told while `found` was made."""
    return {method: [] for method in METHODS}


@pytest.fixture(scope="module")
def found(chelsea: Picture, engine: Engine, shares: dict[str, list[float]]) -> dict[str, Explanation]:
    """Every method's explanation of the cat in Chelsea's picture."""
    return {
        method: explain(chelsea, engine, DEFAULT, method, CAT, shares[method].append) for method in METHODS
    }


@pytest.mark.parametrize("index", [CAT, CUP, 0, 999])
def test_cam_averages_to_the_logit(chelsea: Picture, engine: Engine, index: int) -> None:
    cam = explain(chelsea, engine, DEFAULT, "cam", index)
    logit = float(fire_trace(chelsea, engine, DEFAULT).logits[index])
    assert cam.map.mean() == pytest.approx(logit, abs=1e-4)


def test_grad_cam_agrees_with_cam_on_a_network_that_ends_in_an_average(
    found: dict[str, Explanation],
) -> None:
    correlation = np.corrcoef(found["cam"].map.ravel(), found["grad_cam"].map.ravel())[0, 1]
    assert correlation > 0.99


def test_grad_cam_is_the_positive_part_of_the_weighted_maps(chelsea: Picture, engine: Engine) -> None:
    """By the network's own arithmetic: the logit is the mean over conv10's positive places, so the mean
    gradient at fire9 is the share of those places times conv10's weights."""
    network = engine.get(DEFAULT).module
    with torch.inference_mode():
        parts = network.parts(torch.from_numpy(DEFAULT.preprocess([chelsea.image])))
    for index in (CAT, SHARK):
        positive = (parts["conv10"][0, index] > 0).float().mean()
        weights = network.convolution("conv10").weight[index, :, 0, 0]
        signed = (
            positive
            / parts["conv10"][0, index].numel()
            * torch.einsum("c,chw->hw", weights, parts["fire9"][0])
        )
        map_ = explain(chelsea, engine, DEFAULT, "grad_cam", index).map
        np.testing.assert_allclose(map_, signed.clamp(min=0).numpy(), atol=1e-4)
    assert (signed < -0.01).any()  # something here speaks against a shark, and is left out


def test_integrated_gradients_sum_to_the_difference_from_grey(
    found: dict[str, Explanation], chelsea: Picture, engine: Engine
) -> None:
    pair = np.concatenate([DEFAULT.preprocess([chelsea.image]), np.zeros((1, 3, 227, 227), np.float32)])
    logit, grey = engine.get(DEFAULT)(pair)[:, CAT].tolist()
    # 32 steps of a function with kinks: close, not equal.
    assert found["integrated_gradients"].map.sum() == pytest.approx(logit - grey, rel=0.1)


def test_occlusion_finds_what_the_logit_needs(
    found: dict[str, Explanation], chelsea: Picture, engine: Engine
) -> None:
    """The map's largest value is the fall of the logit under the patch there."""
    one = found["occlusion"]
    network, batch = engine.get(DEFAULT), DEFAULT.preprocess([chelsea.image])
    falls = []
    logit = float(network(batch)[0, CAT])
    for y, x in [(0, 0), (96, 96), (160, 48)]:
        covered = batch.copy()
        covered[:, :, y : y + 32, x : x + 32] = 0
        falls.append(logit - float(network(covered)[0, CAT]))
    # Windows overlap and Captum averages them, so a corner, seen by one window only, is exact.
    assert one.map[0, 0] == pytest.approx(falls[0], abs=1e-3)
    assert np.argmax(falls) == np.argmax(
        [one.map[y + 16, x + 16] for y, x in [(0, 0), (96, 96), (160, 48)]]
    )


@pytest.mark.parametrize("method", METHODS)
def test_every_map_covers_the_picture(found: dict[str, Explanation], method: str) -> None:
    one = found[method]
    assert one.upsampled().shape == (227, 227)
    assert np.isfinite(one.map).all()
    assert one.map.max() > 0
    assert one.label == "Egyptian cat"
    assert not one.map.flags.writeable


def test_occlusion_reports_progress_to_the_end(
    found: dict[str, Explanation], shares: dict[str, list[float]]
) -> None:
    told = shares["occlusion"]
    assert told == sorted(told) and told[-1] == 1 and len(told) > 10


def test_the_network_keeps_no_hooks(found: dict[str, Explanation], engine: Engine) -> None:
    network = engine.get(DEFAULT).module
    assert all(not module._forward_hooks and not module._backward_hooks for module in network.modules())
    assert all(not parameter.requires_grad for parameter in network.parameters())


def test_a_good_map_scores_better_than_its_opposite(
    found: dict[str, Explanation], chelsea: Picture, engine: Engine
) -> None:
    cam = found["cam"]
    opposite = Explanation(**{**vars(cam), "map": -cam.map})
    good, bad = score(cam, chelsea, engine, DEFAULT), score(opposite, chelsea, engine, DEFAULT)
    assert good.deletion < bad.deletion
    assert good.insertion > bad.insertion
    assert len(good.shares) == SCORE_STEPS + 1


def test_the_curves_start_and_end_at_the_whole_picture(
    found: dict[str, Explanation], chelsea: Picture, engine: Engine
) -> None:
    curve = score(found["cam"], chelsea, engine, DEFAULT)
    assert curve.deletion_curve[0] == pytest.approx(found["cam"].probability, abs=1e-4)
    assert curve.insertion_curve[-1] == pytest.approx(found["cam"].probability, abs=1e-4)
    assert curve.deletion_curve[-1] < 0.01


@pytest.mark.parametrize("method", ["cam", "integrated_gradients"])
def test_a_full_gpu_leaves_the_explanation_to_the_cpu(
    found: dict[str, Explanation], chelsea: Picture, full_gpu: Engine, method: str
) -> None:
    one = explain(chelsea, full_gpu, DEFAULT, method, CAT)
    assert full_gpu.notice
    np.testing.assert_allclose(one.map, found[method].map, rtol=1e-3, atol=1e-3)


def test_a_full_gpu_leaves_the_score_to_the_cpu(
    found: dict[str, Explanation], chelsea: Picture, engine: Engine, full_gpu: Engine
) -> None:
    scores = [score(found["cam"], chelsea, one, DEFAULT) for one in (engine, full_gpu)]
    assert full_gpu.notice
    assert scores[1].deletion == pytest.approx(scores[0].deletion, abs=1e-4)
