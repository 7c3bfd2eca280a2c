"""The taught network to take away, or to use on every page."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.server import results
from pages.session import selected_network
from pages.teach_parts.lesson import NAME, Lesson
from pages.widgets import downloads
from pages.widgets.progress import advance, on_demand
from squeeze_core.compression import snippets
from squeeze_core.networks.own import to_safetensors
from squeeze_core.teaching import files
from squeeze_core.teaching.taught import Taught

_FILE = "my_classes"


def draw(lesson: Lesson, made: Taught) -> None:
    with st.container(border=True, key="teach-out"):
        st.subheader("Take it with you", anchor=False)

        def use(bar: DeltaGenerator) -> None:
            network = lesson.network(advance(bar, text="Making the network"))
            selected_network.state().own.pop(NAME, None)
            selected_network.take(network)

        if lesson.record in selected_network.own():
            st.success("Every page uses this network now.", icon=":material/visibility:")
        else:
            label, icon = "Use this network on every page", ":material/visibility:"
            on_demand("teach-use", label, icon, use, doing="Making the network", kind="primary")
        _files(lesson, made)


def _files(lesson: Lesson, made: Taught) -> None:
    doing = "Studying which weights matter"

    def compress(bar: DeltaGenerator) -> None:
        network = lesson.network(advance(bar, 0.0, 0.1, "Making the network"))
        with results.engine().queue.turn(large=True):
            lesson.sqz = files.sqz(network, made, advance(bar, 0.1, 0.9, doing))

    with st.container(horizontal=True, gap="small"):
        offer, icon, network = downloads.file, "download", lesson.network
        weights, onnx = (f"{_FILE}.{ending}" for ending in ("safetensors", "onnx"))
        offer("Weights (.safetensors)", lambda: to_safetensors(network()), weights, "teach-weights", icon)
        offer("ONNX", lambda: files.onnx(network()), onnx, "teach-onnx", icon)
        if lesson.sqz:
            offer("Compressed (.sqz)", lesson.sqz, f"{_FILE}.sqz", "teach-sqz", icon)
    if lesson.sqz is None:
        on_demand("teach-compress", "Compress (.sqz)", ":material/compress:", compress, doing=doing)
    with st.expander("How to load them", icon=":material/code:"):
        for text in (
            snippets.torchvision(weights),
            snippets.onnx(made.trunk, onnx),
            snippets.sqz(f"{_FILE}.sqz"),
        ):
            st.code(text, "python")
