"""Detect, as a person uses it: their own picture, boxes, sliders, another page and back."""

from __future__ import annotations

import csv
import io
import json
import re

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from squeeze_core import gallery

FOLDER = gallery.samples()[0].path.parent


def fetched(page: Page, kind: str) -> bytes:
    """The file from the first button of that kind on the page."""
    button = page.locator(f'[class*="st-key-download-"][class*="-{kind}"] button:visible').first
    expect(button).to_be_enabled()
    with page.expect_download() as download:
        button.click()
    assert download.value.suggested_filename.endswith(f".{kind}")
    return download.value.path().read_bytes()


def test_sliders_redraw_and_the_other_mode_outlines_one_class(page: Page) -> None:
    page.goto("/detect")
    page.locator('input[type="file"]').first.set_input_files(FOLDER / "camera.png")
    boxes = page.locator(".detection")
    expect(page.locator('.detection[title^="person"]').first).to_be_visible()
    expect(page.get_by_role("img", name="Your picture camera.png").first).to_be_visible()
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


def test_boxes_are_downloaded_and_enter_on_one_says_why_and_leads_to_its_channels(page: Page) -> None:
    page.goto("/detect")
    page.locator('input[type="file"]').first.set_input_files(FOLDER / "motorcycle_left.jpg")
    box = page.locator('.detection[title^="motorbike"]').first
    expect(box).to_be_visible()
    rows = list(csv.DictReader(io.StringIO(fetched(page, "csv").decode("utf-8-sig"))))
    document = json.loads(fetched(page, "json"))
    names = {category["id"]: category["name"] for category in document["categories"]}
    assert rows[0]["label"] == "motorbike" and len(rows) == len(document["annotations"])
    assert names[document["annotations"][0]["category_id"]] == "motorbike"
    with Image.open(io.BytesIO(fetched(page, "png"))) as image:
        assert image.size == (741, 500)
    box.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("Why “motorbike"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("lies in the box"))).to_be_visible()
    with np.load(io.BytesIO(fetched(page, "npz"))) as arrays:
        assert arrays["map"].ndim == 2 and arrays["map"].max() > arrays["map"].min()
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
