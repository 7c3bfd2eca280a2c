"""Offers again what was brought in before the page was loaded again or the server started anew.

The browser keeps the pictures, for an hour and for its tab alone; the server keeps nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent


def draw(session: str, names: Sequence[str], gone: Sequence[str]) -> None:
    """`session`: another one each time that a tray begins empty; `names`: of the files in it; `gone`: of
    those that were taken out or could not be taken."""
    data = {"session": session, "names": list(names), "gone": list(gone)}
    _component()(data=data, key="tray-kept", on_again_change=lambda: None)


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component(
        "bring_back",
        html='<div class="kept" role="status"><span></span><button type="button"></button>'
        '<button type="button"></button></div>',
        css=(_HERE / "bring_back.css").read_text("utf-8"),
        js=(_HERE / "bring_back.js").read_text("utf-8"),
    )
