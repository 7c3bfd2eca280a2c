"""The page "Why?" as a session sees it."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from pages.session.tray import Entry
from squeeze_core import gallery, images
from squeeze_core.inside.explain import METHODS
from tests.sessions import opened


@pytest.fixture
def at() -> AppTest:
    return opened("pages/why.py")


def texts(at: AppTest) -> str:
    return "\n".join(one.value for one in at.markdown)


def test_a_first_visitor_sees_two_methods_explain_the_prediction(at: AppTest) -> None:
    assert at.title[0].value == "Why “Egyptian cat”?"
    for name in ("cam", "integrated_gradients"):
        assert METHODS[name].meaning in texts(at)
        assert METHODS[name].limits in texts(at)
    assert "CAM" in at.caption[-1].value


def test_an_answer_that_is_not_sure_says_so_in_the_title() -> None:
    at = opened("pages/why.py", {"sample": "astronaut"})
    assert at.title[0].value == "Why? Not sure: perhaps “barbell”"
    assert "knows 1,000 classes; what is in the picture may be none of them" in at.caption[0].value


def test_another_class_can_be_explained(at: AppTest) -> None:
    box = at.selectbox[1]
    tabby = next(option for option in box.options if option.startswith("tabby ·"))
    box.select_index(box.options.index(tabby)).run()
    assert not at.exception
    assert any(one.value.startswith("**Egyptian cat**") for one in at.markdown)
    assert any(one.value.startswith("**tabby**") for one in at.markdown)


def test_the_methods_are_scored(at: AppTest) -> None:
    at.toggle(key="why-score").set_value(True).run()
    assert not at.exception
    scores = {one.label: float(one.value) for one in at.metric}
    assert len(scores) == 4
    assert all(0 <= value <= 1 for value in scores.values())
    assert scores["CAM: deletion, lower is better"] < scores["CAM: insertion, higher is better"]


def test_another_picture_of_the_same_name_starts_at_its_own_best_class(at: AppTest) -> None:
    at.session_state["why-method-right"] = "cam"  # the fastest
    for sample in gallery.samples()[:2]:
        picture = images.decode(sample.path.read_bytes(), "picture.jpg")
        at.session_state["tray"].entries = {picture.key: Entry(picture, picture.name, "")}
        at.session_state["tray"].chosen = picture.key
        at.run()
        assert not at.exception
        box = at.selectbox[1]
        assert box.index == 0
        box.select_index(3).run()
