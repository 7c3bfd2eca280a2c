"""From an uploaded picture to a channel of a module, laid over it, switched off and on again."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from squeeze_core import gallery
from squeeze_core.figures.fire_modules import columns_for

CAT = gallery.FOLDER / "chelsea.png"
OVERLAY = re.compile(r"^Channel .* over ")


def click_tile(grid: Locator, column: int, row: int, columns: int) -> None:
    """Click the middle of one tile of a grid."""
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box is not None
    side = box["width"] / columns
    grid.click(position={"x": (column + 0.5) * side, "y": (row + 0.5) * side})


def channels_off(page: Page) -> Locator:
    return page.get_by_test_id("stMetric").filter(has_text="Channels off").get_by_test_id("stMetricValue")


def test_module_channel_overlay_switch_off_undo(page: Page) -> None:
    page.goto("/fire_modules")
    page.locator('.st-key-tray input[type="file"]').set_input_files(CAT)
    expect(page.get_by_text("says “Egyptian cat”")).to_be_visible()

    strip = page.locator(".st-key-fire-strip-chart .nsewdrag").first
    bar = page.locator(".st-key-fire-strip-chart .barlayer .point").nth(8)
    expect(bar).to_be_visible()
    # Nothing may move between measuring the bar and clicking it.
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    bar.scroll_into_view_if_needed()
    place, plot = bar.bounding_box(), strip.bounding_box()
    assert place is not None and plot is not None
    x, y = place["x"] + place["width"] / 2 - plot["x"], place["y"] + place["height"] / 2 - plot["y"]
    strip.click(position={"x": x, "y": y})
    expect(page.get_by_text("192×14×14").first).to_be_visible()
    expect(page.get_by_text("fire6 / expand3x3 /")).to_be_visible()

    grid = page.locator('[class*="st-key-fire-grid-expand1x1-fire6"] .nsewdrag')
    click_tile(grid, 2, 0, columns_for(192, 2))
    expect(page.get_by_text("fire6 / expand1x1 /")).to_be_visible()
    expect(page).to_have_url(re.compile(r"channel=fire6(/|%2F)expand1x1(/|%2F)\d+"))
    overlay = page.get_by_role("img", name=OVERLAY)
    expect(overlay).to_have_attribute("alt", re.compile(r"fire6/expand1x1/\d+ over .*chelsea"))
    before = overlay.get_attribute("src")
    slider = page.locator(".st-key-fire-opacity").get_by_role("slider")
    slider.focus()
    slider.press("End")
    expect(overlay).not_to_have_attribute("src", before or "")

    expect(channels_off(page)).to_have_text("0 of 2,880")
    page.get_by_role("button", name=re.compile("Switch off all expand1x1 of fire6")).click()
    expect(channels_off(page)).to_have_text("192 of 2,880")
    page.get_by_role("button", name=re.compile("Undo")).click()
    expect(channels_off(page)).to_have_text("0 of 2,880")
