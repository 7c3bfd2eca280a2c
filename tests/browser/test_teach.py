"""Teaching as a person does it, and the camera's stream."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect


def idle(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def test_live_answers_frame_after_frame_and_stops(page: Page) -> None:
    page.goto("/")
    page.get_by_text("Live camera").click()
    page.get_by_role("button", name="Start camera").click()
    expect(page.locator(".said")).to_have_text(re.compile(r"^\d+\.\d frames a second$"))
    expect(page.locator(".lines li")).to_have_count(6)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Start camera")).to_be_visible()
    assert page.evaluate("() => !document.querySelector('video')?.srcObject")
