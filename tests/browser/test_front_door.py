"""The flows a person takes first: the sample, their own picture, another page, a broken file."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from squeeze_core import gallery
from squeeze_core.images import MAX_BYTES

COFFEE = gallery.FOLDER / "coffee.jpg"
# Whether the browser's own storage of pictures is empty.
STORED_NONE = """() => new Promise((resolve) => {
    indexedDB.open("squeeze-lab").onsuccess = (event) => {
        const database = event.target.result;
        const count = database.transaction("pictures").objectStore("pictures").count();
        count.onsuccess = () => {
            database.close();
            resolve(count.result === 0);
        };
    };
})"""
# How many pictures have no text alternative, and buttons no name.
NAMELESS = """() => [...document.querySelectorAll("img")].filter((img) => !img.hasAttribute("alt")).length
    + [...document.querySelectorAll("[data-testid=stMain] button")].filter(
        (b) => !b.textContent.trim() && !b.getAttribute("aria-label") && !b.title).length"""
CAT_SHOWN = "Chelsea the cat (shown)"


def upload(page: Page, *files: Path) -> None:
    uploader = page.locator('.st-key-tray input[type="file"]')
    expect(uploader).to_have_count(1)  # the one before is gone
    uploader.set_input_files(files)


def best_answer(page: Page, network: str = "squeezenet1_1") -> Locator:
    return page.locator(f".st-key-card-{network}").get_by_role("heading")


def open_page(page: Page, title: str) -> None:
    page.get_by_test_id("stTopNav").get_by_role("link", name=title).click()


def test_sample_then_own_pictures_then_other_page_then_broken_file(
    page: Page, browser: Browser, app_url: str, tmp_path: Path
) -> None:
    page.goto("/")
    expect(best_answer(page)).to_have_text("Egyptian cat")
    upload(page, COFFEE, gallery.FOLDER / "china.jpg")
    expect(best_answer(page)).to_have_text("espresso")
    expect(page.get_by_role("img", name="Your picture coffee.jpg, 600 × 400 pixels")).to_be_visible()
    expect(page.get_by_test_id("stDataFrame").last).to_be_visible()
    assert page.evaluate(NAMELESS) == 0
    with browser.new_context() as context:  # another visitor sees none of it
        other = context.new_page()
        other.goto(app_url)
        expect(best_answer(other)).to_have_text("Egyptian cat")
    open_page(page, "Why?")
    expect(page.get_by_role("heading", name="Why “espresso”?")).to_be_visible()
    expect(page.get_by_role("button", name="coffee.jpg (shown)")).to_be_visible()
    open_page(page, "Classify")
    expect(best_answer(page)).to_have_text("espresso")
    broken = tmp_path / "broken.png"
    broken.write_bytes(COFFEE.read_bytes()[:200])
    upload(page, broken)
    expect(page.get_by_role("alert").filter(has_text="broken.png")).to_be_visible()
    expect(best_answer(page)).to_have_text("espresso")
    for name in ("coffee.jpg", "china.jpg"):
        page.get_by_role("button", name=f"Remove {name}").click()
    expect(best_answer(page)).to_have_text("Egyptian cat")


def test_a_file_that_is_too_large_is_refused_in_a_sentence_and_the_rest_is_taken(
    page: Page, tmp_path: Path
) -> None:
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1_000_000)
    page.goto("/")
    page.wait_for_function("window.squeezeLab?.listens")
    upload(page, large, COFFEE)
    expect(best_answer(page)).to_have_text("espresso")
    refusal = page.get_by_role("alert").filter(has_text="large.png has 101 MB; at most 100 MB are read.")
    expect(refusal).to_be_visible()
    page.get_by_role("button", name="Remove coffee.jpg").click()
    expect(best_answer(page)).to_have_text("Egyptian cat")
    upload(page, COFFEE)
    expect(best_answer(page)).to_have_text("espresso")
    expect(refusal).to_be_hidden()
    upload(page, large)
    expect(refusal).to_be_visible()


def test_a_reload_offers_the_pictures_again_until_they_are_removed(page: Page, tmp_path: Path) -> None:
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/")
    expect(best_answer(page)).to_have_text("Egyptian cat")
    offer = page.get_by_role("status").filter(has_text="Your picture coffee.jpg is still in this browser.")
    expect(offer).to_be_hidden()
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n")
    upload(page, broken)
    expect(page.get_by_role("alert").filter(has_text="broken.png")).to_be_visible()
    expect(page.get_by_role("button", name="Restore it")).to_be_hidden()
    upload(page, COFFEE)
    expect(best_answer(page)).to_have_text("espresso")
    expect(offer).to_be_hidden()
    page.reload()
    page.get_by_role("button", name="Restore it").click()
    expect(best_answer(page)).to_have_text("espresso")
    expect(offer).to_be_hidden()
    page.get_by_role("button", name="Remove coffee.jpg").click()
    expect(best_answer(page)).to_have_text("Egyptian cat")
    page.wait_for_function(STORED_NONE)
    page.reload()
    expect(best_answer(page)).to_have_text("Egyptian cat")
    page.wait_for_timeout(500)
    expect(offer).to_be_hidden()


def test_picture_pasted_or_dropped_anywhere_replaces_the_sample(page: Page) -> None:
    page.goto("/")
    page.wait_for_function("window.squeezeLab?.listens")
    for event in (
        'new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true })',
        'new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true })',
    ):
        expect(best_answer(page)).to_have_text("Egyptian cat")
        page.evaluate(
            """(bytes) => {
                const transfer = new DataTransfer();
                transfer.items.add(new File([new Uint8Array(bytes)], "coffee.jpg", { type: "image/jpeg" }));
                document.querySelector("h1").dispatchEvent(EVENT);
            }""".replace("EVENT", event),
            list(COFFEE.read_bytes()),
        )
        expect(best_answer(page)).to_have_text("espresso")
        page.get_by_role("button", name="Remove coffee.jpg").click()


def test_a_phone_shows_the_answer_after_a_refusal_too_and_its_menu_closes_when_a_page_was_chosen(
    browser: Browser, app_url: str, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(COFFEE.read_bytes()[:200])
    with browser.new_context(
        viewport={"width": 390, "height": 664}, has_touch=True, is_mobile=True
    ) as phone:
        page = phone.new_page()
        page.goto(app_url)
        expect(best_answer(page)).to_have_text("Egyptian cat")
        expect(page.get_by_role("button", name=CAT_SHOWN)).to_be_in_viewport()
        expect(page.get_by_role("button", name="Upload", exact=True)).to_be_in_viewport()
        main = page.get_by_test_id("stMain")
        assert main.evaluate("main => main.scrollWidth <= main.clientWidth")
        page.wait_for_function(
            "window.squeezeLab?.listens"
        )  # words are on screen before the page's script is loaded
        upload(page, COFFEE, broken)
        expect(page.get_by_role("alert").filter(has_text="broken.png")).to_be_in_viewport()
        expect(best_answer(page)).to_have_text("espresso")
        expect(best_answer(page)).to_be_in_viewport()
        page.get_by_test_id("stExpandSidebarButton").click()
        page.get_by_test_id("stSidebarNavLink").filter(has_text="About").click()
        expect(page.get_by_role("heading", name="What is this?")).to_be_visible()
        expect(page.get_by_test_id("stSidebarNavLink").first).not_to_be_in_viewport()
