"""Intervals of accuracies against values worked out in another way."""

from __future__ import annotations

import pytest

from squeeze_core.accuracy import paired_difference, share


def test_the_bounds_of_a_share_are_1_96_of_their_own_deviations_from_it() -> None:
    """Wilson's definition: both bounds p solve (p − 0.7)² = 1.96² p (1 − p) / 10."""
    found = share(70.0, 10)
    assert found.value == 70.0 and found.low < 70 < found.high
    for bound in (found.low / 100, found.high / 100):
        assert (bound - 0.7) ** 2 == pytest.approx(1.96**2 * bound * (1 - bound) / 10)
    assert share(100.0, 10).high == pytest.approx(100.0)
    assert share(0.0, 10).low == pytest.approx(0.0)


def test_the_difference_on_the_same_pictures_counts_what_changed_only() -> None:
    """43 lost and 25 won of 1,000: the standard deviation of 43 times −1, 25 times +1 and 932 times 0."""
    values = [-1.0] * 43 + [1.0] * 25 + [0.0] * 932
    mean = sum(values) / 1000
    spread = (sum((value - mean) ** 2 for value in values) / 1000) ** 0.5
    half = 100 * 1.96 * spread / 1000**0.5
    assert paired_difference(43, 25, 1000) == pytest.approx(
        (100 * mean, 100 * mean - half, 100 * mean + half)
    )
    assert paired_difference(43, 25, 1000).points() == "−1.8 points (−3.4 to −0.2)"
