"""HOG against facts about gradients; the recorded study is complete."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from squeeze_core.cost import comparison, handmade
from squeeze_core.cost.handmade import hog_features
from squeeze_core.images import Picture


def test_hog_sees_edges_and_not_brightness(chelsea: Picture) -> None:
    features = hog_features(chelsea.image)
    assert features.shape == (handmade.FEATURES,) and features.dtype == np.float32
    assert not hog_features(Image.new("RGB", (80, 80), "gray")).any()
    darker = chelsea.image.point(lambda value: value // 2)
    assert np.corrcoef(features, hog_features(darker))[0, 1] > 0.98


def test_scores_are_one_a_class_and_its_row_counts_their_weights(chelsea: Picture) -> None:
    weights, bias = np.zeros((1000, handmade.FEATURES), np.float32), np.arange(1000, dtype=np.float32)
    weights[3] = hog_features(chelsea.image)
    (scores,) = handmade.scores([chelsea.image], weights, bias)
    assert scores[3] == pytest.approx(3 + weights[3] @ weights[3]) and scores[7] == 7
    assert comparison.row(handmade.NAME).parameters == weights.size + bias.size


def test_the_recorded_study_compares_like_with_like() -> None:
    record = handmade.study()
    assert record["hog"]["features"] == handmade.FEATURES
    assert record["squeezenet"]["features"] == 512
    assert record["always_the_commonest_class"] < record["hog"]["top1"] < record["squeezenet"]["top1"]
