"""The slides on the whole screen, one after another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from squeeze_core.figures.svg import svg
from squeeze_core.report import slide

_HERE = Path(__file__).parent


def button(deck: tuple[slide.Slide, ...]) -> None:
    """A button that shows these slides until Escape is pressed."""
    slides = [{"title": one.title, "svg": svg(slide.drawing(one))} for one in deck]
    _component()(data={"slides": slides}, key="present", width="content")


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component(
        "present",
        html='<button type="button" class="start">Present</button>'
        '<dialog aria-label="Slides" tabindex="-1"><div class="stage"></div>'
        '<p class="spoken" aria-live="polite"></p></dialog>',
        css=(_HERE / "present.css").read_text(),
        js=(_HERE / "present.js").read_text(),
    )
