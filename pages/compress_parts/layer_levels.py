"""Which layers matter, what their weights become, and what each weight costs."""

from __future__ import annotations

import streamlit as st

from pages.compress_parts.on_demand import on_demand
from pages.server.cache import cached
from pages.widgets import downloads
from pages.widgets.words import plain
from squeeze_core.compression import histogram
from squeeze_core.compression.histogram import Histogram
from squeeze_core.compression.presets import Compressed, layer_sensitivity
from squeeze_core.compression.sensitivity import PruningCurve
from squeeze_core.figures import compression as figures
from squeeze_core.networks.catalogue import Network

_DOING = "Pruning one layer after another"


def draw(network: Network, found: Compressed | None) -> None:
    with st.container(border=True):
        st.subheader("Which layers matter?", anchor=False)
        curves = _curves(network)
        if curves:
            alt = "Divergence of the answers when one layer alone is pruned, by layer and share"
            table = [
                {"Layer": one.name, "Weights set to zero": share, "Divergence (nats)": round(moved, 4)}
                for one in curves
                for share, moved in zip(one.sparsities, one.divergences, strict=True)
            ]
            downloads.chart(figures.sensitivity(curves), table=table, name="layer-sensitivity", alt=alt)
            st.caption(
                "Each field: that layer alone is pruned by magnitude, and the answers on the sample "
                "pictures move by so many nats (Kullback-Leibler). After Han et al., arXiv:1506.02626, "
                "figure 6; measured here."
            )
    with st.container(border=True):
        st.subheader("What the weights become", anchor=False)
        if not found:
            st.info("Compress the network first: then its layers’ levels are shown here.")
            return
        _levels(found)


def _curves(network: Network) -> tuple[PruningCurve, ...] | None:
    return on_demand(
        "compress-measure",
        network,
        "Measure it",
        ":material/network_check:",
        _DOING,
        lambda progress: layer_sensitivity(network, progress),
    )


@st.fragment
def _levels(found: Compressed) -> None:
    names = histogram.layers(found)
    chosen = st.selectbox("Layer", list(names), index=len(names) - 1, key="compress-layer")
    layer = chosen or next(iter(names))
    one = _histogram(found.network, names[layer], found)
    entropy = "" if one.entropy is None else f"; the levels’ entropy is {one.entropy:.2f} bits"
    st.markdown(
        f"**{plain(layer)}**: {int(one.counts.sum()):,} weights become {len(one.levels)} values, "
        f"{one.bits:.2f} bits each in the file{entropy}."
    )
    table = [
        {"Level": float(level), "Weights": int(count)}
        for level, count in zip(one.levels, one.level_counts, strict=True)
    ]
    downloads.chart(
        figures.layer_levels(one),
        table=table,
        name="layer-levels",
        alt=f"{layer}: weights before and after",
    )
    every = {name: _histogram(found.network, weight, found) for name, weight in names.items()}
    rows = [
        {
            "Layer": name,
            "Bits a weight": round(h.bits, 3),
            "Entropy (bits)": h.entropy and round(h.entropy, 3),
        }
        for name, h in every.items()
    ]
    st.markdown("**Bits a weight, by layer**")
    downloads.chart(
        figures.bits_by_layer(every),
        table=rows,
        name="bits-by-layer",
        alt="Bits a weight in the file beside the entropy of the levels, by layer",
    )
    st.caption(
        "Entropy: of the layer’s levels as if each came by chance. The coder learns from the weights "
        "before, so it needs less where a layer’s rows or columns differ."
    )


@cached
def _histogram(network: Network, weight: str, _found: Compressed) -> Histogram:
    """The levels of that weight of `network`, which is the one in `_found`."""
    return histogram.histogram(_found, weight)
