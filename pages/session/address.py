"""The page's address, which restores what is on screen. Most widgets are bound to it; this adds others."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import streamlit as st

from pages.widgets.component import component

# So that a widget's value is in the address, replaced and not pushed, and is kept over pages.
BOUND: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}


def asked(name: str, among: Iterable[int]) -> int | None:
    """The number that the address said under that name when the session began, if it is one of those."""
    key = f"address-{name}"
    if key not in st.session_state:
        st.session_state[key] = st.query_params.get(name, "")
        return next((number for number in among if str(number) == st.session_state[key]), None)
    return None


def put(name: str, value: str, default: str = "") -> None:
    """Put a value in the address; a default is left out."""
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


def copy_link(own_pictures: bool) -> None:
    """A button that copies the address, with a note that the visitor's own pictures are not in it."""
    note = "Your own pictures are not in the link: they never leave this session." if own_pictures else ""
    html = '<div><button type="button">Copy link</button><span role="status"></span></div>'
    draw = component(Path(__file__).with_suffix(".js"), html)
    draw(data={"note": note, "own": own_pictures}, key="copy-link")
