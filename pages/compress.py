"""How small can it get? The way from 250 MB to half of one, and one’s own network compressed."""

from __future__ import annotations

import streamlit as st

from pages.compress_parts import accuracy, int8, journey, layers, live
from pages.session import selected_network

st.title("How small can it get?", anchor=False)
network = selected_network.current()
found = live.made(network)
journey.draw(network, found)
live.draw(network)
tabs = st.tabs(
    ["Size against accuracy", "Layers", "int8, truthfully"],
    key="compress-tab",
    on_change="rerun",
    bind="query-params",
)
for tab, draw in zip(
    tabs,
    (accuracy.draw, lambda: layers.draw(network, found), lambda: int8.draw(network)),
    strict=True,
):
    if tab.open:
        with tab:
            draw()
st.caption(
    "Bytes are those of whole files, written and counted here; kB and MB are 10³ and 10⁶ bytes. "
    "Published figures are the papers’, in their units converted."
)
