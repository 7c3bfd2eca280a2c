"""The taught network to take away, or to use on every page."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.server import results
from pages.session import selected_network
from pages.teach_parts.lesson import Lesson
from pages.widgets import downloads
from pages.widgets.progress import advance, on_demand
from squeeze_core.compression import snippets
from squeeze_core.networks.catalogue import Network
from squeeze_core.networks.own import to_safetensors
from squeeze_core.teaching import files, taught
from squeeze_core.teaching.taught import Taught

NAME = "My classes"
_FILE = "my_classes"


def draw(lesson: Lesson, made: Taught) -> None:
    with st.container(border=True, key="teach-out"):
        st.subheader("Take it with you", anchor=False)

        def work(bar: DeltaGenerator) -> None:
            told = advance(bar, text="Making the network")
            lesson.record = taught.network(made, results.engine(), NAME, told)
            selected_network.state().own.pop(NAME, None)
            selected_network.take(lesson.record)

        used = lesson.record is not None and lesson.record in selected_network.own()
        if used:
            st.success("Every page uses this network now.", icon=":material/visibility:")
        else:
            label, icon = "Use this network on every page", ":material/visibility:"
            on_demand("teach-use", label, icon, work, doing="Making the network", kind="primary")
        _files(lesson, made)


def _files(lesson: Lesson, made: Taught) -> None:
    def of(make: Callable[[Network], bytes]) -> Callable[[], bytes]:
        """The file, of the network that is made once."""

        def content() -> bytes:
            lesson.record = lesson.record or taught.network(made, results.engine(), NAME)
            return make(lesson.record)

        return content

    doing = "Studying which weights matter"

    def compress(bar: DeltaGenerator) -> None:
        told = advance(bar, 0.0, 0.1, "Making the network")
        lesson.record = lesson.record or taught.network(made, results.engine(), NAME, told)
        with results.engine().queue.turn(large=True):
            lesson.sqz = files.sqz(lesson.record, made, advance(bar, 0.1, 0.9, doing))

    with st.container(horizontal=True, gap="small"):
        for label, make, ending in (
            ("Weights (.safetensors)", to_safetensors, "safetensors"),
            ("ONNX", files.onnx, "onnx"),
        ):
            downloads.file(label, of(make), f"{_FILE}.{ending}", f"teach-{ending}", "download")
        if lesson.sqz:
            downloads.file("Compressed (.sqz)", lesson.sqz, f"{_FILE}.sqz", "teach-sqz", "download")
    if lesson.sqz is None:
        on_demand("teach-compress", "Compress (.sqz)", ":material/compress:", compress, doing=doing)
    with st.expander("How to load them", icon=":material/code:"):
        for text in (
            snippets.torchvision(f"{_FILE}.safetensors"),
            snippets.onnx(made.trunk, f"{_FILE}.onnx"),
            snippets.sqz(f"{_FILE}.sqz"),
        ):
            st.code(text, "python")
