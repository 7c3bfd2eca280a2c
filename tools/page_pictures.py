"""Pictures of the pages, as a first visitor sees them with the sample picture. Needs Chromium.

`python -m tools.page_pictures` makes docs/pages for the README, 1280×800. With `--all FOLDER` it writes
every page on a desktop, a projector and a phone, light and dark, as FOLDER/page_size_theme.png.
"""

from __future__ import annotations

import argparse
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.server import free_port, running, start_command

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "pages"
PAGES = (
    "classify",
    "detect",
    "fire_modules",
    "why",
    "teach",
    "compare",
    "compress",
    "design_space",
    "about",
)
SIZES = ((1440, 900), (1280, 720), (390, 844))
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LARGEST = 120_000  # bytes of one picture in docs/pages
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


@contextmanager
def application() -> Iterator[tuple[Browser, str]]:
    """A browser, and the address of the application, started for it."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = start_command(port, "--server.headless", "true", "--server.address", "127.0.0.1")
    flags = ["--no-sandbox", "--disable-gpu"]
    with running(command, url), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield browser, url
        browser.close()


def opened(context: BrowserContext, address: str) -> Page:
    """The page at that address, drawn to its end."""
    page = context.new_page()
    page.goto(address)
    app = page.get_by_test_id("stApp")
    expect(app.get_by_role("heading").first).to_be_visible(timeout=PATIENCE_MS)
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE_MS)
    page.wait_for_timeout(SETTLE_MS)
    return page


def for_readme() -> None:
    FOLDER.mkdir(exist_ok=True)
    with (
        application() as (browser, url),
        browser.new_context(viewport={"width": 1280, "height": 800}) as context,
    ):
        for name in PAGES[:-1]:
            with opened(context, f"{url}/{name}") as page:
                (FOLDER / f"{name}.webp").write_bytes(webp(page.screenshot()))


def for_looking_at(folder: Path, whole: bool) -> None:
    """Each page in each size and theme; `whole`: as tall as it is, and not as tall as the screen."""
    folder.mkdir(parents=True, exist_ok=True)
    with application() as (browser, url):
        for (width, height), theme in [(size, theme) for size in SIZES for theme in THEMES]:
            with browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=theme, is_mobile=width < 640
            ) as context:
                for name in PAGES:
                    with opened(context, f"{url}/{name}") as page:
                        if whole:
                            tall = page.get_by_test_id("stMain").evaluate("main => main.scrollHeight")
                            page.set_viewport_size({"width": width, "height": max(tall + 60, height)})
                            page.wait_for_timeout(SETTLE_MS // 2)
                        page.screenshot(path=folder / f"{name}_{width}x{height}_{theme}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description="Pictures of every page.")
    parser.add_argument(
        "--all", type=Path, metavar="FOLDER", help="every page, size and theme, for looking at"
    )
    parser.add_argument("--whole", action="store_true", help="with --all: each page from top to bottom")
    given = parser.parse_args()
    if given.all:
        for_looking_at(given.all, given.whole)
    else:
        for_readme()


if __name__ == "__main__":
    main()
