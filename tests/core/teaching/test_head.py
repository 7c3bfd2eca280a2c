"""The head: linear, chosen by cross-validation, each picture judged by a head made without it."""

from __future__ import annotations

import numpy as np
import pytest

from squeeze_core.classifier import softmax
from squeeze_core.teaching import head


def blobs(each: int, classes: int = 3, spread: float = 0.4) -> tuple[np.ndarray, np.ndarray]:
    """Features of classes that differ in a few of 64 channels, none below 0 as after a ReLU."""
    random, truth = np.random.default_rng(0), np.repeat(np.arange(classes), each)
    features = np.abs(random.normal(0, spread, (len(truth), 64)))
    features[np.arange(len(truth)), truth] += 4 * spread
    return features.astype(np.float32), truth


@pytest.mark.parametrize("each", [1, 2, 4, 15])
def test_a_head_learns_its_classes(each: int) -> None:
    features, truth = blobs(each)
    found = head.choose(features, truth)
    others, theirs = blobs(40)
    assert (found.head(others).argmax(1) == theirs).mean() > 0.85
    assert (found.unseen is None) == (each == 1)
    assert found.strength == 0.0 if each <= head.FEWEST else found.strength in head.STRENGTHS


def test_a_picture_is_judged_by_a_head_made_without_it() -> None:
    """With labels drawn by lot, the other pictures say nothing of the one left out."""
    random = np.random.default_rng(1)
    features, truth = np.abs(random.normal(1, 1, (40, 64))), np.arange(40) % 2
    unseen = head.choose(features, truth).unseen
    assert unseen is not None and (unseen.argmax(1) == truth).mean() < 0.75
    places = np.concatenate(head.folds(truth))
    assert sorted(places) == list(range(40))


def test_folds_leave_one_out_only_where_there_are_few() -> None:
    assert [len(one) for one in head.folds(np.repeat([0, 1], 5))] == [1] * 10
    assert [len(one) for one in head.folds(np.repeat([0, 1], 20))] == [4] * 10
    assert all(
        np.bincount(np.delete(t, one)).min() > 0 for t in [np.repeat(range(20), 4)] for one in head.folds(t)
    )


def test_fewer_numbers_give_the_same_head() -> None:
    features, truth = blobs(6)
    found = head.choose(features, truth)
    whole = head.fit(features.astype(np.float64), truth, found.strength)
    np.testing.assert_allclose(softmax(found.head(features)), softmax(whole(features)), atol=1e-3)


def test_one_in_ten_taught_pictures_is_refused_and_strangers_are() -> None:
    features, truth = blobs(30, spread=0.2)
    known = head.known_of(features, truth)
    assert known is not None
    others, _ = blobs(60, spread=0.2)
    strangers = np.abs(np.random.default_rng(2).normal(0, 0.2, (50, 64)))
    strangers[:, 20:24] += 2
    refused = [float(known.unlike(one[:, :, None, None]).mean()) for one in (others, strangers)]
    assert refused[0] < 0.3 and refused[1] == 1.0
    assert head.known_of(features[:2], np.array([0, 1])) is None


def test_the_learning_curve_rises() -> None:
    features, truth = blobs(20, spread=1.0)
    curve = head.learning_curve(features, truth, 100.0)
    assert list(curve) == [1, 2, 3, 5, 8, 12]
    assert curve[12] > curve[1]
