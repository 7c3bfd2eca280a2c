"""The channels of the selected network that a visitor has switched off in "What if?", step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.session import selected_network

if TYPE_CHECKING:
    from squeeze_core.inside.ablation import Units


def disabled() -> Units:
    """The channels that are switched off."""
    return history()[-1]


def switch_off(channels: Units) -> None:
    """Switch those channels off, as one step that can be undone."""
    history().append(disabled() | channels)


def switch_on(channels: Units) -> None:
    """Switch those channels on, as one step that can be undone."""
    history().append(disabled() - channels)


def undo() -> None:
    """Take the last step back, if there is one."""
    if len(history()) > 1:
        history().pop()


def history() -> list[Units]:
    """The disabled channels of the selected network after each step; none before the first."""
    return st.session_state.setdefault(f"fire-disabled-{selected_network.current().key}", [frozenset()])


def bar() -> None:
    """A bar that says how many channels are off and switches them on; nothing while all are on."""
    if not (off := disabled()):
        return
    channels = f"{len(off):,} channel{'s are' if len(off) > 1 else ' is'}"
    with st.container(horizontal=True, vertical_alignment="center", key="channels-off"):
        st.warning(
            f"{channels} off in “What if?”. All other answers are those of the whole network.",
            icon=":material/toggle_off:",
        )
        st.button(
            "Switch on", key="channels-on", icon=":material/toggle_on:", on_click=switch_on, args=(off,)
        )
