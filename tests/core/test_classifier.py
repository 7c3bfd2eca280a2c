from __future__ import annotations

import numpy as np
import pytest

from squeeze_core import gallery
from squeeze_core.classifier import classify
from squeeze_core.networks.catalogue import IMAGENET_LABELS, named


def test_the_cat_is_an_egyptian_cat(engine, chelsea) -> None:
    answer = next(classify([chelsea], engine))
    assert [prediction.label for prediction in answer.top(3)] == ["Egyptian cat", "tiger cat", "tabby"]
    assert answer.top(1)[0].index == 285
    assert answer.probabilities.shape == (1000,)
    assert answer.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert answer.milliseconds > chelsea.milliseconds
    with pytest.raises(ValueError, match="read-only"):
        answer.probabilities[0] = 1


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (
            "squeezenet1_1",
            {"coffee.jpg": "espresso", "camera.png": "tripod", "motorcycle_left.jpg": "moped"},
        ),
        ("efficientnet_lite0", {"coffee.jpg": "espresso", "camera.png": "tripod", "china.jpg": "palace"}),
    ],
)
def test_samples_are_recognised(engine, samples, model: str, expected: dict[str, str]) -> None:
    answers = list(classify([samples[file] for file in expected], engine, named(model)))
    assert {answer.file: answer.top(1)[0].label for answer in answers} == expected
    assert {answer.model for answer in answers} == {model}


def test_a_batch_gives_what_single_pictures_give(engine, samples) -> None:
    pictures = list(samples.values())
    single = [answer.probabilities for answer in classify(pictures, engine)]
    batched = [answer.probabilities for answer in classify(iter(pictures), engine, at_once=4)]
    np.testing.assert_allclose(batched, single, atol=1e-5)


def test_a_generator_is_read_a_batch_at_a_time(engine, chelsea) -> None:
    given = []

    def pictures():
        for number in range(10):
            given.append(number)
            yield chelsea

    answers = classify(pictures(), engine, at_once=2)
    next(answers)
    assert given == [0, 1]


def test_labels_are_imagenets() -> None:
    labels = IMAGENET_LABELS
    assert len(labels) == 1000 and labels[0] == "tench" and labels[999] == "toilet tissue"


def test_every_sample_says_where_it_is_from() -> None:
    for sample in gallery.samples():
        assert sample.title and sample.alt and sample.source and sample.licence
        assert sample.path.stat().st_size < 300_000
        assert sample.picture().image.mode == "RGB"
