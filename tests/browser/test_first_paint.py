"""What is there with the first bytes, and that nothing lies off a phone's screen."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest
from PIL import Image, ImageColor
from playwright.sync_api import Browser, Page, expect

from squeeze_core import gallery
from squeeze_core.figures.style import ACCENT

ADDRESSES = (
    "",
    *sorted(
        path.stem for path in (Path(__file__).parents[2] / "pages").glob("*.py") if path.stem != "classify"
    ),
)
# What ends right of the window's edge, unless something on the page that scrolls or clips holds it.
OFF_SCREEN = """() => {
    const edge = document.documentElement.clientWidth + 0.5;
    const frame = "[data-testid=stMain], [data-testid=stHeader], [data-testid=stApp]";
    const held = (node) => {
        for (let up = node.parentElement; up && !up.matches(frame); up = up.parentElement)
            if (getComputedStyle(up).overflowX !== "visible" && up.getBoundingClientRect().right <= edge)
                return true;
        return false;
    };
    return [...document.querySelectorAll("[data-testid=stApp] *")].filter((node) => {
        const box = node.getBoundingClientRect();
        return box.width && box.height && box.right > edge && !held(node);
    }).map((node) => node.outerHTML.slice(0, 200));
}"""
DONE = """() => document.querySelector("[data-testid=stMain] h1")
    && document.querySelector("[data-testid=stApp]").dataset.testScriptState === "notRunning"
    && !document.querySelector("[data-testid=stSkeleton]")"""


def first_bytes(url: str) -> str:
    with urllib.request.urlopen(url, timeout=20) as response:
        return response.read().decode()


@pytest.mark.parametrize("address", ADDRESSES)
def test_first_bytes_hold_the_picture_its_name_and_what_is_happening(app_url: str, address: str) -> None:
    text = first_bytes(f"{app_url}/{address}")
    assert 'src="data:image/webp;base64,' in text and "Loading SqueezeNet…" in text
    assert gallery.samples()[0].title in text
    assert text.count('<div id="root">') == 1


def test_they_need_no_script_and_give_way_to_the_page(browser: Browser, app_url: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(app_url)
        expect(page.get_by_text("Loading SqueezeNet…")).to_be_visible()
        assert page.locator("#first-paint img").bounding_box()["height"] > 200
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(app_url)
        expect(page.get_by_role("heading", name="What is it?")).to_be_visible()
        expect(page.locator("#first-paint")).to_be_hidden()


def test_the_home_pages_own_name_leads_to_it(page: Page) -> None:
    page.goto("/classify?channel=1")
    expect(page.get_by_role("heading", name="What is it?")).to_be_visible()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.url.endswith("/?channel=1")


@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_lies_off_a_phones_screen(browser: Browser, app_url: str, address: str) -> None:
    with browser.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True
    ) as phone:
        phone.set_default_timeout(60_000)
        page = phone.new_page()
        page.goto(f"{app_url}/{address}")
        page.wait_for_function(DONE)
        assert page.evaluate(OFF_SCREEN) == []
        expect(page.get_by_test_id("stMainMenu")).to_be_in_viewport(ratio=1)
        assert page.get_by_test_id("stException").count() == 0


def test_no_camera_lies_over_a_chart_and_its_png_is_a_button_away(page: Page) -> None:
    page.goto("/")
    page.wait_for_function(DONE)
    expect(page.locator(".st-key-chart-classify-squeezenet1_1 .main-svg").first).to_be_visible()
    expect(page.locator(".modebar-container").first).to_be_hidden()
    page.get_by_text("Table and downloads").click()
    with page.expect_download() as download:
        page.locator(".st-key-png-classify-squeezenet1_1 button:visible").click()
    assert download.value.suggested_filename == "classify-squeezenet1_1.png"
    with Image.open(download.value.path()) as image:
        assert image.format == "PNG" and image.width > 400
        # The bar of the best class is there in SqueezeNet's colour.
        drawn = {color for _, color in image.convert("RGB").getcolors(10**6)}
        assert ImageColor.getrgb(ACCENT) in drawn
