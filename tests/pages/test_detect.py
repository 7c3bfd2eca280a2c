from __future__ import annotations

import html
import re

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.server import results
from pages.session import tray
from squeeze_core import gallery
from squeeze_core.detector import attribution
from squeeze_core.detector.detect import detect
from squeeze_core.detector.pretrained import load_detector
from squeeze_core.images import Picture
from squeeze_core.inside import explain
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.engine import Engine
from tests.sessions import opened


@pytest.fixture
def app() -> AppTest:
    """The Detect page on the astronaut."""
    return opened("pages/detect.py", tray=tray.Tray(sample="astronaut.jpg"))


def tray_picture() -> Picture:
    return next(s for s in gallery.samples() if s.file == "astronaut.jpg").picture()


def drawn(at: AppTest) -> list[str]:
    """The captions of the boxes on screen."""
    bodies = " ".join(element.proto.body for element in at.get("html"))
    return [html.unescape(text) for text in re.findall(r'class="detection" title="([^"]*)"', bodies)]


def test_draws_the_person(app: AppTest) -> None:
    assert not app.exception
    assert app.title[0].value == "Where is it?"
    assert any(caption.startswith("person") for caption in drawn(app))


def test_moving_the_threshold_runs_no_network(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    app.session_state["tray"].sample = "camera.png"
    before = drawn(app.run())
    calls = []
    original = Engine.run
    monkeypatch.setattr(Engine, "run", lambda self, *a: calls.append(1) or original(self, *a))
    app.slider(key="detect-threshold").set_value(10.0).run()
    more = drawn(app)
    app.slider(key="detect-overlap").set_value(0.9).run()
    assert len(before) < len(more) <= len(drawn(app))
    assert calls == []


def test_nothing_found_names_the_closest_and_draws_none(app: AppTest) -> None:
    app.slider(key="detect-threshold").set_value(100.0).run()
    assert re.search(r"No object scores 100 % or more. Closest: person, 9\d %.", app.info[0].value)
    assert drawn(app) == []


def test_what_kind_names_cats_and_never_people(app: AppTest) -> None:
    app.toggle(key="detect-kinds").set_value(True).run()
    assert not app.exception
    assert all("(" not in caption for caption in drawn(app) if caption.startswith("person"))
    app.session_state["tray"].sample = "chelsea.png"
    app.run()
    assert re.fullmatch(r"cat \d+ % \(.*(cat|tabby) \d+ %\)", drawn(app)[0])


def test_anything_draws_the_chosen_class(app: AppTest) -> None:
    app.segmented_control(key="detect-mode").set_value("anything").run()
    assert not app.exception
    (first,) = drawn(app)
    (classes,) = app.selectbox
    answer = results.classification(tray_picture(), DEFAULT)
    assert len(classes.options) == 1000 and classes.value == answer.top(1)[0].index
    other = answer.top(200)[-1]
    classes.set_value(other.index).run()
    (second,) = drawn(app)
    assert first != second and second.startswith(other.label)
    assert "Weakly supervised" in " ".join(caption.value for caption in app.caption)


def test_every_picture_of_the_tray_is_shown(app: AppTest) -> None:
    entries = [tray.sample_entry(sample.file) for sample in gallery.samples()]
    app.session_state["tray"].entries = {entry.picture.key: entry for entry in entries}
    app.run()
    assert not app.exception
    assert "All pictures" in [heading.value for heading in app.header]
    assert len(app.image) == len(gallery.samples())

    def files() -> list[str]:
        (table,) = [table.value for table in app.dataframe if "file" in table.value]
        return list(table["file"])

    before = files()
    chelsea = tray.sample_entry("chelsea.png").picture
    app.button(key=f"detect-open-{chelsea.key[:16]}").click().run()
    assert app.session_state["tray"].chosen == chelsea.key
    assert {"astronaut.jpg", "chelsea.png"} <= set(before)
    app.slider(key="detect-threshold").set_value(5.0).run()
    assert len(files()) > len(before), "each picture's boxes follow the slider"


def test_class_filter(app: AppTest) -> None:
    app.session_state["tray"].sample = "motorcycle_left.jpg"
    app.run()
    app.slider(key="detect-threshold").set_value(5.0).run()
    pills = app.pills[0]
    pills.set_value([pills.options[0]]).run()
    assert {caption.rsplit(" ", 2)[0] for caption in drawn(app)} == {pills.options[0]}


def test_what_a_score_means_is_drawn(app: AppTest) -> None:
    (table,) = [table.value for table in app.dataframe if "mean score" in table.value]
    calibration = load_detector().calibration
    assert len(table) == len(calibration.before) + len(calibration.after)
    assert calibration.on in " ".join(caption.value for caption in app.caption)
    assert app.slider(key="detect-threshold").value == 100 * calibration.threshold


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The channels that the page links to: a page by itself knows no others, and links need them."""
    found: list[str] = []
    monkeypatch.setattr(
        st, "page_link", lambda *_, query_params, **__: found.append(query_params["channel"])
    )
    return found


def choose_first(app: AppTest) -> AppTest:
    """Choose the astronaut's box, as a click on it does; AppTest has no clicks on pictures or rows."""
    picture = tray_picture()
    first = next(detect([picture], results.engine())).detections()[0]
    app.session_state["detect-chosen"] = {picture.key: first}
    return app.run()


def test_a_chosen_box_is_explained(app: AppTest, links: list[str]) -> None:
    choose_first(app)
    assert not app.exception
    assert app.header[0].value.startswith("Why “person")
    metrics = {metric.label: metric.value for metric in app.metric}
    assert int(metrics["Of the map inside the box"].rstrip(" %")) >= 70
    assert int(metrics["person, here, without these 10"].rstrip(" %")) <= 2
    assert any("lies in the box" in html.unescape(element.proto.body) for element in app.get("html"))
    assert len(set(links)) == 10 and all(re.fullmatch(r"fire\d/\w+/\d+", link) for link in links)
    app.button(key="detect-why-close").click().run()
    assert not app.exception and "Why “" not in "".join(heading.value for heading in app.header)


def test_a_chosen_box_stays_chosen_when_a_setting_moves_it(app: AppTest, links: list[str]) -> None:
    choose_first(app)
    app.slider(key="detect-threshold").set_value(5.0).run()
    app.slider(key="detect-overlap").set_value(0.7).run()
    assert not app.exception and app.header[0].value.startswith("Why “person")


def test_a_chosen_box_that_is_shown_no_more_is_let_go(app: AppTest, links: list[str]) -> None:
    choose_first(app)
    app.slider(key="detect-threshold").set_value(100.0).run()
    assert not app.exception


def test_occlusion_reports_and_is_kept(
    app: AppTest, links: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain, "PATCH", 128)
    monkeypatch.setattr(explain, "PATCH_STRIDE", 128)
    choose_first(app)
    app.segmented_control(key="detect-why-method").set_value("occlusion").run()
    assert not app.exception
    assert "Zeiler" in " ".join(caption.value for caption in app.caption)
    calls = []
    monkeypatch.setattr(attribution, "explain", lambda *a, **k: calls.append(1))
    app.slider(key="detect-why-opacity").set_value(30).run()
    assert not app.exception and calls == []


def test_time_is_the_networks_alone_with_its_spread_and_tiled_inference_takes_more(app: AppTest) -> None:
    def time() -> float:
        (metric,) = [metric for metric in app.metric if metric.label == "Time"]
        assert re.fullmatch(r"[\d.]+( ms)?–[\d.]+ ms", metric.delta)
        return float(metric.value.removesuffix(" ms"))

    def says() -> str:
        (words,) = [
            caption.value for caption in app.caption if caption.value.startswith("Time: the network")
        ]
        return words

    before = time()
    assert "its mirror image" in says() and "decoding" in says()
    app.toggle(key="detect-tiled").set_value(True).run()
    assert not app.exception
    assert time() > 2 * before and "four parts" in says()
    assert any(caption.startswith("person") for caption in drawn(app))
