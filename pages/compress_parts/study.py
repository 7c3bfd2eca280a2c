"""Studies of a network that take seconds: run on demand, and kept for this session and network."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.server import results
from pages.widgets.progress import Result, advance, on_demand
from squeeze_core.networks.catalogue import Network


def study(
    name: str,
    network: Network,
    label: str,
    icon: str,
    doing: str,
    work: Callable[[Callable[[float], None]], Result],
) -> Result | None:
    """The result of `work`, which is given a function of the share done, 0–1; None until there is one.

    Other arguments as of `on_demand`.
    """

    def in_turn(bar: DeltaGenerator) -> Result:
        with results.engine().queue.turn(large=True):
            return work(advance(bar, text=doing))

    kept = st.session_state.setdefault(f"{name}-kept", {})
    if network.key not in kept and (found := on_demand(name, label, icon, in_turn, doing=doing)):
        kept.clear()
        kept[network.key] = found
        st.rerun()
    return kept.get(network.key)
