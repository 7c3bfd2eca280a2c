"""The page Compare, tab by tab, without a browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from squeeze_core.cost.measure import MeasureError, Measurement, MeasureStep
from squeeze_core.networks.catalogue import Network
from tests.sessions import opened


def open_tab(name: str, **state: object) -> AppTest:
    return opened("pages/compare.py", **{"compare-tab": name}, **state)


def headings(app: AppTest) -> list[str]:
    """Those of the tab: the first on the page is the headline's."""
    assert not app.exception
    return [heading.value for heading in app.header][1:]


def test_headline_and_cost_state_the_finding_for_the_networks_chosen() -> None:
    app = open_tab("Cost")
    assert app.title[0].value == "What do we give up for a smaller network?"
    assert app.header[0].value == "57.5 % top-1 instead of VGG16’s 71.6 %, in 1/112 of the bytes"
    assert "SqueezeNet 1.1 needs 112× fewer parameters than VGG16" in headings(app)
    app.multiselect(key="compare-networks").set_value(["resnet18", "hog_linear"]).run()
    assert "SqueezeNet 1.1 needs 9.5× fewer parameters than ResNet18" in headings(app)
    app.multiselect(key="compare-networks").set_value([]).run()
    assert "SqueezeNet 1.1 needs 1.24 M parameters" in headings(app)


def test_what_it_means_follows_the_persons_figures() -> None:
    app = open_tab("What it means")
    app.number_input(key="meaning-mbit_3g").set_value(0.8)
    app.number_input(key="meaning-price_mb").set_value(0.4)
    app.text_input(key="meaning-currency").set_value("€").run()
    assert not app.exception
    (table,) = [one.value for one in app.dataframe if "Formula" in one.value]
    lines = {cells[0]: dict(zip(table.columns, cells, strict=True)) for cells in table.values.tolist()}
    assert lines["Download, 3G"]["SqueezeNet 1.1"] == "49 s"
    assert lines["Update of 10,000 devices"]["AlexNet"] == "€978,000"
    assert lines["Update of 10,000 devices"]["Formula"] == "10,000 × MB × €0.40 a MB"


def test_what_fits_answers_and_changes_with_the_budget() -> None:
    app = open_tab("What fits?")
    assert "networks fit" in headings(app)[0]
    app.number_input(key="fits-flash_mb").set_value(5.0).run()
    assert headings(app) == [
        "7 of 48 networks fit; the most accurate is SqueezeNet 1.1 (torchvision): "
        "58.2 % top-1 as published."
    ]
    app.number_input(key="fits-flash_mb").set_value(0.5).run()
    assert headings(app)[0].startswith(
        "2 of 48 networks fit; the most accurate is SqueezeNet 1.1, compressed"
    )
    app.number_input(key="fits-flash_mb").set_value(0.4).run()
    assert headings(app)[0].startswith("None of the 48 networks fits")
    app.number_input(key="fits-milliseconds").set_value(10.0).run()
    assert not app.exception


def test_a_device_fills_in_its_makers_figures() -> None:
    app = open_tab("What fits?")
    app.button(key="fits-device-STM32H743ZI").click().run()
    assert app.number_input(key="fits-flash_mb").value == 2.1
    assert headings(app)[0].startswith("None of the 48 networks fits")
    app.button(key="fits-device-Raspberry Pi Zero 2 W").click().run()
    assert app.number_input(key="fits-flash_mb").value is None
    assert "networks fit" in headings(app)[0]


def test_slides_can_be_ticked_out_and_the_budget_is_in_the_advice() -> None:
    app = open_tab("Report", **{"fits-flash_mb": 5.0, "fits-ram_mb": None, "fits-download_s": None})
    assert not app.exception
    assert app.checkbox(key="deck-decision").value and not app.checkbox(key="deck-scale").value
    for box in app.checkbox:
        box.set_value(False)
    app.run()
    assert [info.value for info in app.info] == ["Tick at least one slide."]


@pytest.mark.parametrize(
    ("tab", "says"),
    [
        ("Accuracy", ("ResNet50 is 23 points more accurate with 21× the bytes", "Learnt features name")),
        ("Report", ("Present it or take it with you",)),
    ],
)
def test_every_other_tab_says_what_it_found(tab: str, says: tuple[str, ...]) -> None:
    found = "\n".join(headings(open_tab(tab)))
    assert all(words in found for words in says)


def measurement(name: str) -> Measurement:
    return Measurement(
        name, "Test CPU", 10.0, 9.0, 12.0, 20, 90.0, 8, None, False, "2026-01-31", "PyTorch 2"
    )


def test_measuring_shows_what_it_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def events(subjects: Sequence[Network | str], device: str):  # type: ignore[no-untyped-def]
        names = [subject if isinstance(subject, str) else subject.name for subject in subjects]
        for number, name in enumerate(names):
            yield MeasureStep(name, number, len(names))
            yield measurement(name)

    monkeypatch.setattr("squeeze_core.cost.measure.measure", events)
    monkeypatch.setattr("pages.compare_parts.machine.measure", events)
    app = open_tab("This machine")
    app.button(key="measure-machine").click().run()
    assert headings(app)[0].startswith("SqueezeNet 1.1 takes 10 ms a picture here")
    assert any("Test CPU, 2026-01-31, PyTorch 2" in caption.value for caption in app.caption)


def test_why_fifty_times_smaller_is_not_fifty_times_faster_has_this_machines_figures() -> None:
    small, large = measurement("squeezenet1_1"), replace(measurement("alexnet"), milliseconds=35.0)
    app = open_tab("What it means")
    assert app.button(key="measure-why-not-faster").label == "Measure SqueezeNet and AlexNet"
    published = (
        "1.8× the multiply-accumulates; it takes 2.3× as long on a Raspberry Pi Zero 2 W, as published"
    )
    assert any(published in text.value for text in app.markdown)
    app = open_tab("What it means", measured={"squeezenet1_1": small, "alexnet": large})
    assert "Why isn’t fifty times smaller fifty times faster?" in headings(app)
    sentence = "1.8× the multiply-accumulates; it takes 3.5× as long on this machine, measured"
    assert any(sentence in text.value for text in app.markdown)


def test_a_measurement_that_fails_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def events(subjects: Sequence[Network | str], device: str):  # type: ignore[no-untyped-def]
        yield MeasureStep("squeezenet1_1", 0, 1)
        raise MeasureError("vgg16 could not be measured on cpu: it was stopped")

    monkeypatch.setattr("pages.compare_parts.machine.measure", events)
    app = open_tab("This machine")
    app.button(key="measure-machine").click().run()
    said = [error.value.replace("\\", "") for error in app.error]
    assert said == ["vgg16 could not be measured on cpu: it was stopped"]
