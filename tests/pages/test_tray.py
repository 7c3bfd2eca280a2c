"""The tray's own rules, without a page: what is decoded, and when it is not."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.testing.v1 import AppTest

from pages.session import tray
from squeeze_core import images
from squeeze_core.images import pool
from tests.sessions import opened


@dataclass
class Dropped:
    name: str
    data: bytes

    def getvalue(self) -> bytes:
        return self.data


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> tray.Tray:
    """A session's tray outside of a session."""
    made = tray.Tray()
    monkeypatch.setattr(tray, "state", lambda: made)
    return made


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_a_picture_that_is_there_is_not_decoded_again(
    mine: tray.Tray, monkeypatch: pytest.MonkeyPatch
) -> None:
    red, blue = (
        Dropped(f"{name}.png", encoded(Image.new("RGB", (4, 4), name))) for name in ("red", "blue")
    )
    tray.add([red, blue])
    assert mine.chosen == images.key_of(red.data) and len(mine.entries) == 2
    assert [entry.picture.key for entry in mine.entries.values()] == list(mine.entries)
    monkeypatch.setattr(images, "decode", lambda *_, **__: pytest.fail("it was decoded"))
    tray.add([Dropped("copy.png", blue.data)])
    assert mine.chosen == images.key_of(blue.data) and len(mine.entries) == 2


def test_the_next_picture_is_shown_when_the_chosen_one_is_removed(mine: tray.Tray) -> None:
    names = ("red", "green", "blue")
    tray.add([Dropped(f"{name}.png", encoded(Image.new("RGB", (4, 4), name))) for name in names])
    red, green, blue = mine.entries
    tray.choose(mine.entries[green].picture)
    for key, shown in ((green, blue), (blue, red), (red, "")):
        tray.remove(key)
        assert mine.chosen == shown
    assert mine.removed == {f"{name}.png" for name in names}


def test_removing_all_can_be_undone_until_the_next_picture(mine: tray.Tray) -> None:
    names = ("red", "green", "blue")
    tray.add([Dropped(f"{name}.png", encoded(Image.new("RGB", (4, 4), name))) for name in names])
    before = dict(mine.entries)
    tray.clear()
    assert not mine.entries and not mine.removed  # the browser keeps its copies
    tray.undo()
    assert mine.entries == before and mine.chosen in before and not mine.cleared
    tray.clear()
    tray.add([Dropped("red.png", encoded(Image.new("RGB", (4, 4), "red")))])
    assert not mine.cleared and mine.removed == {"green.png", "blue.png"}


def test_a_refusal_leaves_with_the_next_action_and_stays_in_the_table(mine: tray.Tray) -> None:
    tray.add([Dropped("red.png", encoded(Image.new("RGB", (4, 4), "red"))), Dropped("bad.png", b"bad")])
    assert [one.name for one in mine.fresh] == ["bad.png"]
    tray.choose(mine.entries[mine.chosen].picture)
    assert not mine.fresh and [one.name for one in mine.refusals] == ["bad.png"]
    tray.add([Dropped("worse.png", b"")])
    assert [one.name for one in mine.fresh] == ["worse.png"] and len(mine.refusals) == 2
    tray.add([Dropped("bad.png", encoded(Image.new("RGB", (4, 4), "blue")))])
    assert [one.name for one in mine.refusals] == ["worse.png"]


def test_a_thumbnail_is_the_middle_of_the_picture(mine: tray.Tray) -> None:
    wide = Image.new("RGB", (90, 30), "red")
    wide.paste("blue", (30, 0, 60, 30))
    tray.add(
        [Dropped("wide.png", encoded(wide)), Dropped("tall.png", encoded(wide.rotate(90, expand=True)))]
    )
    for entry in mine.entries.values():
        data = base64.b64decode(entry.thumbnail.partition(",")[2])
        with Image.open(io.BytesIO(data)) as small:
            red, _, blue = np.asarray(small.convert("RGB")).reshape(-1, 3).mean(0)
        assert small.size == (112, 112) and red < 10 and blue > 240


def test_decoding_ends_when_the_visitor_leaves(mine: tray.Tray, monkeypatch: pytest.MonkeyPatch) -> None:
    class Left(Exception):
        pass

    def leave() -> None:
        raise Left

    monkeypatch.setattr(tray, "end_unwanted_run", leave)
    data = encoded(Image.new("L", (2000, 2000), 100), "JPEG", quality=30, progressive=True)
    scan = data[data.rfind(b"\xff\xda") : -2]
    with pytest.raises(Left):
        tray.add([Dropped("bomb.jpg", data[:-2] + scan * 20_000 + data[-2:])])
    assert pool.shared().queue.running == 0


def test_dropped_files_survive_a_click_while_they_are_decoded_and_are_then_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The last run names them again, as a browser does that has not seen that the uploader is a new one."""
    gone: list[str] = []
    kept = MemoryUploadedFileManager.remove_file

    def remove(self: MemoryUploadedFileManager, session: str, file: str) -> None:
        gone.append(file)
        kept(self, session, file)

    monkeypatch.setattr(MemoryUploadedFileManager, "remove_file", remove)
    app = opened()
    decode = images.decode

    def clicked_meanwhile(data: bytes, name: str, **options: object) -> images.Picture:
        if name == "blue.png":
            st.stop()
        return decode(data, name, **options)

    monkeypatch.setattr(images, "decode", clicked_meanwhile)
    for name in ("red", "blue"):
        app.file_uploader[0].upload(f"{name}.png", encoded(Image.new("RGB", (40, 30), name)))
    app.run()
    assert not gone and state(app).drops == 0
    monkeypatch.setattr(images, "decode", decode)
    app.run()
    names = [entry.picture.name for entry in state(app).entries.values()]
    assert not app.exception and names == ["red.png", "blue.png"]
    assert len(gone) == 2
    app.run()
    assert not app.exception and not app.error and len(state(app).entries) == 2 and state(app).drops == 1


def state(app: AppTest) -> tray.Tray:
    return app.session_state["tray"]


def test_another_frame_takes_the_place_of_the_one_shown(mine: tray.Tray) -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("white", "red", "green")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    tray.add([Dropped("a.gif", data), Dropped("b.png", encoded(frames[1]))])
    tray.show_frame(tray.current_entry(), 1)
    assert tray.current().image.getpixel((5, 5)) == (255, 0, 0) and tray.current().about() == "frame 2 of 3"
    assert [entry.picture.name for entry in mine.entries.values()] == ["a.gif", "b.png"]
    assert "frame 2 of 3" in tray.describe(tray.current())
    tray.show_frame(tray.current_entry(), 0)
    assert tray.current().key == images.key_of(data)
    tray.show_frame(tray.current_entry(), 7)
    assert "Frame 8" in mine.refusals[0].sentence and not tray.current_entry().data
    assert all(not entry.data for entry in mine.entries.values())


def frames_page() -> None:
    import streamlit as st

    from pages.session import tray
    from pages.widgets import tray_bar

    tray_bar._about(tray.current_entry())
    st.write(tray.current().about())


def test_a_slider_chooses_the_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("white", "red", "green")]
    page, made = AppTest.from_function(frames_page), tray.Tray()
    monkeypatch.setattr(tray, "state", lambda: made)
    tray.add([Dropped("a.gif", encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))])
    page.run()
    assert page.markdown[0].value == "frame 1 of 3"
    page.slider[0].set_value(3).run()
    assert page.markdown[0].value == "frame 3 of 3" and page.slider[0].value == 3 and not page.exception
