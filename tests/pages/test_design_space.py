"""The page Design space without a browser."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.sessions import opened


@pytest.fixture
def app() -> AppTest:
    """A session of the test's own."""
    return opened("pages/design_space.py")


@pytest.fixture(scope="module")
def untouched() -> AppTest:
    """A session in which no test clicks."""
    return opened("pages/design_space.py")


def figures(app: AppTest) -> dict[str, str]:
    assert not app.exception
    return {metric.label: metric.value for metric in app.metric}


def test_starts_at_squeezenet_exactly(untouched: AppTest) -> None:
    assert figures(untouched)["Parameters"] == "1,248,424"
    assert untouched.metric[0].delta == "SqueezeNet 1.0 itself"


def test_sliders_presets_and_versions_build_the_network(app: AppTest) -> None:
    app.slider(key="design-sr").set_value(0.75).run()
    assert figures(app)["Parameters"] == "4,841,704"
    assert app.metric[0].delta == "3.88 times SqueezeNet 1.0"
    app.button(key="preset-SqueezeNet 1.1").click().run()
    assert figures(app)["Parameters"] == "1,235,496"
    assert app.slider(key="design-sr").value == 0.125
    app.button(key="preset-Complex bypass").click().run()
    assert figures(app)["Parameters"] == "1,589,672"
    assert any("6.36 MB. Table 3 of the paper prints 7.7 MB" in text.value for text in app.caption)


def test_impossible_settings_say_which_number_to_change_and_lose_nothing(app: AppTest) -> None:
    app.slider(key="design-sr").set_value(0.0).run()
    assert [error.value for error in app.error] == [
        "fire2 would have no squeeze channel; raise SR (now 0)."
    ]
    app.slider(key="design-sr").set_value(0.125).run()
    app.slider(key="design-size").set_value(12).run()
    assert "raise the input size to 21" in app.error[0].value
    app.slider(key="design-size").set_value(224).run()
    assert not app.error and figures(app)["Parameters"] == "1,248,424"
