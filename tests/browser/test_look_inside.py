"""From an uploaded picture to a channel of a module, laid over it, switched off and on again."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from squeeze_core import gallery

CAT = gallery.FOLDER / "chelsea.png"
OVERLAY = re.compile(r"^Channel .* over ")


def channels_off(page: Page) -> Locator:
    return page.get_by_test_id("stMetric").filter(has_text="Channels off").get_by_test_id("stMetricValue")


def test_module_channel_overlay_switch_off_undo(page: Page) -> None:
    page.goto("/fire_modules?fire-tab=All+channels")
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
    expect(page.get_by_text("192 × 14 × 14").first).to_be_visible()

    page.get_by_role("radio", name="expand1x1").click()
    expect(page.get_by_text("expand 1×1").first).to_be_visible()
    channel = page.get_by_label("Channel", exact=True)
    expect(page).to_have_url(re.compile(r"channel=fire6(/|%2F)expand1x1(/|%2F)\d+"))
    strongest = page.url
    expect(channel).to_have_value(re.split("/|%2F", strongest)[-1])
    grid = page.get_by_role("application")
    grid.focus()
    grid.press("ArrowDown")
    grid.press("Enter")
    expect(page).not_to_have_url(strongest)
    expect(channel).to_have_value(re.split("/|%2F", page.url)[-1])

    expect(channels_off(page)).to_have_text("0 of 2,880")
    page.get_by_role("button", name=re.compile("Switch off all expand1x1 of fire6")).click()
    expect(channels_off(page)).to_have_text("192 of 2,880")
    expect(page.get_by_text("192 channels are off")).to_be_visible()
    page.get_by_role("button", name=re.compile("Undo")).click()
    expect(channels_off(page)).to_have_text("0 of 2,880")

    page.get_by_role("tab", name="One channel").click()
    overlay = page.get_by_role("img", name=OVERLAY)
    expect(overlay).to_have_attribute("alt", re.compile(r"fire6/expand1x1/\d+ over .*chelsea"))
    before = overlay.get_attribute("src")
    slider = page.locator(".st-key-fire-opacity").get_by_role("slider")
    slider.focus()
    slider.press("End")
    expect(overlay).not_to_have_attribute("src", before or "")


def test_what_the_browser_multiplies_is_the_networks_number(page: Page) -> None:
    for module, cells in (("fire2", "56 × 56"), ("fire9", "14 × 14")):
        page.goto(f"/fire_modules?channel={module}/expand3x3/5")
        for step, title in enumerate(("Squeeze", "Expand 1×1", "Expand 3×3", "", "", "conv10", "Mean"), 2):
            page.get_by_role("button", name=f"Step {step}:").click()
            if not title:
                continue
            expect(page.get_by_role("heading", name=f"{step}. {title}")).to_be_visible()
            check = page.locator(".check")
            expect(check).to_have_text(re.compile(r"^✓ Computed here ([\d.]+), the network’s [\d.]+\.$"))
        picture = page.get_by_role("application")
        page.get_by_role("button", name="Step 4:").click()
        where = page.locator("#where")
        expect(where).to_contain_text(f"of {cells}")
        before = where.text_content()
        picture.focus()
        picture.press("ArrowUp")
        picture.press("ArrowLeft")
        expect(where).not_to_have_text(before or "")
        expect(check).to_have_text(re.compile("^✓"))
    # The products of a filter lead to the channels that they come from.
    page.get_by_role("button", name=re.compile("^Open squeeze ")).first.click()
    expect(page.get_by_role("heading", name="2. Squeeze")).to_be_visible()
    page.get_by_role("button", name="Open this channel").click()
    expect(page).to_have_url(re.compile(r"channel=fire9(/|%2F)squeeze(/|%2F)\d+"))
    expect(page.get_by_text("fire9 / squeeze /")).to_be_visible()
