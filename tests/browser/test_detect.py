"""Detect, as a person uses it: their own picture, boxes, sliders, another page and back."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from squeeze_core import gallery

FOLDER = gallery.samples()[0].path.parent


def test_an_uploaded_picture_gets_its_boxes(page: Page) -> None:
    page.goto("/detect")
    expect(page.get_by_role("heading", name="Where is it?")).to_be_visible()
    for file, label in (("astronaut.jpg", "person"), ("motorcycle_left.jpg", "motorbike")):
        uploader = page.locator('.st-key-tray input[type="file"]')
        expect(uploader).to_have_count(1)  # the one before is gone
        uploader.set_input_files(FOLDER / file)
        expect(page.get_by_role("img", name=f"Your picture {file}").first).to_be_visible()
        expect(page.locator(f'.detection[title^="{label}"]').first).to_be_visible()


def test_sliders_redraw_and_the_other_mode_outlines_one_class(page: Page) -> None:
    page.goto("/detect")
    page.locator('input[type="file"]').first.set_input_files(FOLDER / "camera.png")
    boxes = page.locator(".detection")
    expect(page.locator('.detection[title^="person"]').first).to_be_visible()
    threshold = page.get_by_role("slider", name="Score at least")
    threshold.focus()
    threshold.press("End")
    expect(page.get_by_text("No object scores 100 % or more. Closest: person")).to_be_visible()
    expect(boxes).to_have_count(0)
    threshold.press("Home")
    expect(boxes.nth(1)).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    boxes.first.focus()
    page.keyboard.press("ArrowRight")
    expect(boxes.nth(1)).to_be_focused()
    page.get_by_role("radio", name="Anything").or_(
        page.get_by_role("button", name="Anything")
    ).first.click()
    expect(page.get_by_text("Weakly supervised localisation")).to_be_visible()
    expect(boxes).to_have_count(1)
    expect(boxes.first).to_have_attribute("title", re.compile("^(?!person)"))


def test_enter_on_a_box_says_why_and_leads_to_its_channels(page: Page) -> None:
    page.goto("/detect")
    page.locator('input[type="file"]').first.set_input_files(FOLDER / "motorcycle_left.jpg")
    box = page.locator('.detection[title^="motorbike"]').first
    expect(box).to_be_visible()
    box.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("Why “motorbike"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("lies in the box"))).to_be_visible()
    page.get_by_role("radio", name="Occlusion").or_(
        page.get_by_role("button", name="Occlusion")
    ).first.click()
    stop = page.locator(".st-key-detect-why-stop button")
    stop.click()
    expect(stop).to_have_count(0)
    expect(page.get_by_role("img", name=re.compile("lies in the box"))).to_be_visible()
    link = page.locator('a[href*="fire_modules?channel="]').first
    channel = re.search(r"fire\d/\w+/\d+", link.inner_text())
    assert channel
    link.click()
    expect(page.get_by_role("heading", name="What do the Fire modules see?")).to_be_visible()
    expect(page.get_by_text(" / ".join(channel[0].split("/")), exact=True)).to_be_visible()
