"""The page Compare, tab by tab, without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from squeeze_core.cost.measure import MeasureError, Measurement, Step

PAGE = str(Path(__file__).parents[2] / "pages" / "compare.py")


def open_tab(name: str, **state: object) -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=180)
    app.session_state["compare-tab"] = name
    for key, value in state.items():
        app.session_state[key] = value
    return app.run()


def headings(app: AppTest) -> list[str]:
    assert not app.exception
    return [heading.value for heading in app.subheader]


def test_cost_states_the_finding_for_the_networks_chosen() -> None:
    app = open_tab("Cost")
    assert app.title[0].value == "What does small cost, and what does it save?"
    assert "SqueezeNet 1.1 needs 112× fewer parameters than VGG16" in headings(app)
    app.multiselect(key="compare-networks").set_value(["resnet18", "hog_linear"]).run()
    assert "SqueezeNet 1.1 needs 9.5× fewer parameters than ResNet18" in headings(app)


def test_no_network_chosen_leaves_squeezenet_alone() -> None:
    app = open_tab("Cost")
    app.multiselect(key="compare-networks").set_value([]).run()
    assert "SqueezeNet 1.1 needs 1.24 M parameters" in headings(app)


def test_what_fits_answers_and_changes_with_the_budget() -> None:
    app = open_tab("What fits?")
    assert "networks fit" in headings(app)[0]
    app.number_input(key="fits-flash").set_value(5.0).run()
    assert headings(app) == ["2 of 42 networks fit; the most accurate is SqueezeNet 1.1 with 58.2% top-1."]
    app.number_input(key="fits-flash").set_value(0.5).run()
    assert headings(app)[0].startswith("None of the 42 networks fits")
    app.number_input(key="fits-ms").set_value(10.0).run()
    assert not app.exception


def test_your_picture_is_named_by_each_network_that_is_here() -> None:
    assert headings(open_tab("Your picture"))[0].startswith("SqueezeNet 1.1 sees “Egyptian cat”")


@pytest.mark.parametrize("tab", ["Accuracy", "The paper", "Take away"])
def test_every_other_tab_draws(tab: str) -> None:
    assert headings(open_tab(tab))


def measurement(name: str) -> Measurement:
    return Measurement(
        name, "Test CPU", 10.0, 9.0, 12.0, 20, 90.0, 8, None, False, "2026-01-31", "PyTorch 2"
    )


def test_measuring_shows_what_it_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def events(names: tuple[str, ...], device: str):  # type: ignore[no-untyped-def]
        for number, name in enumerate(names):
            yield Step(name, number, len(names))
            yield measurement(name)

    monkeypatch.setattr("squeeze_core.cost.measure.measure", events)
    monkeypatch.setattr("pages.compare_parts.machine.measure", events)
    app = open_tab("This machine")
    app.button(key="measure-machine").click().run()
    assert headings(app)[0].startswith("On this machine SqueezeNet 1.1 takes 10 ms a picture")
    assert any("Test CPU, 2026-01-31, PyTorch 2" in caption.value for caption in app.caption)


def test_a_measurement_that_fails_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def events(names: tuple[str, ...], device: str):  # type: ignore[no-untyped-def]
        yield Step(names[0], 0, 1)
        raise MeasureError("vgg16 could not be measured on cpu: it was stopped")

    monkeypatch.setattr("pages.compare_parts.machine.measure", events)
    app = open_tab("This machine")
    app.button(key="measure-machine").click().run()
    assert [error.value for error in app.error] == ["vgg16 could not be measured on cpu: it was stopped"]
