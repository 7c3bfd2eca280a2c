"""The tray on screen: drop, paste, camera and samples in; thumbnails to choose and remove."""

from __future__ import annotations

import html
from pathlib import Path

import streamlit as st

from pages.common import tray
from pages.common.tray import Entry
from squeeze_core import gallery

_HERE = Path(__file__).parent


def draw() -> None:
    """The bar that every page has on top."""
    state = tray.state()
    _style()
    with st.container(border=True, key="tray"):
        with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="tray-row"):
            key = f"tray-drop-{state.drops}"
            st.file_uploader(
                "Add pictures: drop, paste or browse",
                accept_multiple_files=True,
                key=key,
                on_change=_take_drop,
                args=(key,),
                label_visibility="collapsed",
                width=300,
            )
            _paste_catcher()(key="tray-paste")
            if state.entries:
                _own_pictures(list(state.entries.values()), state.chosen)
            else:
                _samples(state.sample)
            with st.container(horizontal=True, gap="xsmall", width="content", key="tray-actions"):
                _actions(bool(state.entries))
        for refusal in state.refusals:
            st.error(_plain(refusal.sentence), icon=":material/broken_image:")


def _own_pictures(entries: list[Entry], chosen: str) -> None:
    with st.container(horizontal=True, wrap=False, gap="small", key="tray-strip"):
        for entry in entries:
            _thumbnail(entry, entry.key == chosen, tray.choose, entry.key)


def _samples(chosen: str) -> None:
    with st.container(horizontal=True, wrap=False, gap="small", key="tray-strip"):
        for sample in gallery.samples():
            entry = tray.sample_entry(sample.file)
            _thumbnail(entry, sample.file == chosen, tray.choose_sample, sample, title=sample.title)


def _thumbnail(entry: Entry, chosen: bool, choose: object, argument: object, title: str = "") -> None:
    name = _plain(title or entry.name)
    label = f"{name} (shown)" if chosen else f"Show {name}"
    key = f"tray-{'on' if chosen else 'off'}-{entry.key[:16]}"
    st.button(label, key=key, help=name, on_click=choose, args=(argument,))  # type: ignore[arg-type]


def _actions(own: bool) -> None:
    if own:
        st.button(
            "Remove this picture", key="tray-remove", icon=":material/delete:", on_click=_remove_current
        )
        st.button("Remove all", key="tray-clear", icon=":material/clear_all:", on_click=tray.clear)
        with st.popover("Samples", icon=":material/photo_library:", key="tray-samples"):
            for sample in gallery.samples():
                st.button(
                    sample.title,
                    key=f"tray-add-{sample.file}",
                    on_click=tray.add_samples,
                    args=([sample],),
                )
    else:
        st.button(
            "Use all samples",
            key="tray-add-all",
            icon=":material/select_all:",
            on_click=tray.add_samples,
            args=(gallery.samples(),),
        )
    if st.button("Camera", key="tray-camera", icon=":material/photo_camera:"):
        _camera()


@st.dialog("Take a picture")
def _camera() -> None:
    shot = st.camera_input("Take a picture", key="tray-shot", label_visibility="collapsed")
    if shot is not None:
        tray.add([shot])
        st.rerun()


def _take_drop(key: str) -> None:
    """Move the dropped files into the tray and empty the uploader: a new key is a new uploader."""
    files = st.session_state[key]
    if files:
        tray.add(files)
        tray.state().drops += 1


def _remove_current() -> None:
    tray.remove(tray.state().chosen)


@st.cache_resource(show_spinner=False)
def _paste_catcher() -> object:
    return st.components.v2.component("picture_paste", js=(_HERE / "tray.js").read_text())


def _style() -> None:
    entries = list(tray.state().entries.values())
    if not entries:
        entries = [tray.sample_entry(sample.file) for sample in gallery.samples()]
    faces = "".join(
        f'[class*="st-key-tray-"][class*="-{entry.key[:16]}"] button'
        f"{{background-image:url({html.escape(entry.thumbnail)})}}"
        for entry in entries
    )
    st.html(f"<style>{(_HERE / 'tray.css').read_text()}</style>")
    st.html(f"<style>{faces}</style>")


def _plain(text: str) -> str:
    """The text with nothing left that Markdown would take as markup."""
    return "".join(f"\\{mark}" if mark in r"\`*_{}[]()#+-.!|~:$<>" else mark for mark in text)
