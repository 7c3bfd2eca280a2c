"""The choices on the page: one channel, also in the address, and the disabled channels."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.session import selected_network
from pages.widgets.words import plain
from squeeze_core.errors import UserError
from squeeze_core.inside.ablation import Units
from squeeze_core.inside.trace import FireTrace, Unit

TAB = "fire-tab"
FOLLOW, ALL = "Follow one pixel", "All channels"
_UNIT = "fire-unit"
_PARAMETER = "channel"


def unit(trace: FireTrace) -> Unit:
    """The chosen channel: the address's, else the last one, else the strongest of an early module."""
    chosen = None
    if asked := st.query_params.get(_PARAMETER):
        try:
            chosen = Unit.parse(asked[:60], trace.network)
        except UserError as error:
            st.warning(f"The address is not of a channel: {plain(str(error))}", icon=":material/link_off:")
    if chosen is None:
        try:
            chosen = Unit.parse(str(st.session_state.get(_UNIT, "")), trace.network)
        except UserError:  # none was chosen, or in a network that has other channels
            names = list(trace.modules)
            module = trace.modules[names[(len(names) - 1) // 3]]  # its maps are still large enough to read
            chosen = strongest(trace, module.name, module.branches[-1])
    choose(chosen)
    return chosen


def choose(chosen: Unit) -> None:
    """Choose that channel, in the address too, which links to other channels change."""
    st.session_state[_UNIT] = chosen
    if st.query_params.get(_PARAMETER) != str(chosen):
        st.query_params[_PARAMETER] = str(chosen)


def strongest(trace: FireTrace, module: str, branch: str) -> Unit:
    """The channel of that branch with the largest mean."""
    return Unit(module, branch, int(trace[module, branch].order()[0]))


def clicked(key: str) -> list[Any] | None:
    """The custom data of the point that was clicked in the chart of that key.

    A second click on the same point clears the selection in the browser; then it is the point clicked last.
    """
    selected = st.session_state[key].selection.points
    last = f"{key}-last"
    if selected:
        st.session_state[last] = selected[0]["customdata"]
    return st.session_state.get(last)


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
