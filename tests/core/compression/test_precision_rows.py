"""SqueezeNet 1.1 in fewer bytes as rows of the comparison."""

from __future__ import annotations

import pytest

from squeeze_core.compression.curve import curve
from squeeze_core.compression.precision_rows import fewer_bytes
from squeeze_core.cost.budget import Budget, answer, judge
from squeeze_core.cost.comparison import REFERENCE, row
from squeeze_core.networks.catalogue import named

SHIPPED, LARGER = "SqueezeNet 1.1, compressed", "SqueezeNet 1.1, compressed to 496 kB"
HALF, EIGHT_BITS = "float16 (ONNX)", "int8 per channel (ONNX)"


def test_every_file_has_its_own_bytes_and_is_measured_against_the_uncompressed_network() -> None:
    full, files = row(REFERENCE), fewer_bytes()
    assert [file.title.removeprefix("SqueezeNet 1.1, ") for file in files] == [
        "compressed",
        "compressed to 496 kB",
        HALF,
        EIGHT_BITS,
    ]
    for file in files:
        assert file.top1 is None and file.parameters == full.parameters
        assert file.measured is not None and file.measured.difference is not None
        # What was lost and won explains the two accuracies.
        assert file.measured.difference.value <= 0
        assert full.top1 is not None
        assert file.expected_top1 == pytest.approx(full.top1 + file.measured.difference.value)
        assert "against its uncompressed weights on the same pictures" in file.accuracy
    assert files[0].stored_bytes == named("squeezenet1_1_sqz").weights.bytes()
    assert files[0].measured != files[1].measured


def test_lost_and_won_answers_are_those_of_the_two_accuracies() -> None:
    points = {point.series: point for point in curve().points}
    full = points["fp32"]
    for point in points.values():
        if point.lost is not None and point.won is not None:
            assert full.top1 is not None and point.top1 is not None
            change = 100 * (point.won - point.lost) / curve().pictures
            assert point.top1 - full.top1 == pytest.approx(change, abs=0.02)


def test_the_recorded_steps_end_at_the_shipped_file() -> None:
    assert curve().steps[-1].bytes == named("squeezenet1_1_sqz").weights.bytes()


def test_what_does_not_fit_whole_fits_compressed() -> None:
    verdicts = judge((row(REFERENCE), *fewer_bytes()), Budget(flash_mb=2 * 2**20 / 1e6), {})
    assert {one.row.title for one in verdicts if one.fits} == {
        SHIPPED,
        LARGER,
        f"SqueezeNet 1.1, {EIGHT_BITS}",
    }
    (shipped,) = (one for one in verdicts if one.row.title == SHIPPED)
    (flash,) = shipped.checks
    assert flash.needs == 0.47133
    assert "points" in answer(verdicts) and "57.5" not in answer(verdicts)


def test_memory_is_that_of_the_unpacked_network() -> None:
    full, shipped = row(REFERENCE), fewer_bytes()[0]
    whole, packed = (judge((one,), Budget(ram_mb=100), {})[0].checks[0].needs for one in (full, shipped))
    assert whole == packed
