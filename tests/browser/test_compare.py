"""What a person does on Compare and Design space, and what they take home."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pptx import Presentation

from squeeze_core import classifier
from squeeze_core.cost import rows as zoo
from squeeze_core.images import Picture
from squeeze_core.networks.engine import Engine
from squeeze_core.report import collect, html

# Every chart is drawn at the width of its slot: nothing of it is cut off.
_FITS = """() => [...document.querySelectorAll(".plotly-graph-div")].every((chart) =>
  Math.abs(chart.querySelector(".main-svg").clientWidth - chart.parentElement.clientWidth) <= 1)"""


def test_the_report_opens_with_the_network_cut_off_and_draws_every_chart(
    browser: Browser, engine: Engine, chelsea: Picture, tmp_path: Path
) -> None:
    rows = tuple(zoo.row(name) for name in zoo.DEFAULT_NAMES)
    answer = next(classifier.classify([chelsea], engine))
    path = tmp_path / "report.html"
    path.write_text(html.write(collect(rows, rows, (), chelsea, (answer,))), encoding="utf-8")
    context = browser.new_context(offline=True)
    page, asked, broken = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.goto(path.as_uri())
    charts = page.locator(".plotly-graph-div")
    count = charts.count()
    assert count == 8
    for number in range(count):
        expect(charts.nth(number).locator(".main-svg").first).to_be_visible(timeout=30_000)
    expect(page.get_by_text("“Egyptian cat”")).to_be_visible()
    for width in (1280, 1440, 1920, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.reload()
        page.wait_for_function(_FITS)
    assert page.locator("img").evaluate("image => image.naturalWidth") > 100
    assert not broken and all(url.startswith(("file:", "data:")) for url in asked)
    context.close()


@pytest.fixture
def compare(page: Page) -> Page:
    page.goto("/compare")
    expect(page.get_by_text("SqueezeNet 1.1 needs 112× fewer parameters than VGG16")).to_be_visible()
    return page


def test_one_click_makes_the_powerpoint(compare: Page) -> None:
    compare.get_by_role("tab", name="Take away").click()
    with compare.expect_download() as download:
        compare.get_by_role("button", name="PowerPoint").click()
    slides = Presentation(io.BytesIO(download.value.path().read_bytes())).slides
    titles = [slide.shapes.title.text_frame.text for slide in slides]
    assert "SqueezeNet 1.1 needs 112× fewer parameters than VGG16" in titles
    assert any("“Egyptian cat”" in title for title in titles)


def test_measuring_shows_progress_and_stops_when_asked(compare: Page) -> None:
    compare.get_by_role("tab", name="This machine").click()
    start = compare.get_by_role("button", name="Measure these 4 networks")
    start.click()
    expect(compare.get_by_text("network 1 of 4")).to_be_visible()
    compare.get_by_role("button", name="Stop measuring").click()
    expect(start).to_be_visible()
    expect(compare.get_by_text("network 1 of 4")).to_be_hidden()
    # Nothing is left running: the next measurement may begin.
    start.click()
    expect(compare.get_by_text("network 1 of 4")).to_be_visible()
    expect(compare.get_by_text("Another measurement")).to_be_hidden()
    compare.get_by_role("button", name="Stop measuring").click()
    expect(start).to_be_visible()


def test_moving_a_slider_by_keyboard_rebuilds_the_network(page: Page) -> None:
    page.goto("/design_space")
    parameters = page.get_by_test_id("stMetricValue").first
    expect(parameters).to_have_text("1,248,424")
    page.locator(".st-key-design-sr").get_by_role("slider").press("ArrowRight")
    expect(parameters).not_to_have_text("1,248,424")
    page.get_by_role("button", name="SqueezeNet 1.1").click()
    expect(parameters).to_have_text("1,235,496")
    with page.expect_download() as download:
        page.get_by_role("button", name="Python").click()
    assert "1,235,496 parameters" in download.value.path().read_text(encoding="utf-8")
