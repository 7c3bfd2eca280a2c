"""What a person does on Compare and Design space, and what they take home."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FileChooser, Page, expect
from pptx import Presentation

from squeeze_core import classifier, gallery
from squeeze_core.cost import comparison
from squeeze_core.images import Picture
from squeeze_core.networks.engine import Engine
from squeeze_core.report import Report, html
from squeeze_core.report.sections import USUAL

# Of every chart that is shown: drawn length or area by number, in the order on screen.
_MEASURED = """(root) => [...root.querySelectorAll("svg")]
  .filter((svg) => svg.getBoundingClientRect().width > 0)
  .map((svg) => [...svg.querySelectorAll("rect[data-value]")].map((rect) => {
    const box = rect.getBoundingClientRect();
    return [Number(rect.dataset.value), box.width, box.height];
  }))"""
# Nothing sticks out of the page, and every drawing fills no more than its column.
_FITS = """() => document.documentElement.scrollWidth <= innerWidth &&
  [...document.querySelectorAll("svg")].every((svg) =>
    svg.getBoundingClientRect().right <= svg.parentElement.getBoundingClientRect().right + 1)"""


def assert_to_scale(charts: list[list[list[float]]]) -> int:
    """Every chart's bars are as long, or its squares and tiles as large, as their numbers; → how many."""
    checked = 0
    for shapes in charts:
        if len(shapes) < 2:
            continue
        square = all(abs(width - height) < 0.5 for _, width, height in shapes)
        largest = max(shapes)
        thick = {round(height, 1) for _, _, height in shapes}
        if not square and len(thick) > 1:
            continue  # tiles: their areas have tests of their own
        for value, width, _ in shapes:
            share = (width / largest[1]) ** (2 if square else 1)
            if value / largest[0] > 0.02:  # less than that is a hair's breadth on screen
                assert share == pytest.approx(value / largest[0], rel=0.02)
            checked += 1
    return checked


