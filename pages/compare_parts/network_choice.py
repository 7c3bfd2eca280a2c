"""The choice of networks to compare SqueezeNet with."""

from __future__ import annotations

import streamlit as st

from pages.session import address
from squeeze_core.cost import comparison

_KEY, _PARAMETER = "compare-networks", "networks"
_OTHERS = [name for name in comparison.ROW_NAMES if name != comparison.REFERENCE]
_USUAL = [name for name in comparison.DEFAULT_NAMES if name != comparison.REFERENCE]


def choose() -> list[str]:
    """The names chosen, without SqueezeNet 1.1; they are in the address."""
    if _KEY not in st.session_state:
        named = address.listed(st.query_params.get(_PARAMETER), _OTHERS)
        st.session_state[_KEY] = _USUAL if named is None else named
    names = st.multiselect(
        "Compare SqueezeNet 1.1 with",
        _OTHERS,
        format_func=comparison.title,
        key=_KEY,
        persist_state="session",
        select_all=False,
    )
    address.put(_PARAMETER, ",".join(names), ",".join(_USUAL))
    return names
