"""The page Teach as a session sees it."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from pages.teach_parts.lesson import Lesson
from squeeze_core import gallery
from squeeze_core.teaching.sets import SETS
from tests.sessions import opened


@pytest.fixture
def at() -> AppTest:
    return opened("pages/teach.py")


def lesson(at: AppTest) -> Lesson:
    return at.session_state["teach"]


def said(at: AppTest) -> str:
    return " ".join(one.value for one in (*at.info, *at.warning, *at.error, *at.caption)).replace("\\", "")


def test_a_set_is_taught_a_picture_moved_and_the_network_used_on_every_page(at: AppTest) -> None:
    assert "Class 1 has no pictures." in said(at)
    at.button(key="teach-set-textures").click().run()
    assert not at.exception
    assert [(pile.name, len(pile.examples)) for pile in lesson(at).piles] == [
        ("brick", 9), ("grass", 9), ("gravel", 9)
    ]  # fmt: skip
    assert re.fullmatch(r"\d+(\.\d)?\s*% of the answers are right", at.subheader[0].value)
    before = lesson(at).made
    assert before and before.accuracy and before.accuracy.value > 80
    look = at.selectbox(key="teach-look")
    look.set_value(next(one for one in look.options if one.startswith("brick, right"))).run()
    key = next(one.key for one in at.selectbox if one.key and one.key.startswith("teach-move-"))
    at.selectbox(key=key).set_value("gravel").run()
    assert not at.exception
    assert [len(pile.examples) for pile in lesson(at).piles] == [8, 9, 10]
    assert lesson(at).made is not before
    at.button(key="teach-use").click().run()
    assert not at.exception
    network = at.session_state["networks"].own["My classes"]
    assert network.labels == ("brick", "grass", "gravel") and network.known
    assert at.session_state["networks"].chosen == "My classes"
    assert "Every page uses this network now." in [one.value for one in at.success]
    assert "None of these classes" in said(at), "the cat in the tray is no texture"
    classify = opened("pages/classify.py", networks=at.session_state["networks"])
    assert "None of its classes" in [one.value for one in classify.header]


def test_one_class_alone_bad_files_and_long_names_are_said(at: AppTest) -> None:
    sample = gallery.samples()[0].path.read_bytes()
    drop = at.file_uploader(key="teach-drop-1-0").upload("cut.zip", b"PK").upload("cat.png", sample)
    drop.upload("bad.jpg", b"no picture").run()
    assert not at.exception
    refused = at.error[0].value.replace("\\", "")
    assert "cut.zip is not a ZIP file." in refused and "bad.jpg" in refused
    assert len(lesson(at).piles[0].examples) == 1
    at.button(key="teach-remove-2").click().run()
    assert "Two classes are needed" in said(at)
    at.text_input(key="teach-name-1").set_value("😀" * 80).run()
    at.button(key="teach-add").click().run()
    assert lesson(at).piles[0].name == "😀" * 80 and "Class 3 has no pictures." in said(at)
    at.text_input(key="teach-name-3").set_value("😀" * 80).run()
    assert not at.exception and "Two classes are called" in said(at)
    at.button(key="teach-clear").click().run()
    assert [(pile.name, len(pile.examples)) for pile in lesson(at).piles] == [
        ("Class 1", 0),
        ("Class 2", 0),
    ]


def test_a_folder_is_a_class_for_each_folder_in_it_that_has_pictures(at: AppTest) -> None:
    sample = gallery.samples()[0].path.read_bytes()
    drop = at.file_uploader(key="teach-folder-drop-0").upload("set/.DS_Store", b"Mac")
    drop.upload("set/cats/cat.png", sample).upload("set/broken/dog.jpg", b"no picture").run()
    assert not at.exception
    refused = at.error[0].value.replace("\\", "")
    assert "dog.jpg" in refused and "DS_Store" not in refused
    assert [(pile.name, len(pile.examples)) for pile in lesson(at).piles] == [("cats", 1)]


def test_sets_are_real_pictures_of_as_many_classes() -> None:
    for offered, classes in ((SETS["textures"], 3), (SETS["digits"], 5)):
        sources = offered.sources()
        assert len({source.path.parent.name for source in sources}) == classes
        picture = sources[0].picture()
        assert min(picture.image.size) > 100 and len(picture.image.getcolors(1 << 20) or ()) > 20