def test_the_web_page_opens_offline_fits_every_width_and_is_to_scale(
    browser: Browser, engine: Engine, chelsea: Picture, tmp_path: Path
) -> None:
    rows = tuple(comparison.row(name) for name in comparison.DEFAULT_NAMES)
    answer = next(classifier.classify([chelsea], engine))
    path = tmp_path / "report.html"
    path.write_text(html.write(Report(rows, rows, (), chelsea, (answer,))), encoding="utf-8")
    with browser.new_context(offline=True) as context:
        page, asked, broken = context.new_page(), [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: broken.append(str(error)))
        for width in (1280, 1440, 1920, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(path.as_uri())
            assert page.evaluate(_FITS)
            assert assert_to_scale(page.locator("body").evaluate(_MEASURED)) >= 15
        expect(page.get_by_role("heading", name="“Egyptian cat”")).to_be_visible()
        assert page.locator("img").first.evaluate("image => image.naturalWidth") > 100
        light = page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
        page.emulate_media(color_scheme="dark")
        assert page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor") != light
        page.emulate_media(media="print", color_scheme="dark")
        assert page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor") == light
        assert not broken and all(url.startswith(("file:", "data:")) for url in asked)


@pytest.fixture
def compare(page: Page) -> Page:
    page.goto("/compare")
    expect(page.get_by_text("SqueezeNet 1.1 needs 112× fewer parameters than VGG16")).to_be_visible()
    return page


def test_bars_and_squares_on_the_page_are_to_scale(compare: Page) -> None:
    expect(compare.locator(".drawing svg:visible").nth(2)).to_be_visible()
    charts = [root.evaluate(_MEASURED) for root in compare.locator(".drawing").all()]
    assert assert_to_scale([shapes for chart in charts for shapes in chart]) >= 8


def test_every_network_in_the_accuracy_chart_is_told_by_the_keyboard(compare: Page) -> None:
    compare.get_by_role("tab", name="Accuracy").click()
    expect(compare.get_by_text("Point at one")).to_be_visible()
    chart = compare.locator(".drawing").last
    network = chart.locator("circle:visible").first
    network.focus()
    expect(chart.locator(".tip")).to_contain_text("% top-1")
    name = network.get_attribute("aria-label") or ""
    compare.keyboard.press("ArrowRight")
    expect(chart.locator(".tip")).not_to_have_text(name)
    expect(chart.locator(".tip")).to_contain_text("% top-1")


def test_slides_are_ticked_dressed_and_taken_away(compare: Page) -> None:
    compare.get_by_role("tab", name="Take away").click()
    first = compare.get_by_role("img", name="SqueezeNet 1.1 needs 112× fewer parameters than VGG16").first
    before = first.get_attribute("src")
    compare.get_by_label("Title").fill("Small is beautiful")
    compare.get_by_label("Title").press("Enter")
    expect(first).not_to_have_attribute("src", before or "")
    tick = compare.get_by_role("checkbox", name="Accuracy against size")
    compare.get_by_text("Accuracy against size", exact=True).click()
    expect(tick).not_to_be_checked()
    expect(compare.get_by_role("button", name=f"PowerPoint, {len(USUAL) - 1} slides")).to_be_visible()
    expect(compare.get_by_role("img", name="VGG16 is as large as 112 SqueezeNets")).to_be_visible()
    with compare.expect_download() as download:
        compare.get_by_role("button", name="PowerPoint").click()
    slides = Presentation(io.BytesIO(download.value.path().read_bytes())).slides
    titles = [slide.shapes.title.text_frame.text for slide in slides]
    assert titles[0] == "SqueezeNet 1.1 needs 112× fewer parameters than VGG16"
    assert not any("more accurate" in title for title in titles)
    assert any("“Egyptian cat”" in title for title in titles)
    words = [shape.text_frame.text for shape in slides[0].shapes if shape.has_text_frame]
    assert "Small is beautiful" in words
    with compare.expect_download() as download:
        compare.get_by_role("button", name="PDF").click()
    assert download.value.path().read_bytes().startswith(b"%PDF")


def test_from_upload_to_the_last_slide_by_keyboard_alone(page: Page) -> None:
    page.goto("/compare")
    expect(page.get_by_role("tab", name="Cost")).to_be_visible()
    choosers: list[FileChooser] = []
    page.on("filechooser", lambda chooser: choosers.append(chooser))
    for _ in range(5):  # a key that falls into a redrawing is pressed again, as a person would
        tab_to(page, "Upload")
        page.keyboard.press("Space")
        page.wait_for_timeout(3000)
        if choosers:
            break
    choosers[0].set_files(gallery.FOLDER / "coffee.jpg")
    expect(page.get_by_role("button", name="coffee.jpg (shown)")).to_be_visible()
    tab_to(page, "Cost")
    page.keyboard.press("ArrowLeft")  # round to the last tab
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="PowerPoint")).to_be_visible()
    tab_to(page, "Present")
    page.keyboard.press("Enter")
    spoken = page.locator(".spoken")
    count = len(USUAL)  # less the time that nobody measured, and the sheet before the appendix
    first = "SqueezeNet 1.1 needs 112× fewer parameters than VGG16"
    expect(spoken).to_have_text(f"Slide 1 of {count}: {first}")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(spoken).to_contain_text(f"Slide 4 of {count}: SqueezeNet 1.1 sees “espresso”")
    expect(page.get_by_role("dialog").locator("image").first).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(spoken).to_contain_text(f"Slide 3 of {count}")
    page.keyboard.press("End")
    expect(spoken).to_contain_text(f"Slide {count} of {count}")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what bears that name has the focus, once nothing is drawn anew under it."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    for _ in range(120):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            """() => {
                let at = document.activeElement;
                while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
                return (at?.getAttribute("aria-label") || at?.textContent || "").trim();
            }"""
        )
        if focused.endswith(name):
            return
    raise AssertionError(f"The Tab key never reached {name!r}.")


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
    # The network picker has a button of that name too.
    page.get_by_test_id("stBaseButton-secondary").get_by_text("SqueezeNet 1.1", exact=True).click()
    expect(parameters).to_have_text("1,235,496")
    with page.expect_download() as download:
        page.get_by_role("button", name="Python").click()
    assert "1,235,496 parameters" in download.value.path().read_text(encoding="utf-8")
