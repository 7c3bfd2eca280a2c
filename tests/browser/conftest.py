"""A real browser: `page` is a tab of its own, at the server that `app_url` of tests/server.py names."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

# A busy machine of two cores may need this long to import torch and load a network.
PATIENCE_MS = 60_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no chromium on this machine")
    expect.set_options(timeout=PATIENCE_MS)
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    # A camera that shows a clock, and is allowed.
    flags += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser, app_url: str) -> Iterator[Page]:
    """A tab with nothing in it yet, 1440×900; `page.goto("/classify")` works."""
    context = browser.new_context(base_url=app_url, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def open_network(page: Page, **files: Path) -> None:
    """Give "file" and "names" in the opened choice of networks; press "Open" once the server has them."""
    for key, file in files.items():
        with page.expect_response(lambda answer: answer.request.method == "PUT"):
            page.locator(f'.st-key-network-{key} input[type="file"]').set_input_files(file)
        expect(page.locator(f".st-key-network-{key}").get_by_text(file.name)).to_be_visible()
    button = page.locator(".st-key-network-open button")
    expect(button).to_be_enabled()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    button.click()
