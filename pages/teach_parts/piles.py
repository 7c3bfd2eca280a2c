"""The classes on screen: a card each, with name, pictures and ways to add more."""

from __future__ import annotations

import streamlit as st

from pages.server import results
from pages.session import tray
from pages.teach_parts import lesson as lessons
from pages.teach_parts.lesson import Lesson, Pile
from pages.widgets import downloads, live
from pages.widgets.words import plain, refusals
from squeeze_core.images import Picture
from squeeze_core.teaching import examples
from squeeze_core.teaching.sets import SETS
from squeeze_core.teaching.taught import MOST_CLASSES

_SHOWN = 12


def draw(lesson: Lesson) -> None:
    _actions(lesson)
    if lesson.refused:
        more = len(lesson.refused) - 5
        several = [*lesson.refused[:5], *([f"{more} more were left out."] if more > 0 else [])]
        refusals(several, "teach", lesson.refused.clear)
    with st.grid(min_column_width=280, gap="medium", key="teach-piles"):
        for pile in lesson.piles:
            with st.container(border=True, key=f"teach-class-{pile.number}"):
                _card(lesson, pile)


def _actions(lesson: Lesson) -> None:
    """Draw the controls of all classes."""
    with st.container(horizontal=True, gap="small", key="teach-actions"):
        full = len(lesson.piles) >= MOST_CLASSES
        st.button("Add class", key="teach-add", icon=":material/add:", on_click=_add, disabled=full)
        # Another key after each set, which closes it.
        with st.popover("Open a set", icon=":material/folder_open:", key=f"teach-open-{lesson.drops}"):
            _open_sets(lesson)
        if lesson.pictures:
            downloads.file(
                "Pictures (ZIP)",
                lambda: examples.to_zip(lesson.classes()),
                "pictures.zip",
                "teach-zip",
                "folder_zip",
                help="One folder a class: this page and `teach` open it, so you can go on later.",
            )
            st.button(
                "Start over",
                key="teach-clear",
                icon=":material/delete_sweep:",
                on_click=lesson.start_over,
            )


def _add() -> None:
    lessons.current().add()


def _open_sets(lesson: Lesson) -> None:
    for name, offered in SETS.items():
        if st.button(offered.title, key=f"teach-set-{name}", icon=":material/school:", width="stretch"):
            lesson.drops += 1
            lessons.read(offered.sources())
            st.rerun()
        st.caption(plain(offered.source))
    key = f"teach-zip-drop-{lesson.drops}"
    st.file_uploader("A ZIP file with one folder a class", type="zip", accept_multiple_files=True, key=key)
    lessons.take_drop(key)
    key = f"teach-folder-drop-{lesson.drops}"
    st.file_uploader("Or that folder", accept_multiple_files="directory", key=key)
    lessons.take_drop(key)


def _card(lesson: Lesson, pile: Pile) -> None:
    number, count = pile.number, len(pile.examples)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        name = st.text_input(
            "Name",
            pile.name,
            examples.LONGEST_NAME,
            key=f"teach-name-{number}",
            label_visibility="collapsed",
        )
        st.button(
            f"Remove {plain(pile.name)}",
            key=f"teach-remove-{number}",
            icon=":material/close:",
            type="tertiary",
            on_click=_remove,
            args=(lesson, pile),
        )
    if (wanted := examples.class_name(name)) and wanted != pile.name:
        pile.name = wanted
        lesson.changed()
    key = f"teach-drop-{number}-{lesson.drops}"
    st.file_uploader(
        f"Pictures of {plain(pile.name)}", accept_multiple_files=True, key=key, label_visibility="collapsed"
    )
    lessons.take_drop(key, pile)
    with st.container(horizontal=True, gap="small"):
        if st.button("From the tray", key=f"teach-tray-{number}", icon=":material/image:"):
            lesson.put(pile, examples.example(tray.current(), results.engine()))
            st.rerun()
        if st.button("Camera", key=f"teach-camera-{number}", icon=":material/photo_camera:"):
            _camera(lesson, pile)
    st.caption(f"{count} picture{'' if count == 1 else 's'}")
    shown = list(pile.examples.values())[:_SHOWN]
    if shown:
        with st.container(horizontal=True, gap="xxsmall"):
            for one in shown:
                st.image(one.jpeg, width=56, alt=f"{one.name}, of {pile.name}")


def _remove(lesson: Lesson, pile: Pile) -> None:
    lesson.piles.remove(pile)
    lesson.changed()


@st.dialog("Take pictures", on_dismiss="rerun")
def _camera(lesson: Lesson, pile: Pile) -> None:
    st.write(plain(f"Ten pictures of {pile.name}, three a second: turn it, and change the background."))

    def answer(frame: Picture) -> live.Answer:
        lesson.put(pile, examples.example(frame, results.engine()))
        return live.Answer((f"{len(pile.examples)} pictures",))

    live.draw(f"teach-{pile.number}", answer, "Take ten pictures", burst=True)
    if st.button("Done", key="teach-shot-done"):
        st.rerun()
