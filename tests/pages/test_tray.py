"""The tray's own rules, without a page: what is decoded, and when it is not."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pytest
from PIL import Image

from pages.common import tray
from squeeze_core import images
from squeeze_core.images import pool


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


def test_whoever_leaves_takes_their_work_along(mine: tray.Tray, monkeypatch: pytest.MonkeyPatch) -> None:
    class Left(Exception):
        pass

    calls = 0

    def state() -> tray.Tray:
        nonlocal calls
        calls += 1
        if calls > 1:  # Streamlit ends a run where it touches the session's state
            raise Left
        return mine

    monkeypatch.setattr(tray, "state", state)
    data = encoded(Image.new("L", (2000, 2000), 100), "JPEG", quality=30, progressive=True)
    scan = data[data.rfind(b"\xff\xda") : -2]
    with pytest.raises(Left):
        tray.add([Dropped("bomb.jpg", data[:-2] + scan * 20_000 + data[-2:])])
    assert pool.shared()._busy == 0
