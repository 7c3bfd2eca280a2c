"""From which probability an answer is sure: as measured, and by the number of classes."""

from __future__ import annotations

import numpy as np
import pytest

from squeeze_core.networks.catalogue import DEFAULT, named
from squeeze_core.networks.sureness import Sureness, of_classes
from tools.sureness import fitted


def test_the_best_answers_calibrated_probability_decides() -> None:
    half = np.array([0.5, 0.3, 0.2], np.float32)
    assert Sureness(1.0, 0.49).of(half) and not Sureness(1.0, 0.51).of(half)
    # Logits twice as large: squares, 0.25 of 0.25 + 0.09 + 0.04.
    assert Sureness(0.5, 0.65).of(half) and not Sureness(0.5, 0.66).of(half)


def test_a_network_of_few_classes_has_to_be_as_far_above_a_guess() -> None:
    least = DEFAULT.sureness.least
    assert of_classes(1000).least == pytest.approx(least)
    assert of_classes(2).least == pytest.approx(0.5 + 0.5 * (least - 0.001) / 0.999)
    assert named("vgg16").sureness == of_classes(1000) and DEFAULT.sureness != of_classes(1000)


def test_a_picture_of_one_colour_is_never_sure() -> None:
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0]], np.uint8)
    for network in (DEFAULT, named("squeezenet1_1_sqz")):
        side = network.preprocess.size
        views = [np.broadcast_to(colour, (side, side, 3)) for colour in colours]
        logits = network.load_on("cpu")(network.preprocess.array(views)).astype(np.float64)
        powers = np.exp(logits - logits.max(1, keepdims=True))
        assert not any(network.sureness.of(row / row.sum()) for row in powers)


def test_temperature_and_probability_are_found_that_drew_the_answers() -> None:
    draw = np.random.default_rng(0)
    chance = draw.uniform(0.5, 1, 10_000)
    logits = np.stack([2 * np.log(chance / (1 - chance)), np.zeros_like(chance)], 1)
    truth = (draw.uniform(size=len(chance)) > chance).astype(int)
    assert fitted(logits, truth).temperature == pytest.approx(2, abs=0.1)
    # Answers of 0.8 are right half of the time, as those at the probability found are.
    odds = (chance / (1 - chance) / 4) ** 3
    right = draw.uniform(size=len(chance)) < odds / (1 + odds)
    found = fitted(logits, np.where(right, 0, 1))
    calibrated = 1 / (1 + np.exp(-logits[:, 0] / found.temperature))
    assert 0.4 < right[np.abs(calibrated - found.least) < 0.02].mean() < 0.6
