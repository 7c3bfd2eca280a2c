"""The tray on screen: drop, paste, camera and samples in; thumbnails to choose and remove."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.server.streamlit_internals import forget_uploads, uploads
from pages.session import tray
from pages.session.tray import Entry
from pages.widgets import network_picker
from pages.widgets.component import component
from pages.widgets.words import plain, refusals
from squeeze_core import gallery
from squeeze_core.images import MAX_BYTES, Picture

_HERE = Path(__file__).parent
_LISTENER = "tray-listener"
_RESTORE = (
    '<div class="offer" role="status"><span></span><button type="button"></button>'
    '<button type="button"></button></div>'
)


def draw(page: str) -> None:
    """The bar that every page has on top; `page`: the address of this one."""
    state = tray.state()
    if page != state.page:
        state.page, state.fresh = page, []
    _take_drop(state)
    _style(list(state.entries.values()), tray.current())
    with st.container(border=True, key="tray"):
        with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="tray-row"):
            _drop_zone(_drop_key(state))
            with st.container(horizontal=True, gap="xsmall", width="content", key="tray-actions"):
                _actions(set(state.entries))
            network_picker.draw()
            with st.container(horizontal=True, wrap=False, gap="small", key="tray-strip"):
                _pictures(state)
        names = [entry.picture.name for entry in state.entries.values()]
        gone = state.removed.difference(names).union(refusal.name for refusal in state.refusals)
        component(_HERE / "restore_pictures.js", _RESTORE)(
            data={"session": state.token, "names": names, "gone": sorted(gone)}, key="tray-restore"
        )
        _about(tray.current_entry())
        if state.fresh:
            refusals([refusal.sentence for refusal in state.fresh], "tray", state.fresh.clear)


def _about(entry: Entry) -> None:
    """Show the picture's notice, and the choice among its file's frames."""
    picture = entry.picture
    if picture.notice:
        st.caption(plain(f"{picture.name}: {picture.notice}"))
    if entry.data:
        number = st.slider(
            plain(f"Which of the {picture.frames} frames of {picture.name}"),
            1,
            picture.frames,
            picture.frame + 1,
            key=f"tray-frame-{entry.file_key[:16]}",
            width=360,
        )
        if number != picture.frame + 1:
            tray.show_frame(entry, number - 1)
            st.rerun()


def _drop_zone(key: str) -> None:
    st.file_uploader(
        "Add pictures: drop, paste or browse",
        accept_multiple_files=True,
        key=key,
        label_visibility="collapsed",
        width=300,
    )
    component(_HERE / "page.js")(key=_LISTENER, data={"most": MAX_BYTES}, on_refused_change=_refuse)


def _refuse() -> None:
    for file in st.session_state[_LISTENER].refused or ():
        tray.refuse(str(file["name"]), int(file["size"]))


def _pictures(state: tray.Tray) -> None:
    """A button for each picture of the tray, or for each sample while the tray is empty."""
    if state.cleared:
        st.button("Undo: bring all back", key="tray-undo", icon=":material/undo:", on_click=tray.undo)
    own = [(entry.picture, entry.picture.name) for entry in state.entries.values()]
    samples = [(tray.sample_entry(sample.file).picture, sample.title) for sample in gallery.samples()]
    for picture, title in own or samples:
        name, shown = plain(title), picture.key == tray.current().key
        label = f"{name} (shown)" if shown else f"Show {name}"
        st.button(label, key=f"tray-see-{picture.key[:16]}", on_click=tray.choose, args=(picture,))
        if own and shown:
            st.button(f"Remove {name}", key="tray-remove", on_click=tray.remove, args=(picture.key,))


def _actions(own: set[str]) -> None:
    if st.button("Camera", key="tray-camera", icon=":material/photo_camera:", help="Take a picture"):
        _camera()
    if any(tray.sample_entry(sample.file).picture.key not in own for sample in gallery.samples()):
        st.button(
            "Use all samples",
            key="tray-add-all",
            icon=":material/select_all:",
            help="Put all samples in the tray",
            on_click=tray.add_samples,
        )
    if own:
        st.button(
            "Remove all",
            key="tray-clear",
            icon=":material/delete_sweep:",
            help="Remove all pictures",
            on_click=tray.clear,
        )


@st.dialog("Take a picture")
def _camera() -> None:
    shot = st.camera_input("Take a picture", key="tray-shot", label_visibility="collapsed")
    if shot is not None:
        tray.add([shot])
        st.rerun()


def _drop_key(state: tray.Tray) -> str:
    """Another uploader for each drop, and for each session: after a restart a browser would show in it what
    an older one was given."""
    return f"tray-drop-{state.drops}-{state.token}"


def _take_drop(state: tray.Tray) -> None:
    """Move the dropped files into the tray and empty the uploader.

    Not in a callback, which is called once: a click while they are decoded would lose the files.
    """
    if files := uploads(_drop_key(state)):
        tray.add(files)
        state.drops += 1
        forget_uploads(files)


def _style(entries: list[Entry], shown: Picture) -> None:
    """The thumbnails, as backgrounds of their buttons; a ring round the one shown; and its shape, so that
    room is kept for the picture while it is fetched."""
    samples = [tray.sample_entry(sample.file) for sample in gallery.samples()]
    st.html(f"<style>{_faces(samples)}</style>")  # as long as this, Streamlit sends it once to each browser
    ring = f".st-key-tray-see-{shown.key[:16]} button{{box-shadow:0 0 0 3px var(--accent)!important}}"
    width, height = shown.image.size
    shape = f":root{{--shape:{width}/{height};--tall:{height / width:.4f}}}"
    st.html(f"<style>{_faces(entries)}{ring}{shape}</style>")


def _faces(entries: list[Entry]) -> str:
    button = '[class*="st-key-tray-"][class*="-{}"] button{{background-image:url({})}}'
    return "".join(button.format(entry.picture.key[:16], entry.thumbnail) for entry in entries)
