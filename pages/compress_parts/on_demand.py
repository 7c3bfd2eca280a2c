"""Long work on a network: run on demand by a button, with progress, and stoppable."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from pages.server import results
from pages.widgets.progress import advance
from pages.widgets.words import plain
from squeeze_core.errors import UserError
from squeeze_core.networks.catalogue import Network

Result = TypeVar("Result")


def on_demand(
    name: str,
    network: Network,
    label: str,
    icon: str,
    doing: str,
    work: Callable[[Callable[[float], None]], Result],
) -> Result | None:
    """What `work` gives, which is told whom to tell how far it is (0–1); kept for this session and network.

    None before the button with that `label` and `icon` was pressed, and when there is an error, which is
    said. `name`: for keys, unique. `doing`: beside the bar.
    """
    kept = st.session_state.setdefault(f"{name}-kept", {})
    if network.key in kept:
        return kept[network.key]
    slot, asked = st.empty(), f"{name}-asked"
    if not st.session_state.pop(asked, False):
        slot.button(label, icon=icon, key=name, on_click=lambda: st.session_state.update({asked: True}))
        return None
    with slot.container():
        bar = st.progress(0.0, text=doing)
        st.button("Stop", icon=":material/stop:", key=f"{name}-stop")
    try:
        with results.engine().queue.turn(large=True):
            found = work(advance(bar, text=doing))
    except UserError as error:
        slot.error(plain(str(error)), icon=":material/broken_image:")
        return None
    kept.clear()
    kept[network.key] = found
    slot.empty()
    return found
