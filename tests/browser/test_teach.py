"""Teaching as a person does it, and the camera's stream."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import open_network


def idle(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def test_teach_move_a_picture_download_and_classify_in_a_new_session(
    page: Page, browser: Browser, app_url: str, tmp_path: Path
) -> None:
    page.goto("/teach")
    page.get_by_role("button", name="Open a set").click()
    page.get_by_role("button", name="Brick, grass or gravel?").click()
    expect(page.get_by_role("heading", name=re.compile("% of the answers are right"))).to_be_visible()
    idle(page)
    page.keyboard.press("Escape")
    # The cell of brick answered as brick: the first square of the matrix.
    cell = page.locator(".st-key-teach-confusion .points path").first
    page.locator(".st-key-teach-confusion").evaluate("one => one.scrollIntoView({block: 'center'})")
    place = cell.bounding_box()
    assert place
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    expect(page.locator(".st-key-teach-look input").first).to_have_value("brick, right: 9")
    # A list of options closes when the page scrolls, so the box comes to rest before the click.
    move = page.locator('[class*="st-key-teach-move-"] input').first
    move.scroll_into_view_if_needed()
    idle(page)
    move.click()
    page.get_by_role("option", name="gravel").click()
    expect(page.locator(".st-key-teach-piles").get_by_text("8 pictures")).to_be_visible()
    expect(page.locator(".st-key-teach-piles").get_by_text("10 pictures")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("% of the answers are right"))).to_be_visible()
    idle(page)
    expect(page.locator(".st-key-teach-look input").first).to_have_value(re.compile("^brick, right: [78]$"))
    with page.expect_download() as download:
        page.get_by_role("button", name="Weights (.safetensors)").click()
    weights = tmp_path / "mine.safetensors"
    download.value.save_as(weights)
    other = browser.new_context(base_url=app_url).new_page()
    try:
        other.goto("/")
        other.locator(".st-key-network-pick button:visible").first.click()
        open_network(other, file=weights)
        card = other.locator('[class*="st-key-card-"]').first
        expect(card.get_by_text("mine.safetensors")).to_be_visible()
        expect(card.get_by_role("heading")).to_have_text("None of its classes")
    finally:
        other.context.close()


def test_live_answers_frame_after_frame_and_stops(page: Page) -> None:
    page.goto("/")
    page.get_by_text("Live camera").click()
    page.get_by_role("button", name="Start camera").click()
    expect(page.locator(".said")).to_have_text(re.compile(r"^\d+\.\d frames a second$"))
    expect(page.locator(".lines li")).to_have_count(6)
    page.locator(".live").get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Start camera")).to_be_visible()
    assert page.evaluate("() => !document.querySelector('video')?.srcObject")
