"""Components of our own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st


@st.cache_resource(show_spinner=False)
def component(script: Path, html: str | None = None) -> Any:
    """The component of that script, with the style that lies beside it under the same name, if one does."""
    style = script.with_suffix(".css")
    css = style.read_text("utf-8") if style.exists() else None
    return st.components.v2.component(script.stem, html=html, css=css, js=script.read_text("utf-8"))
