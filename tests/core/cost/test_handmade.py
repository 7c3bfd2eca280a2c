"""HOG against facts about gradients; the recorded study is complete."""

from __future__ import annotations

import numpy as np
from PIL import Image

from squeeze_core.cost import comparison, handmade
from squeeze_core.cost.handmade import HogLinear, hog_features
from squeeze_core.images import Picture


def test_hog_sees_edges_and_not_brightness(chelsea: Picture) -> None:
    features = hog_features(chelsea.image)
    assert features.shape == (handmade.FEATURES,) and features.dtype == np.float32
    assert not hog_features(Image.new("RGB", (80, 80), "gray")).any()
    darker = chelsea.image.point(lambda value: value // 2)
    assert np.corrcoef(features, hog_features(darker))[0, 1] > 0.98


def test_the_row_counts_what_the_classifier_holds(chelsea: Picture) -> None:
    classifier = HogLinear.untrained(1000)
    assert comparison.row(handmade.NAME).parameters == classifier.parameters
    assert classifier.scores([chelsea.image, chelsea.image]).shape == (2, 1000)


def test_the_recorded_study_compares_like_with_like() -> None:
    record = handmade.study()
    assert record["hog"]["features"] == handmade.FEATURES
    assert record["squeezenet"]["features"] == 512
    assert record["always_the_commonest_class"] < record["hog"]["top1"] < record["squeezenet"]["top1"]
