"""Which layers matter, what their weights become, and what each weight costs."""

from __future__ import annotations

import streamlit as st

from pages.common import shared, take_away
from pages.common.memory import RESULTS
from pages.common.progress import advance
from pages.common.words import plain
from squeeze_core.compression import histogram
from squeeze_core.compression.histogram import Histogram
from squeeze_core.compression.presets import Compressed, views
from squeeze_core.compression.sensitivity import PruningCurve, pruning_curves
from squeeze_core.errors import UserError
from squeeze_core.figures import compression as figures
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import Network

_CURVES, _ASKED = "compress-curves", "compress-study"
_DOING = "Pruning one layer after another"
_VIEWS = 1  # of each sample picture


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
            take_away.chart(figures.sensitivity(curves), table=table, name="layer-sensitivity", alt=alt)
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
    """Measured when asked; kept for this session and network."""
    kept = st.session_state.setdefault(_CURVES, {})
    if network.key in kept:
        return kept[network.key]
    slot = st.empty()
    if not st.session_state.pop(_ASKED, False):
        slot.button(
            "Measure it",
            icon=":material/network_check:",
            key="compress-measure",
            on_click=lambda: st.session_state.update({_ASKED: True}),
        )
        return None
    with slot.container():
        bar = st.progress(0.0, text=_DOING)
        st.button("Stop", icon=":material/stop:", key="compress-measure-stop")
    try:
        loaded = network.load()
    except UserError as error:
        slot.error(plain(str(error)), icon=":material/broken_image:")
        return None
    assert isinstance(loaded, SqueezeNet)
    with shared.engine().queue.turn(large=True):
        curves = pruning_curves(loaded, views(network, _VIEWS), progress=advance(bar, text=_DOING))
    kept.clear()
    kept[network.key] = tuple(
        PruningCurve(loaded.name_of(one.name.removesuffix(".weight")), one.sparsities, one.divergences)
        for one in curves
    )
    slot.empty()
    return kept[network.key]


@st.fragment
def _levels(found: Compressed) -> None:
    names = histogram.layers(found)
    chosen = st.selectbox("Layer", list(names), index=len(names) - 1, key="compress-layer")
    layer = chosen or next(iter(names))
    one = _histogram(found, names[layer])
    entropy = "" if one.entropy is None else f"; the levels’ entropy is {one.entropy:.2f} bits"
    st.markdown(
        f"**{plain(layer)}**: {int(one.counts.sum()):,} weights become {len(one.levels)} values, "
        f"{one.bits:.2f} bits each in the file{entropy}."
    )
    table = [
        {"Level": float(level), "Weights": int(count)}
        for level, count in zip(one.levels, one.level_counts, strict=True)
    ]
    take_away.chart(
        figures.layer_levels(one),
        table=table,
        name="layer-levels",
        alt=f"{layer}: weights before and after",
    )
    every = {name: _histogram(found, weight) for name, weight in names.items()}
    rows = [
        {
            "Layer": name,
            "Bits a weight": round(h.bits, 3),
            "Entropy (bits)": h.entropy and round(h.entropy, 3),
        }
        for name, h in every.items()
    ]
    st.markdown("**Bits a weight, by layer**")
    take_away.chart(
        figures.bits_by_layer(every),
        table=rows,
        name="bits-by-layer",
        alt="Bits a weight in the file beside the entropy of the levels, by layer",
    )
    st.caption(
        "Entropy: of the layer’s levels as if each came by chance. The coder learns from the weights "
        "before, so it needs less where a layer’s rows or columns differ."
    )


def _histogram(found: Compressed, weight: str) -> Histogram:
    key = ("histogram", found.network.key, weight)
    return RESULTS.get(key, lambda: histogram.histogram(found, weight))
