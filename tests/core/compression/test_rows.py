from __future__ import annotations

from squeeze_core.compression.rows import rows
from squeeze_core.cost.budget import Budget, judge
from squeeze_core.cost.comparison import REFERENCE, row
from squeeze_core.networks.catalogue import named


def test_compressed_files_have_their_own_bytes_and_lose_what_was_measured() -> None:
    full, files = row(REFERENCE), {one.title: one for one in rows()}
    shipped = files["SqueezeNet 1.1, compressed (.sqz)"]
    assert shipped.stored_bytes == named("squeezenet1_1_sqz").weights.bytes()
    assert full.top1 is not None and shipped.top1 is not None
    assert 0 < full.top1 - shipped.top1 < 1.5 and "measured on" in shipped.source
    assert shipped.parameters == full.parameters


def test_what_does_not_fit_whole_fits_compressed() -> None:
    verdicts = judge((row(REFERENCE), *rows()), Budget(flash_mb=2 * 2**20 / 1e6), {})
    assert {one.row.title for one in verdicts if one.fits} == {
        "SqueezeNet 1.1, compressed (.sqz)",
        "SqueezeNet 1.1, int8 per channel (ONNX)",
    }
    (shipped,) = (one for one in verdicts if ".sqz" in one.row.title)
    (flash,) = shipped.checks
    assert flash.needs == 0.472563


def test_memory_is_that_of_the_unpacked_network() -> None:
    full, shipped = row(REFERENCE), rows()[0]
    whole, packed = (judge((one,), Budget(ram_mb=100), {})[0].checks[0].needs for one in (full, shipped))
    assert whole == packed
