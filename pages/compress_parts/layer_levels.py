"""The values that the weights of each layer become."""

from __future__ import annotations

import streamlit as st

from pages.widgets import downloads
from pages.widgets.words import plain
from squeeze_core.compression import histogram
from squeeze_core.compression.presets import Compressed
from squeeze_core.figures import compression as figures


def draw(found: Compressed | None) -> None:
    with st.container(border=True):
        st.subheader("What the weights become", anchor=False)
        if found:
            _levels(found)
        else:
            st.info("Compress the network first: then its layers’ levels are shown here.")


@st.fragment
def _levels(found: Compressed) -> None:
    names = histogram.layers(found)
    layer = st.selectbox("Layer", list(names), index=len(names) - 1, key="compress-layer")
    one = histogram.histogram(found, names[layer])
    entropy = "" if one.entropy is None else f"; the levels’ entropy is {one.entropy:.2f} bits"
    st.markdown(
        f"**{plain(layer)}**: {int(one.counts.sum()):,} weights become {len(one.levels)} values, "
        f"{one.bits:.2f} bits each in the file{entropy}."
    )
    downloads.chart(
        figures.layer_levels(one),
        table=[
            {"Level": float(level), "Weights": int(count)}
            for level, count in zip(one.levels, one.level_counts, strict=True)
        ],
        name="layer-levels",
        alt=f"{layer}: weights before and after",
    )
