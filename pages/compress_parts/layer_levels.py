"""The effect of each layer on the answers, and the values that its weights become."""

from __future__ import annotations

import streamlit as st

from pages.compress_parts.study import study
from pages.widgets import downloads
from pages.widgets.words import plain
from squeeze_core.compression import histogram
from squeeze_core.compression.presets import Compressed, layer_sensitivity
from squeeze_core.figures import compression as figures
from squeeze_core.networks.catalogue import Network


def draw(network: Network, found: Compressed | None) -> None:
    with st.container(border=True):
        st.subheader("Which layers matter?", anchor=False)
        _sensitivity(network)
    with st.container(border=True):
        st.subheader("What the weights become", anchor=False)
        if found:
            _levels(found)
        else:
            st.info("Compress the network first: then its layers’ levels are shown here.")


def _sensitivity(network: Network) -> None:
    curves = study(
        "compress-measure",
        network,
        "Measure it",
        ":material/network_check:",
        "Pruning one layer after another",
        lambda progress: layer_sensitivity(network, progress),
    )
    if not curves:
        return
    table = [
        {"Layer": one.name, "Weights set to zero": share, "Divergence (nats)": round(moved, 4)}
        for one in curves
        for share, moved in zip(one.sparsities, one.divergences, strict=True)
    ]
    downloads.chart(
        figures.sensitivity(curves),
        table=table,
        name="layer-sensitivity",
        alt="Divergence of the answers when one layer alone is pruned, by layer and share",
    )
    st.caption(
        "Each field: that layer alone is pruned by magnitude, and the answers on the sample pictures move "
        "by so many nats (Kullback-Leibler). After Han et al., arXiv:1506.02626, figure 6; measured here."
    )


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
