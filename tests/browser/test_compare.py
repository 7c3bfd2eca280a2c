"""What a person does on Compare and Design space, and what they take home."""

from __future__ import annotations

import io
import re
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image, ImageColor
from playwright.sync_api import Browser, Page, TimeoutError, expect
from pptx import Presentation

from squeeze_core import classifier, gallery
from squeeze_core.cost import comparison
from squeeze_core.figures.style import ACCENT
from squeeze_core.images import Picture
from squeeze_core.networks.engine import Engine
from squeeze_core.report import Report, html
from squeeze_core.report.sections import USUAL

# Of every Plotly chart: number and drawn length of its bars.
_BARS = """(root) => [...root.querySelectorAll(".js-plotly-plot")].map((chart) => {
  const drawn = [...chart.querySelectorAll(".barlayer .trace")];
  return chart._fullData.flatMap((trace, number) => {
    if (trace.type !== "bar" || trace.hoverinfo === "skip") return [];
    const paths = [...drawn[number].querySelectorAll(".point path")];
    return paths.map((path, place) => [trace.x[place], path.getBBox().width]);
  });
}).filter((bars) => bars.length)"""
# Nothing sticks out of the page, and every chart fills no more than its column.
_FITS = """() => {
  const right = (element) => element.getBoundingClientRect().right;
  return document.documentElement.scrollWidth <= innerWidth &&
    [...document.querySelectorAll(".main-svg")].every((svg) =>
      right(svg) <= right(svg.closest(".js-plotly-plot")) + 1);
}"""


def assert_to_scale(charts: list[list[list[float]]]) -> int:
    """Every chart's bars are as long as their numbers are large; → how many."""
    checked = 0
    for bars in charts:
        largest, longest = max(bars)
        for value, length in bars:
            if value / largest > 0.02:  # less than that is a hair's breadth on screen
                assert length / longest == pytest.approx(value / largest, rel=0.03)
                checked += 1
    return checked


