"""Verdicts on answers, and their share with its interval."""

from __future__ import annotations

import numpy as np

from squeeze_core.classifier import Classification
from squeeze_core.networks.catalogue import DEFAULT, named
from squeeze_core.verdicts import Verdicts, in_words


def test_shares_have_the_interval_of_wilson() -> None:
    assert in_words([True] * 5 + [False, None, False, False]) == "5 of 8 right, between 31 and 86 %"
    assert in_words([None, None]) == "" and in_words([True]) == "1 of 1 right, between 21 and 100 %"


def test_a_tick_counts_before_the_class_and_the_class_for_every_network_that_has_it() -> None:
    cat = Classification("a", DEFAULT, "cpu", np.eye(1000, dtype=np.float32)[285], 0.0)
    small = Classification("a", named("squeezenet1_1_sqz"), "cpu", cat.probabilities, 0.0)
    said = Verdicts(classes={"a": "tabby"}, ticks={("a", DEFAULT.key): True})
    assert said.of("a", cat) is True and said.of("a", small) is False and said.of("b", cat) is None
    said.classes["a"] = "my cat"
    assert said.of("a", small) is None
