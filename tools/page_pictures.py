"""Pictures of every page, 1280×800, in docs/pages: `python -m tools.page_pictures`. Needs Chromium."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect, sync_playwright

from tests.server import free_port, running, start_command

FOLDER = Path(__file__).parents[1] / "docs" / "pages"
PAGES = ("classify", "detect", "fire_modules", "why", "teach", "compare", "compress", "design_space")
LARGEST = 120_000  # bytes of one picture
PATIENCE_MS = 180_000
SETTLE_MS = 5_000  # charts draw themselves after the script has ended


def webp(png: bytes) -> bytes:
    """The picture as WebP of the best quality that fits into LARGEST bytes."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for quality in range(90, 20, -10):
        file = io.BytesIO()
        picture.save(file, "WEBP", quality=quality, method=6)
        if file.tell() < LARGEST:
            return file.getvalue()
    raise ValueError(f"The picture does not fit into {LARGEST} bytes.")


def main() -> None:
    """Start the application, open each page with its sample picture and write what a visitor sees."""
    FOLDER.mkdir(exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = start_command(port, "--server.headless", "true", "--server.address", "127.0.0.1")
    with running(command, url), sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        for name in PAGES:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(f"{url}/{name}")
            app = page.get_by_test_id("stApp")
            expect(app.get_by_role("heading").first).to_be_visible(timeout=PATIENCE_MS)
            expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE_MS)
            page.wait_for_timeout(SETTLE_MS)
            (FOLDER / f"{name}.webp").write_bytes(webp(page.screenshot()))
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
