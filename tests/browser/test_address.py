"""The address says what is on screen; Back leads to the page before."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from squeeze_core import gallery


def test_settings_replace_the_address_and_back_leads_to_the_page_before(page: Page) -> None:
    page.goto("/about")
    expect(page.get_by_role("heading", name="What is this?")).to_be_visible()
    page.wait_for_function(
        "window.squeezeLab?.listens"
    )  # words are on screen before the page's script is loaded
    links = page.get_by_test_id("stTopNav")
    links.get_by_role("link", name="Fire modules").click()
    page.wait_for_url("**/fire_modules?channel=*")
    entries = page.evaluate("history.length")
    page.get_by_role("button", name="A cup of coffee", exact=False).first.click()
    page.wait_for_url("**sample=coffee*")
    links.get_by_role("link", name="Compare").click()
    page.get_by_role("tab", name="Accuracy").click()
    page.wait_for_url("**compare-tab=Accuracy*")
    assert page.evaluate("history.length") == entries + 1
    page.go_back()
    page.wait_for_url("**/fire_modules*")
    page.go_back()
    expect(page.get_by_role("heading", name="What is this?")).to_be_visible()


def test_the_link_is_copied_and_pictures_of_ones_own_are_not_in_it(browser: Browser, app_url: str) -> None:
    permissions = ["clipboard-read", "clipboard-write"]
    with browser.new_context(base_url=app_url, permissions=permissions) as context:
        page = context.new_page()
        page.goto("/design_space?design-sr=0.75")
        expect(page.get_by_text("4,841,704").first).to_be_visible()
        page.get_by_role("button", name="Copy link").click()
        expect(page.get_by_text("Copied.")).to_be_visible()
        assert "design-sr=0.75" in page.evaluate("navigator.clipboard.readText()")
        page.locator('.st-key-tray input[type="file"]').set_input_files(gallery.FOLDER / "coffee.jpg")
        expect(page.get_by_text("The link does not include your pictures.")).to_be_visible()
        assert "coffee" not in page.url
        asked: list[str] = []
        page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
        page.get_by_role("button", name="Copy link").click()  # browsers ask only whoever did something
        page.reload()
        assert asked == ["beforeunload"]
