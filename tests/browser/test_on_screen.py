"""Nothing is off a phone's screen, too small for a finger or over a chart; axe finds no serious barrier."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

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
# What a finger would miss within 19 pixels of its centre, to any side. Links in sentences and
# the cells of tables may be smaller.
SMALL = """() => {
    const kinds = "a[href], button, summary, textarea, input:not([type=file], [type=range]), [role=tab]";
    const thumbs = ":has(> [data-testid=stSliderThumbValue])";
    const apart = "p, [data-testid=stDataFrame], [data-testid=stSidebar]";
    const shadows = [...document.querySelectorAll("*")].flatMap((node) => node.shadowRoot ?? []);
    const missed = (root) => (node) => {
        const target = node.matches("input") ? node.closest("label") ?? node : node;
        target.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
        const { left, top, width, height } = target.getBoundingClientRect();
        return width > 1 && [[0, 0], [-19, 0], [19, 0], [0, -19], [0, 19]].some(([across, down]) => {
            const x = Math.min(Math.max(left + width / 2 + across, 0), innerWidth - 1);
            return !target.contains(root.elementFromPoint(x, top + height / 2 + down));
        });
    };
    return [document, ...shadows].flatMap((root) => [...root.querySelectorAll(`${kinds}, ${thumbs}`)]
        .filter((node) => node.checkVisibility({ visibilityProperty: true }) && !node.closest(apart))
        .filter(missed(root)).map((node) => node.outerHTML.slice(0, 200)));
}"""
DONE = """() => document.querySelector("[data-testid=stMain] h1")
    && document.querySelector("[data-testid=stApp]").dataset.testScriptState === "notRunning"
    && !document.querySelector("[data-testid=stSkeleton]")"""

CHARTS_ARE_DARK = """() => [...document.querySelectorAll(".js-plotly-plot .main-svg:first-child")]
    .map((svg) => getComputedStyle(svg).backgroundColor)
    .every((color) => ["rgb(18, 21, 26)", "rgba(0, 0, 0, 0)"].includes(color))"""

# The serious and critical violations, and headings out of order, with the places of each.
BARRIERS = """async () => (await axe.run({ resultTypes: ["violations"] })).violations
    .filter(({ id, impact }) => ["serious", "critical"].includes(impact) || id === "heading-order")
    .map(({ id, nodes }) => [id, nodes.map((node) => node.html.slice(0, 200))])"""


def test_the_home_pages_own_name_leads_to_it(page: Page) -> None:
    page.goto("/classify?channel=1")
    expect(page.get_by_role("heading", name="What is it?")).to_be_visible()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.url.endswith("/?channel=1")


@pytest.fixture(scope="module")
def phone(browser: Browser, app_url: str) -> Iterator[BrowserContext]:
    """A phone that has Streamlit's scripts already."""
    size: ViewportSize = {"width": 390, "height": 844}
    with browser.new_context(base_url=app_url, viewport=size, is_mobile=True, has_touch=True) as context:
        context.set_default_timeout(60_000)
        yield context


@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_lies_off_a_phones_screen_and_nobody_is_kept_out(
    phone: BrowserContext, app_url: str, address: str
) -> None:
    """Light on the phone, then dark at a desktop's width; nobody else's server is asked for anything."""
    with phone.new_page() as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"/{address}")
        page.wait_for_function(DONE)
        assert page.evaluate(OFF_SCREEN) == []
        expect(page.get_by_test_id("stMainMenu")).to_be_in_viewport(ratio=1)
        assert page.get_by_test_id("stException").count() == 0
        assert page.evaluate(SMALL) == []
        page.evaluate(AXE_SCRIPT)
        assert page.evaluate(BARRIERS) == []
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": 1440, "height": 900})
        expect(page.get_by_test_id("stApp")).to_have_css("background-color", "rgb(18, 21, 26)")
        page.wait_for_function(CHARTS_ARE_DARK)
        assert page.evaluate(BARRIERS) == []
        assert [url for url in asked if not url.startswith((app_url, "data:", "blob:"))] == []
