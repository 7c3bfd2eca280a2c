"""Seconds, prices and memory follow from bytes and times by the formulas that stand beside them."""

from __future__ import annotations

import pytest

from squeeze_core.cost import comparison, meaning
from squeeze_core.cost.devices import DEVICES
from squeeze_core.cost.meaning import Assumptions
from squeeze_core.cost.measure import Measurement

ROWS = tuple(map(comparison.row, ("alexnet", "squeezenet1_1", "squeezenet1_1_sqz", "vgg16")))
ALEXNET, OURS, SMALL, VGG = ROWS
TIMED = Measurement("squeezenet1_1", "CPU", 36.0, 36.0, 36.0, 9, 30.0, 8, None, True, "", "", threads=2)


def test_a_download_takes_eight_bits_a_byte() -> None:
    assert meaning.download_seconds(OURS, 1.6) == pytest.approx(8 * 4.941984 / 1.6)
    assert meaning.download_seconds(SMALL, 1.6) == pytest.approx(8 * 0.47133 / 1.6)


def test_an_update_is_sent_to_every_device() -> None:
    assert meaning.update_price(OURS, Assumptions(devices=3, price_mb=2.0)) == pytest.approx(
        29.65, abs=0.01
    )


def test_a_core_hour_is_shared_by_the_threads_that_a_picture_uses() -> None:
    assert meaning.pictures_a_core_hour(TIMED) == 50_000
    assert meaning.price_of_1000(TIMED, Assumptions(price_core_hour=0.5)) == pytest.approx(0.01)


def test_a_compressed_file_needs_less_flash_and_as_much_memory() -> None:
    stm32 = next(device for device in DEVICES if device.name.startswith("STM32"))
    assert meaning.missing(OURS, stm32) == ["flash", "RAM"] and meaning.missing(SMALL, stm32) == ["RAM"]
    card = next(device for device in DEVICES if device.flash is None)
    assert meaning.missing(VGG, card) == ["RAM"] and meaning.missing(ALEXNET, card) == []


def test_the_table_has_every_formula_and_guesses_no_time() -> None:
    lines = {line["What"]: line for line in meaning.table(ROWS, Assumptions(), {TIMED.name: TIMED})}
    assert lines["Download, 3G"] == {
        "What": "Download, 3G",
        "AlexNet": "20 min",
        "SqueezeNet 1.1": "25 s",
        "SqueezeNet 1.1, compressed": "2.4 s",
        "VGG16": "46 min",
        "Formula": "8 × MB ÷ 1.6 Mbit/s",
    }
    here = lines["One picture, this machine"]
    assert here["SqueezeNet 1.1"] == here["SqueezeNet 1.1, compressed"] == "36 ms"
    assert here["AlexNet"] == here["VGG16"] == lines["One picture, Raspberry Pi Zero 2 W"]["VGG16"] == "–"
    assert lines["1,000 pictures"]["SqueezeNet 1.1"] == "$0.001" and all(
        "Formula" in one for one in lines.values()
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0754, "75 ms"), (2.36, "2.4 s"), (24.7, "25 s"), (1222, "20 min"), (9000, "2.5 h")],
)
def test_durations_read_as_people_say_them(seconds: float, words: str) -> None:
    assert meaning.duration(seconds) == words


@pytest.mark.parametrize(
    ("value", "words"), [(122_203, "€122,000"), (4.714, "€4.71"), (0.00314, "€0.0031")]
)
def test_prices_have_three_figures(value: float, words: str) -> None:
    assert meaning.price(value, "€") == words
