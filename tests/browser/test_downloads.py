"""Each kind of file that pages offer, downloaded as a person does and opened."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect


def fetched(page: Page, kind: str) -> bytes:
    """What the first button for that kind of file on the page gives."""
    button = page.locator(f'[class*="st-key-download-"][class*="-{kind}"] button:visible').first
    expect(button).to_be_enabled()
    with page.expect_download() as download:
        button.click()
    assert download.value.suggested_filename.endswith(f".{kind}")
    return download.value.path().read_bytes()


def test_boxes_as_a_table_a_document_and_a_picture(page: Page) -> None:
    page.goto("/detect")
    expect(page.locator('.detection[title^="cat"]').first).to_be_visible()
    (row,) = csv.DictReader(io.StringIO(fetched(page, "csv").decode("utf-8")))
    assert "cat" in row.values()
    document = json.loads(fetched(page, "json"))
    (box,) = document["annotations"]
    names = {category["id"]: category["name"] for category in document["categories"]}
    assert names[box["category_id"]] == "cat" and box["bbox"][2] > 100
    with Image.open(io.BytesIO(fetched(page, "png"))) as image:
        assert image.size == (451, 300)


def test_an_explanation_as_arrays(page: Page) -> None:
    page.goto("/why")
    expect(page.get_by_role("heading", name="Why “Egyptian cat”?")).to_be_visible()
    with np.load(io.BytesIO(fetched(page, "npz"))) as arrays:
        assert arrays["map"].shape == (14, 14) and int(arrays["class_index"]) == 285