def test_the_web_page_opens_offline_fits_every_width_is_to_scale_and_prints(
    browser: Browser, engine: Engine, chelsea: Picture, tmp_path: Path
) -> None:
    rows = tuple(comparison.row(name) for name in comparison.DEFAULT_NAMES)
    answer = next(classifier.classify([chelsea], engine))
    path = tmp_path / "report.html"
    report = Report(rows, rows, (), chelsea, (answer,))
    path.write_text(html.write(report, [*USUAL, "picture", "computation"]), encoding="utf-8")
    with browser.new_context(offline=True) as context:
        page, asked, broken = context.new_page(), [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: broken.append(str(error)))
        for width in (1280, 1440, 1920, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(path.as_uri())
            assert page.evaluate(_FITS)
            assert assert_to_scale(page.locator("body").evaluate(_BARS)) >= 8
            assert page.locator(".chart .main-svg").count() >= 5
        expect(page.get_by_role("heading", name="“Egyptian cat”")).to_be_visible()
        assert page.locator("img").first.evaluate("image => image.naturalWidth") > 100
        light = page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
        page.emulate_media(color_scheme="dark")
        assert page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor") != light
        # Texts in charts follow the theme, and on paper they are dark.
        words = page.locator("#computation .annotation-text").first
        expect(words).to_have_css("fill", "rgb(232, 234, 237)")
        page.emulate_media(media="print", color_scheme="dark")
        assert page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor") == light
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        expect(words).to_have_css("fill", "rgb(27, 31, 36)")
        # Each section on a sheet of its own.
        count = page.locator("header, section").count()
        data = page.pdf(prefer_css_page_size=True, print_background=True)
        assert len(re.findall(rb"/Type\s*/Page\b", data)) == count > 8
        assert not broken and all(url.startswith(("file:", "data:")) for url in asked)


@pytest.fixture
def compare(page: Page) -> Page:
    page.goto("/compare?compare-tab=Cost")
    expect(page.get_by_text("SqueezeNet 1.1 needs 112× fewer parameters than VGG16")).to_be_visible()
    return page


def test_a_finger_on_a_chart_scrolls_the_web_page(browser: Browser, tmp_path: Path) -> None:
    rows = tuple(comparison.row(name) for name in comparison.DEFAULT_NAMES)
    path = tmp_path / "report.html"
    path.write_text(html.write(Report(rows, rows), ["computation", "figures"]), encoding="utf-8")
    phone = {"width": 390, "height": 844}
    with browser.new_context(offline=True, viewport=phone, has_touch=True, is_mobile=True) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(path.as_uri())
        page.evaluate("scrollTo(0, document.getElementById('computation').offsetTop)")
        box = page.locator("#computation .chart").bounding_box()
        assert box is not None
        before, touch = page.evaluate("scrollY"), context.new_cdp_session(page)
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        for step in range(16):
            kind = "touchMove" if step else "touchStart"
            at = {"x": x, "y": y - 10 * step}
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [at]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.wait_for_function(f"scrollY > {before} + 50")


def test_charts_are_to_scale_saved_as_picture_and_page_and_enlarged(compare: Page) -> None:
    bars = compare.locator(".st-key-chart-compare-parameters .js-plotly-plot .bars")
    expect(bars.first).to_be_visible()
    expect(compare.locator(".modebar-container").first).to_be_hidden()  # a tap on the chart hits no button
    assert assert_to_scale(compare.locator("body").evaluate(_BARS)) >= 3
    compare.wait_for_function("window.squeezeLab?.listens")  # the page's script makes the PNG
    compare.wait_for_selector(".st-key-chart-compare-parameters .modebar-btn", state="attached")
    compare.get_by_role("tabpanel").first.get_by_text("Table and downloads").first.click()
    # What opens has come to rest, or the next click may miss a button that moves.
    compare.wait_for_function("document.getAnimations().every((one) => one.playState !== 'running')")
    expect(compare.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    content = {}
    for button in ("png-compare-parameters", "download-compare-parameters-html"):
        with compare.expect_download() as download:
            compare.locator(f".st-key-{button} button:visible").first.click()
        content[download.value.suggested_filename] = download.value.path().read_bytes()
    assert content["compare-parameters.html"].startswith(b"<!doctype html>")
    with Image.open(io.BytesIO(content["compare-parameters.png"])) as image:
        assert image.format == "PNG" and image.width > 400
        drawn = {color for _, color in image.convert("RGB").getcolors(10**6)}
    assert ImageColor.getrgb(ACCENT) in drawn  # the bar of SqueezeNet

    compare.get_by_role("tab", name="Accuracy").click()
    chart = compare.locator(".st-key-chart-accuracy-megabytes .js-plotly-plot")
    point = chart.locator(".scatterlayer .trace").last.locator(".points path").first
    expect(point).to_be_visible()
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    assert box is not None
    compare.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    told = chart.locator(".hoverlayer .hovertext")
    for fact in ("parameters", "multiply-accumulates", "% top-1"):
        expect(told).to_contain_text(fact)
    before = chart.evaluate("chart => chart._fullLayout.xaxis.range.join()")
    place = chart.locator(".nsewdrag").first.bounding_box()
    assert place is not None
    compare.mouse.move(place["x"] + 60, place["y"] + 60)
    compare.mouse.down()
    compare.mouse.move(place["x"] + 260, place["y"] + 200, steps=4)
    compare.mouse.up()
    assert chart.evaluate("chart => chart._fullLayout.xaxis.range.join()") != before


def test_slides_are_ticked_branded_and_downloaded(compare: Page) -> None:
    compare.get_by_role("tab", name="Report").click()
    compare.get_by_label("Title").fill("Small is beautiful")
    compare.get_by_label("Title").press("Enter")
    compare.get_by_label("Decision that you ask for").fill("Sign the contract")
    compare.get_by_label("Decision that you ask for").press("Enter")
    tick = compare.get_by_role("checkbox", name="Accuracy against size")
    compare.get_by_text("Accuracy against size", exact=True).click()
    expect(tick).not_to_be_checked()
    expect(compare.get_by_role("button", name=f"PowerPoint, {len(USUAL) - 2} slides")).to_be_visible()
    with compare.expect_download() as download:
        compare.get_by_role("button", name="PowerPoint").click()
    slides = Presentation(io.BytesIO(download.value.path().read_bytes())).slides
    titles = [slide.shapes.title.text_frame.text for slide in slides]
    assert titles[0] == "Sign the contract" and len(titles) == len(USUAL) - 2
    assert not any("ResNet50" in title for title in titles)
    words = [shape.text_frame.text for shape in slides[0].shapes if shape.has_text_frame]
    assert "Small is beautiful" in words
    with compare.expect_download() as download:
        compare.get_by_role("button", name="Web page").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert "<h1>Small is beautiful</h1>" in text


def test_from_upload_to_the_last_slide_by_keyboard_alone(page: Page) -> None:
    page.goto("/detect")
    expect(page.get_by_role("button", name="Upload", exact=True)).to_be_visible()
    page.wait_for_function("window.squeezeLab?.listens")
    for _ in range(3):  # what is drawn anew in between takes the focus with it
        tab_to(page, "Upload")
        with suppress(TimeoutError):
            with page.expect_file_chooser(timeout=5000) as chooser:
                page.keyboard.press("Space")
            break
    # A picture of the tray keeps its ring under the one of the keyboard.
    tab_to(page, "Chelsea the cat (shown)")
    chosen = page.get_by_role("button", name="Chelsea the cat (shown)")
    expect(chosen).to_have_css("outline", re.compile("solid 2px$"))
    ring = chosen.evaluate("button => getComputedStyle(button).boxShadow")
    page.keyboard.press("Tab")
    expect(chosen).to_have_css("outline-style", "none")
    assert ring != "none" and chosen.evaluate("button => getComputedStyle(button).boxShadow") == ring
    chooser.value.set_files(gallery.FOLDER / "coffee.jpg")
    expect(page.get_by_role("button", name="coffee.jpg (shown)")).to_be_visible()
    tab_to(page, "Compare")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="What it means")).to_be_visible()
    tab_to(page, "What it means")
    page.keyboard.press("ArrowLeft")  # round to the last tab
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="PowerPoint")).to_be_visible()
    tab_to(page, "Present")
    page.keyboard.press("Space")
    shown = page.frame_locator('iframe[title="What do we give up for a smaller network?"]')
    place, count = shown.locator("#place"), len(USUAL)  # less the time that nobody measured, with the title
    expect(place).to_have_text(f"1 / {count}")
    tab_to(page, "Next section")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(place).to_have_text(f"4 / {count}")
    expect(shown.get_by_role("heading", name="Downloads shrink from 20 min")).to_be_in_viewport()
    page.keyboard.press("ArrowLeft")
    expect(place).to_have_text(f"3 / {count}")
    page.keyboard.press("End")
    expect(place).to_have_text(f"{count} / {count}")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what bears that name has the focus, once nothing is drawn anew under it."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    for _ in range(120):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            """() => {
                let at = document.activeElement;
                while (at?.contentDocument) at = at.contentDocument.activeElement;
                return (at?.getAttribute("aria-label") || at?.textContent || "").trim();
            }"""
        )
        if focused.endswith(name):
            return
    raise AssertionError(f"The Tab key never reached {name!r}.")


def test_measuring_shows_progress_and_stops_on_demand(compare: Page) -> None:
    compare.get_by_role("tab", name="This machine").click()
    start = compare.get_by_role("button", name="Measure these 4 networks")
    start.click()
    expect(compare.get_by_text("network 1 of 4")).to_be_visible()
    compare.get_by_test_id("stTabs").get_by_role("button", name="Stop").click()
    expect(start).to_be_enabled()
    expect(compare.get_by_text("network 1 of 4")).to_be_hidden()
    # Nothing is left running: the next measurement may begin.
    start.click()
    expect(compare.get_by_text("network 1 of 4")).to_be_visible()
    expect(compare.get_by_text("Another measurement")).to_be_hidden()
    compare.get_by_test_id("stTabs").get_by_role("button", name="Stop").click()
    expect(start).to_be_enabled()
