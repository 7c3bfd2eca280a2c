"""The page's address, which restores what is on screen. Most widgets are bound to it; this adds others."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import streamlit as st

from pages.widgets.component import component

# So that a widget's value is in the address, replaced and not pushed, and is kept over pages.
BOUND: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}


def restore(name: str, key: str, among: Iterable[int]) -> None:
    """Give the widget `key` the number, one of `among`, that the address said when the session began."""
    said = f"address-{name}"
    if said not in st.session_state:
        st.session_state[said] = st.query_params.get(name, "")
        for number in among:
            if str(number) == st.session_state[said]:
                st.session_state[key] = number


def put(name: str, value: str, default: str = "") -> None:
    """Put a value in the address; a default is left out."""
    if value == default:
        if name in st.query_params:
            del st.query_params[name]
    elif st.query_params.get(name) != value:
        st.query_params[name] = value


def copy_link(pictures: bool, networks: bool) -> None:
    """A button that copies the address, with a note that the visitor's own pictures are not in it; a reload
    that would lose own pictures or networks is asked about."""
    own = [word for word, here in (("pictures", pictures), ("network", networks)) if here]
    note = f"The link does not include your {' or your '.join(own)}." if own else ""
    html = '<div><button type="button">Copy link</button><span role="status"></span></div>'
    draw = component(Path(__file__).with_suffix(".js"), html)
    draw(data={"note": note, "own": pictures or networks}, key="copy-link", width="content")
