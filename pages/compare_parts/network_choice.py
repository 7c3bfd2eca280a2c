"""Which networks to compare SqueezeNet with: picked one at a time, those that answer offline first."""

from __future__ import annotations

import streamlit as st

from pages.session import address
from squeeze_core.cost import comparison
from squeeze_core.networks.catalogue import CATALOGUE

_KEY, _PARAMETER = "compare-networks", "networks"
_OTHERS = [name for name in comparison.ROW_NAMES if name != comparison.REFERENCE]
_USUAL = [name for name in comparison.DEFAULT_NAMES if name != comparison.REFERENCE]


def choose() -> list[str]:
    """The names chosen, without SqueezeNet 1.1; they are in the address."""
    here = {name for name in _OTHERS if name in CATALOGUE and CATALOGUE[name].present()}
    if _KEY not in st.session_state:
        named = address.listed(address.given(_PARAMETER), _OTHERS)
        st.session_state[_KEY] = _USUAL if named is None else named
    names = st.multiselect(
        "Compare SqueezeNet 1.1 with",
        sorted(_OTHERS, key=lambda name: name not in here),
        format_func=lambda name: f"{comparison.title(name)}{' ✓' if name in here else ''}",
        key=_KEY,
        persist_state="session",
        select_all=False,
    )
    if any(name in CATALOGUE and name not in here for name in names):
        st.caption("✓ answers offline. The others are counted here; to answer they need a download.")
    address.put(_PARAMETER, ",".join(names), ",".join(_USUAL))
    return names
