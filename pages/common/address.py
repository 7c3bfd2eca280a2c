"""The page's address says what is on screen: widgets put themselves in it, and this puts in the rest."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent
# So that a widget's value is in the address, replaced and not pushed, and is kept over pages.
BOUND: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}


def given(name: str) -> str | None:
    """What the address says under that name, None when nothing."""
    return st.query_params.get(name)


def put(name: str, value: str, default: str = "") -> None:
    """Say that in the address; a default is left out."""
    if value == default:
        if name in st.query_params:
            del st.query_params[name]
    elif st.query_params.get(name) != value:
        st.query_params[name] = value


def listed(value: str | None, known: Iterable[str]) -> list[str] | None:
    """Names from an address, "vgg16,resnet50", those that are known; None when it names none at all."""
    if value is None:
        return None
    known = set(known)
    return [name for name in value.split(",") if name in known]


def copy_link(note: str = "") -> None:
    """A button that puts the address in the clipboard; `note` is said after it did."""
    _component()(data={"note": note}, key="copy-link", width="content")


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component(
        "copy_link",
        html='<button type="button">Copy link</button><span role="status"></span>',
        css=(_HERE / "address.css").read_text(encoding="utf-8"),
        js=(_HERE / "address.js").read_text(encoding="utf-8"),
    )
