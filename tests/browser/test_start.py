"""The first start on a desktop, below a path: nothing is asked, and every address leads to its page."""

from __future__ import annotations

import os
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, Response, expect

from tests.browser.conftest import PATIENCE_MS
from tests.server import free_port, running, start_command


def test_a_first_start_asks_nothing_and_serves_every_page_below_a_path(
    browser: Browser, tmp_path: Path
) -> None:
    port = free_port()
    url = f"http://localhost:{port}/squeeze/lab"
    home, programs, opened = tmp_path / "home", tmp_path / "bin", tmp_path / "opened"
    home.mkdir()
    programs.mkdir()
    (programs / "xdg-open").write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n', "utf-8")
    (programs / "xdg-open").chmod(0o755)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("STREAMLIT_")},
        "HOME": str(home),
        "DISPLAY": ":99",
        "PATH": f"{programs}:{os.environ['PATH']}",
    }
    command = [
        "sh",
        "-c",
        'exec "$@" <&-',
        "sh",
        *start_command(port, "--server.baseUrlPath", "squeeze/lab"),
    ]
    said = tmp_path / "said"
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context, said.open("w") as output:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        with running(command, url, env=environment, stdout=output, stderr=output):
            _visit(page, url)
            end = time.monotonic() + 10
            while not opened.exists() and time.monotonic() < end:
                time.sleep(0.1)
        expect(page.get_by_role("dialog")).to_contain_text("Squeeze Lab does not answer.")
        expect(page.get_by_text("yourscript")).to_be_hidden()
    words = said.read_text("utf-8")
    assert opened.read_text("utf-8") == url and url in words
    for unwanted in ("mail", "statistics", "Traceback", "No runtime found"):
        assert unwanted not in words, words


def _visit(page: Page, url: str) -> None:
    """Every way to a page; no request fails."""
    failed: list[str] = []
    # Streamlit finds out by asking whether a page's address is the application's own.
    probes = (f"{url}/about/_stcore/health", f"{url}/about/_stcore/host-config")

    def note(answer: Response) -> None:
        if answer.status >= 400 and answer.url not in probes:
            failed.append(answer.url)

    page.on("response", note)
    about = page.get_by_role("heading", name="What is this?")
    classify = page.get_by_role("heading", name="What is it?")
    page.goto(f"{url}/about")  # the first visit that this server sees
    expect(about).to_be_visible()
    document = page.reload()
    assert document is not None and ".st-key-tray {" in document.text()  # before anything is drawn
    expect(about).to_be_visible()
    page.get_by_test_id("stPageLink").get_by_role("link", name="Classify a picture").click()
    expect(classify).to_be_visible()
    for address in ("", "/", "/classify?classify-top=Top+3"):
        page.goto(url + address)
        expect(classify).to_be_visible()
        expect(page.get_by_role("dialog")).to_be_hidden()
        assert page.url.partition("?")[0] == f"{url}/"
    assert "classify-top=Top+3" in page.url
    page.get_by_test_id("stPageLink").get_by_role("link", name="About").click()
    expect(about).to_be_visible()
    assert page.url.partition("?")[0] == f"{url}/about"
    assert failed == []
