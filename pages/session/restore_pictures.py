"""Offers the pictures of before a reload of the page or a restart of the server again.

The browser keeps the pictures, for an hour and for its tab alone; the server keeps nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent


def draw(session: str, names: Sequence[str], gone: Sequence[str]) -> None:
    """`session`: tells one tray that began empty from another; `names`: of the files in it; `gone`: of
    those that were taken out or refused."""
    _component()(data={"session": session, "names": list(names), "gone": list(gone)}, key="tray-restore")


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component(
        "restore_pictures",
        html='<div class="offer" role="status"><span></span><button type="button"></button>'
        '<button type="button"></button></div>',
        css=(_HERE / "restore_pictures.css").read_text("utf-8"),
        js=(_HERE / "restore_pictures.js").read_text("utf-8"),
    )
