"""What fits: the arithmetic of each limit, and the sentence that answers."""

from __future__ import annotations

import pytest

from squeeze_core.cost import comparison
from squeeze_core.cost.budget import Budget, answer, judge

ROWS = tuple(comparison.row(name) for name in ("vgg16", "resnet18", "squeezenet1_1", "mobilenet_v3_small"))


def test_flash_counts_the_bits_of_a_weight() -> None:
    tight = 1_235_496 * 2 / 1e6
    fits = [v.row.name for v in judge(ROWS, Budget(flash_mb=tight, bits=16), {}) if v.fits]
    assert fits == ["squeezenet1_1"]
    assert not any(v.fits for v in judge(ROWS, Budget(flash_mb=tight, bits=32), {}))


def test_ram_is_weights_and_activations() -> None:
    row = comparison.row("squeezenet1_1")
    need = row.megabytes + (row.activation_megabytes or 0)
    assert judge([row], Budget(ram_mb=need + 0.01), {})[0].fits
    assert not judge([row], Budget(ram_mb=need - 0.01), {})[0].fits
    # A compressed file takes as much: it is unpacked before it computes.
    for file in comparison.compressed_rows():
        assert judge([file], Budget(ram_mb=1), {})[0].checks[0].needs == pytest.approx(need)


def test_download_is_bits_over_the_assumed_speed() -> None:
    (verdict,) = judge([comparison.row("vgg16")], Budget(download_s=60), {})
    assert verdict.checks[0].needs == pytest.approx(138_357_544 * 32 / 1.6e6)
    assert "the limit" in verdict.reason and not verdict.fits


def test_a_time_nobody_measured_does_not_pass() -> None:
    budget = Budget(milliseconds=20)
    assert not judge(ROWS, budget, {})[0].fits
    verdicts = judge(ROWS, budget, {"resnet18": 12.0, "vgg16": 80.0})
    assert [v.row.name for v in verdicts if v.fits] == ["resnet18"]


def test_the_answer_names_the_most_accurate_that_fits_or_the_closest() -> None:
    assert "MobileNet V3 Small" in answer(judge(ROWS, Budget(flash_mb=20), {}))
    none = answer(judge(ROWS, Budget(flash_mb=1), {}))
    assert none.startswith("None") and "SqueezeNet 1.1" in none
    # By the limit that it misses most: ResNet18 is fast, and 47 times too large.
    times = {"resnet18": 1.0, "squeezenet1_1": 5.0}
    assert "SqueezeNet 1.1" in answer(judge(ROWS[1:3], Budget(flash_mb=1, milliseconds=10), times))
