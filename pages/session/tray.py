"""The image tray of one session: the pictures it holds, and the one that every page shows.

Until a visitor adds a picture, the tray holds one sample, so no page is ever empty.
"""

from __future__ import annotations

import base64
import io
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st
from PIL import Image, ImageOps

from pages.server.cache import cached
from pages.server.streamlit_internals import end_unwanted_run
from pages.session import address
from squeeze_core import gallery, images
from squeeze_core.images import ImageError, Picture

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

MOST = 100
_STATE = "tray"
SAMPLE = "sample"  # in the address: the file's name without its ending
_THUMBNAIL = (112, 112)
_SCREEN = (960, 960)


@dataclass(frozen=True)
class Entry:
    """One picture in the tray, with its text alternative and a small square as a data address; of a file
    with several frames also the bytes and their key."""

    picture: Picture
    alt: str
    thumbnail: str
    data: bytes = b""
    file_key: str = ""


class Refusal(NamedTuple):
    """A file that could not be taken; `sentence` says why. `unsent`: the browser kept it back."""

    name: str
    sentence: str
    unsent: bool = False


@dataclass
class Tray:
    """One session's images and choices, in the order they came.

    `refusals`: of all files so far; `fresh`: of the last drop, which every page says until the next action
    or page. `removed`: names of pictures that were taken out; `cleared`: what `undo` brings back. `token`:
    tells it from any other.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    chosen: str = ""
    sample: str = ""
    refusals: list[Refusal] = field(default_factory=list)
    fresh: list[Refusal] = field(default_factory=list)
    cleared: dict[str, Entry] = field(default_factory=dict)
    page: str = ""
    drops: int = 0
    removed: set[str] = field(default_factory=set)
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    def refuse(self, refusal: Refusal) -> None:
        """Remember why that file was not taken."""
        self.refusals = [*(one for one in self.refusals if one.name != refusal.name), refusal]
        self.fresh.append(refusal)


def state() -> Tray:
    """This session's tray, made on its first run."""
    if _STATE not in st.session_state:
        files = [sample.file for sample in gallery.samples()]
        asked = next((file for file in files if Path(file).stem == st.query_params.get(SAMPLE)), files[0])
        st.session_state[_STATE] = Tray(sample=asked)
    return st.session_state[_STATE]


def put_in_address() -> None:
    """Put the sample shown in the page's address; a visitor's own picture is never in it."""
    shown = "" if state().entries else Path(state().sample).stem
    address.put(SAMPLE, shown, Path(gallery.samples()[0].file).stem if shown else "")


def current() -> Picture:
    """The picture chosen in the tray; there is always one."""
    return current_entry().picture


def pictures() -> list[Picture]:
    """Every picture in the tray, at least one, in the order they came."""
    return [entry.picture for entry in entries()]


def entries() -> list[Entry]:
    """The same, with text alternatives and thumbnails."""
    return list(state().entries.values()) or [current_entry()]


def with_samples() -> list[Picture]:
    """The session's pictures and the samples, each once."""
    samples = [sample_entry(sample.file).picture for sample in gallery.samples()]
    return list({picture.key: picture for picture in (*pictures(), *samples)}.values())


def describe(picture: Picture) -> str:
    """The text alternative of one of the tray's pictures."""
    entry = state().entries.get(picture.key) or current_entry()
    return entry.alt if entry.picture.key == picture.key else picture.name


@cached()
def for_screen(picture: Picture) -> bytes:
    """The picture as large as a page shows it at most, as WebP; made once."""
    image = picture.image.copy()  # Pillow writes the encoder's settings on the image that it saves
    image.thumbnail(_SCREEN)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=85, method=2)
    return buffer.getvalue()


