"""The choices on the page: one channel, also in the address, and the disabled channels."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.session import selected_network
from pages.widgets.words import plain
from squeeze_core.errors import UserError
from squeeze_core.inside.ablation import Units
from squeeze_core.inside.trace import FireTrace, Unit

_UNIT = "fire-unit"
_DISABLED = "fire-disabled"
_PARAMETER = "channel"


def unit(trace: FireTrace) -> Unit:
    """The chosen channel: the address's, else the last one, else the strongest in the middle."""
    chosen: Unit = _from_address(trace) or _chosen_before(trace) or _first(trace)
    st.session_state[_UNIT] = chosen
    if st.query_params.get(_PARAMETER) != str(chosen):
        st.query_params[_PARAMETER] = str(chosen)
    return chosen


def choose(chosen: Unit) -> None:
    """Choose that channel; the address follows, because a link to another one leads by it."""
    st.session_state[_UNIT] = chosen
    st.query_params[_PARAMETER] = str(chosen)


def strongest(trace: FireTrace, module: str, branch: str) -> Unit:
    """The channel of that branch with the largest mean."""
    return Unit(module, branch, int(trace.maps(module, branch).order()[0]))


def _from_address(trace: FireTrace) -> Unit | None:
    """The channel that the address names, such as fire5/expand3x3/37; None, with a word, for no channel."""
    asked = st.query_params.get(_PARAMETER)
    if asked is None:
        return None
    try:
        return Unit.parse(asked[:60], trace.network)
    except UserError as error:
        st.warning(f"The address is not of a channel: {plain(str(error))}", icon=":material/link_off:")
        return None


def _chosen_before(trace: FireTrace) -> Unit | None:
    """The last one chosen; None where the network has no such channel."""
    try:
        return Unit.parse(str(st.session_state.get(_UNIT, "")), trace.network)
    except UserError:
        return None


def _first(trace: FireTrace) -> Unit:
    """A channel in the middle of the network, where the maps are still large enough to read."""
    names = list(trace.modules)
    module = trace.modules[names[(len(names) - 1) // 3]]
    return strongest(trace, module.name, module.branches[-1])


def clicked(key: str) -> list[Any] | None:
    """The custom data of the point that was clicked in the chart of that key.

    A second click on the same point takes the selection away in the browser, so the last point
    clicked in the chart stands for it.
    """
    selected = st.session_state[key].selection.points
    last = f"{key}-last"
    if selected:
        st.session_state[last] = selected[0]["customdata"]
    return st.session_state.get(last)


def disabled() -> Units:
    """The channels that are switched off."""
    return _history()[-1]


def switch_off(channels: Units) -> None:
    """Switch those channels off, as one step that can be undone."""
    _history().append(disabled() | channels)


def switch_on(channels: Units) -> None:
    """Switch those channels on again, as one step that can be undone."""
    _history().append(disabled() - channels)


def undo() -> None:
    """Take the last step back."""
    if can_undo():
        _history().pop()


def can_undo() -> bool:
    return len(_history()) > 1


def _history() -> list[Units]:
    return st.session_state.setdefault(f"{_DISABLED}-{selected_network.current().key}", [frozenset()])
