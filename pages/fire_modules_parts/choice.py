"""The choice of one channel, also in the address."""

from __future__ import annotations

import streamlit as st

from pages.widgets.words import plain
from squeeze_core.errors import UserError
from squeeze_core.inside.trace import FireTrace, Unit

TAB = "fire-tab"
FOLLOW, ALL, ONE = "Follow one pixel", "All channels", "One channel"
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


def open_module(trace: FireTrace, module: str) -> None:
    """Choose the strongest channel of that module, of the same branch where it has one."""
    branch, branches = unit(trace).branch, trace.modules[module].branches
    choose(strongest(trace, module, branch if branch in branches else branches[-1]))
