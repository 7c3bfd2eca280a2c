"""The page Teach: classes of one's own, from a few pictures each; the network made of them."""

from __future__ import annotations

import streamlit as st

from pages.server import results
from pages.teach_parts import lesson as lessons
from pages.widgets import in_python
from pages.widgets.progress import advance
from pages.widgets.words import plain
from squeeze_core.errors import UserError


def page() -> None:
    st.title("Can it learn your classes?", anchor=False)
    st.markdown(
        "Name two to twenty classes and give each ten pictures or so: drop or paste them on a class, take "
        "them with the camera, or open a set. SqueezeNet learns them within seconds. Your pictures stay "
        "in this session."
    )
    from pages.teach_parts import out, piles, worth

    lesson = lessons.current()
    piles.draw(lesson)
    if lesson.made is None and not lesson.words:
        _teach(lesson)
    if lesson.words:
        st.info(plain(lesson.words), icon=":material/school:")
    if lesson.made:
        worth.draw(lesson, lesson.made)
        out.draw(lesson, lesson.made)
    in_python.draw("teach")


def _teach(lesson: lessons.Lesson) -> None:
    """Teach the classes as they are; a click stops it, and the next run begins again."""
    from squeeze_core.teaching import taught

    bar = st.progress(0.0, text="Learning")
    try:
        lesson.made = taught.teach(lesson.classes(), advance(bar))
    except UserError as error:
        lesson.words = str(error)
    bar.empty()


results.import_for("teach")
page()
