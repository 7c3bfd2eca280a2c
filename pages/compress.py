"""The page Compress: from AlexNet to half a megabyte, and a network compressed live."""

from __future__ import annotations

import streamlit as st

from pages.compress_parts import live, size_accuracy, step_chart
from pages.session import selected_network

st.title("How small can it get?", anchor=False)
network = selected_network.current()
found = live.made(network)
step_chart.draw(network, found.made if found else None)
live.draw(network)
size_accuracy.draw(found)
st.caption(
    "Bytes are those of whole files, written and counted here; kB and MB are 10³ and 10⁶ bytes. "
    "The paper’s figures are as printed."
)
