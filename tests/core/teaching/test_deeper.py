"""Deeper layers: trained, judged by pictures left out, and kept only where that is better."""

from __future__ import annotations

import numpy as np
import pytest

from squeeze_core.classifier import softmax
from squeeze_core.errors import UserError
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.engine import Engine
from squeeze_core.teaching import deeper, taught
from squeeze_core.teaching.examples import Example


def test_a_network_that_is_no_better_is_not_kept(
    classes: dict[str, list[Example]], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deeper, "_VIEWS", 16)
    monkeypatch.setattr(deeper, "_SEEN", 48)
    made = taught.teach(classes)
    losses = iter([0.5, 0.1, 0.1, 0.5])  # trained and before, twice
    monkeypatch.setattr(deeper.head, "log_loss", lambda *_: next(losses))
    worse, better = deeper.deeper(made, engine), deeper.deeper(made, engine)
    assert not worse.kept and worse.taught is made and "not kept" in worse.words
    assert better.kept and better.after.value >= 90
    trained = better.taught
    network = taught.network(trained, engine, "deeper")
    first, last = "features.0.weight", "features.12.squeeze.weight"
    before_, after_ = made.trunk.weights.state(), network.weights.state()
    assert np.array_equal(before_[first], after_[first]) and not np.array_equal(before_[last], after_[last])
    answer = softmax(engine.run(network, network.preprocess([trained.examples[0].image()])))[0]
    np.testing.assert_allclose(answer, softmax(trained.head(trained.features[:1]))[0], atol=1e-4)


def test_networks_of_other_weights_have_other_keys() -> None:
    state = DEFAULT.weights.state()
    other = state | {"features.0.bias": state["features.0.bias"] + 1}
    assert deeper._trunk(state).key == deeper._trunk(dict(state)).key != deeper._trunk(other).key


def test_too_few_pictures_are_said(classes: dict[str, list[Example]], engine: Engine) -> None:
    cat, cup, _ = classes.values()
    with pytest.raises(UserError, match="needs 3 pictures"):
        deeper.deeper(taught.teach({"cat": cat[:2], "cup": cup}), engine)
