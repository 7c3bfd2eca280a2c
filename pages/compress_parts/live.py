"""Compress the selected network now: its size, the answers that change, and the files."""

from __future__ import annotations

import shlex
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.server import results
from pages.session import selected_network, tray
from pages.widgets import downloads
from pages.widgets.progress import advance, on_demand
from pages.widgets.words import plain
from squeeze_core.compression import presets, runtime
from squeeze_core.compression.presets import Compressed, Preset, compress
from squeeze_core.compression.runtime import PRECISIONS
from squeeze_core.cost.units import amount
from squeeze_core.figures.classification import percent
from squeeze_core.networks.catalogue import Network

_MADE = "compressed"


def made(network: Network) -> Compressed | None:
    """The last compression of that network in this session."""
    found = st.session_state.get(_MADE)
    return found if found and found.original == network else None


def draw(network: Network) -> None:
    with st.container(border=True, key="compress-live"):
        st.subheader(plain(f"Compress {network.title}"), anchor=False)
        preset = _ask()
        _run(network, preset)
        found = made(network)
        if found:
            _result(found)
    if found:
        _files(found)


def _ask() -> Preset:
    """The preset, and its settings."""
    known = presets.presets()
    names = [name for name in known if name not in ("int8", "half")]
    name = st.selectbox("Method", names, format_func=lambda each: known[each].title, key="compress-preset")
    chosen = known[name or names[0]]
    if chosen.name == "by-hand":
        left, right = st.columns(2)
        sparsity = left.slider("Weights set to zero (%)", 0, 90, 30, step=5, key="compress-sparsity")
        bits = right.slider("Bits a weight, before coding", 1.5, 8.0, 4.0, step=0.5, key="compress-bits")
        chosen = presets.by_hand(sparsity / 100, bits)
    elif chosen.name == "deep-compression":
        left, right = st.columns(2)
        sparsity = left.slider("Weights set to zero (%)", 0, 90, 50, step=5, key="compress-deep-sparsity")
        bits = right.slider("Bits of a codebook", 2, 8, 6, key="compress-deep-bits")
        chosen = presets.deep_compression(sparsity / 100, bits)
    st.caption(chosen.words)
    return chosen


def _run(network: Network, preset: Preset) -> None:
    """A button that compresses, and a progress bar with a stop button while it does."""

    def work(bar: DeltaGenerator) -> None:
        with results.engine().queue.turn(large=True):
            st.session_state[_MADE] = compress(network, preset, advance(bar, text=preset.title))

    doing = "Studying which weights matter"
    on_demand("compress-start", "Compress", ":material/compress:", work, doing=doing, kind="primary")


def _result(found: Compressed) -> None:
    pictures = tray.with_samples()
    rows = []
    for picture in pictures:
        before, after = (
            results.classification(picture, network).top(1)[0]
            for network in (found.original, found.network)
        )
        changed = "no" if before.index == after.index else "yes"
        row = {"Picture": picture.name, "Changed": changed}
        row |= {"float32": f"{before.label} {percent(before.probability)}"}
        row |= {"Compressed": f"{after.label} {percent(after.probability)}"}
        rows.append(row)
    same = sum(row["Changed"] == "no" for row in rows)
    with st.grid(4, min_column_width=140, gap="small"):
        st.metric("File", amount(found.bytes, "B"), help=f"{found.bytes:,} bytes")
        st.metric("Smaller than float32", f"{found.ratio:.1f}×")
        st.metric("Bits a weight", f"{found.bits_per_weight:.2f}")
        st.metric("Same first answer", f"{same} of {len(pictures)}")
    st.markdown("**Which pictures changed?**")
    rows.sort(key=lambda row: row["Changed"], reverse=True)
    alt = f"{same} of {len(pictures)} pictures have the same first answer after compression"
    st.dataframe(rows, hide_index=True, key="compress-answers", alt=alt)
    downloads.buttons("compress-answers", table=rows)
    seconds = sum(stage.seconds for stage in found.stages)
    st.caption(
        f"{found.preset.title}, {seconds:.1f} s here. The file is decoded once, when it is opened; then "
        "the network runs as fast as before, because it computes with the same number of weights."
    )


def _files(found: Compressed) -> None:
    stem = found.original.name.rpartition(".")[0] or found.original.name
    with st.container(border=True, key="compress-files"):
        st.subheader("Downloads", anchor=False)
        with st.container(horizontal=True, gap="small"):
            label = plain(f"{stem}.sqz · {amount(found.bytes, 'B')}")
            downloads.file(label, found.data, f"{stem}.sqz", "download-sqz", "download", type="primary")
            for precision in PRECISIONS:
                downloads.file(
                    f"ONNX {precision.title}",
                    partial(runtime.to_onnx, found.original, precision),
                    f"{stem}-{precision.name}.onnx",
                    f"download-onnx-{precision.name}",
                    "schema",
                    help=precision.words,
                )
            if found.network.name not in selected_network.state().own and st.button(
                "Use this network on every page", key="compress-look", icon=":material/visibility:"
            ):
                selected_network.take(found.network)
                st.rerun()
        with st.expander("How to load them", icon=":material/code:"):
            st.code(f"python -m squeeze_core classify cat.jpg --weights {shlex.quote(stem)}.sqz", "bash")
            st.code(runtime.own_snippet(f"{stem}.sqz"), "python")
            st.code(runtime.snippet(found.original, f"{stem}-{PRECISIONS[0].name}.onnx"), "python")
        st.caption(
            "The .sqz file opens wherever this package opens weights; nothing in it is run. The ONNX "
            "files hold the network as it was before, in three precisions, for any runtime; each is made "
            "when its button is pressed."
        )