def add(files: Iterable[UploadedFile]) -> None:
    """Take files; the first good one becomes the current picture, each bad one leaves a sentence."""
    tray = state()
    # Those kept back belong to the same drop, and came before its files.
    tray.fresh = [refusal._replace(unsent=False) for refusal in tray.fresh if refusal.unsent]
    taken: list[str] = []
    for file in files:
        try:
            if len(tray.entries) >= MOST:
                raise ImageError(f"{file.name} was left out: the tray holds {MOST} pictures at most.")
            data = file.getvalue()
            key = images.key_of(data)
            if known := tray.entries.get(key):
                picture = replace(known.picture, name=file.name)
                tray.entries[key] = replace(known, picture=picture, alt=_alt(picture))
            else:
                tray.entries[key] = _entry(data, file.name, key)
        except ImageError as error:
            tray.refuse(Refusal(file.name, str(error)))
            continue
        taken.append(key)
        tray.removed.discard(file.name)
        tray.refusals = [one for one in tray.refusals if one.name != file.name]
    if taken:
        tray.chosen = taken[0]
        tray.removed |= {entry.picture.name for entry in tray.cleared.values()} - {
            entry.picture.name for entry in tray.entries.values()
        }
        tray.cleared = {}


def _entry(data: bytes, name: str, key: str, frame: int = 0) -> Entry:
    picture = images.decode(data, name, poll=end_unwanted_run, key=key, frame=frame)
    kept = (data, key) if picture.frames > 1 else ()
    return Entry(picture, _alt(picture), _thumbnail(picture), *kept)


def _alt(picture: Picture) -> str:
    about = f", {picture.about()}" if picture.about() else ""
    return f"Your picture {picture.name}, {picture.width} × {picture.height} pixels{about}"


def show_frame(entry: Entry, frame: int) -> None:
    """Show another frame of that entry's file in its place; the same alone where that cannot be read."""
    tray, old = state(), entry.picture
    try:
        new = _entry(entry.data, old.name, entry.file_key, frame)
    except ImageError as error:
        tray.refuse(Refusal(old.name, f"Frame {frame + 1}: {error}"))
        new = replace(entry, data=b"")
    entries = ((new, new.picture.key) if one is entry else (one, key) for key, one in tray.entries.items())
    tray.entries, tray.chosen = {key: one for one, key in entries}, new.picture.key


def refuse(name: str, size: int) -> None:
    """Say why a file of that many bytes was not sent to the server."""
    try:
        images.check_bytes(size, name)
    except ImageError as error:
        state().refuse(Refusal(name, str(error), unsent=True))


def add_samples() -> None:
    """Put the samples beside the pictures that are there; the current picture stays current."""
    tray = state()
    tray.chosen, tray.fresh = current().key, []
    entries = [sample_entry(sample.file) for sample in gallery.samples()]
    tray.entries |= {entry.picture.key: entry for entry in entries}


def choose(picture: Picture) -> None:
    """Make that picture the current one: one of the tray's, or a sample while the tray is empty."""
    state().fresh = []
    if picture.key in state().entries:
        state().chosen = picture.key
    else:
        state().sample = picture.name


def remove(key: str) -> None:
    """Take one picture out; its neighbour becomes the current one when it was current."""
    tray = state()
    keys = list(tray.entries)
    if key not in keys:
        return
    place, tray.fresh = keys.index(key), []
    tray.removed.add(tray.entries.pop(key).picture.name)
    if tray.chosen == key:
        rest = list(tray.entries)
        tray.chosen = rest[min(place, len(rest) - 1)] if rest else ""


def clear() -> None:
    """Back to the sample, until `undo` or the next picture: the browser keeps its copies that long."""
    tray = state()
    tray.cleared, tray.entries, tray.chosen, tray.refusals, tray.fresh = tray.entries, {}, "", [], []


def undo() -> None:
    """Bring back what `clear` removed."""
    tray = state()
    tray.entries, tray.cleared = tray.cleared | tray.entries, {}
    tray.chosen = next(iter(tray.entries), "")


def current_entry() -> Entry:
    tray = state()
    return tray.entries.get(tray.chosen) or sample_entry(tray.sample)


@st.cache_resource(show_spinner=False)
def sample_entry(file: str) -> Entry:
    """A sample of the gallery, as the tray holds it."""
    sample = next(sample for sample in gallery.samples() if sample.file == file)
    picture = sample.picture()
    return Entry(replace(picture, notice=sample.limits), sample.alt, _thumbnail(picture))


def _thumbnail(picture: Picture) -> str:
    """The middle of the picture, a small square, as a data address."""
    buffer = io.BytesIO()
    ImageOps.fit(picture.image, _THUMBNAIL, Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
