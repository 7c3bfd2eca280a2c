"""8-bit numbers in a runtime: speed on this machine, and accuracy."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.server import results
from pages.widgets import downloads
from pages.widgets.progress import advance, on_demand
from squeeze_core.compression import runtime
from squeeze_core.compression.precision_rows import fewer_bytes
from squeeze_core.compression.runtime import Measurement
from squeeze_core.cost.units import amount
from squeeze_core.networks.catalogue import DEFAULT, Network


def draw(network: Network) -> None:
    with st.container(border=True):
        measured = st.session_state.setdefault("int8", {})
        if found := measured.get(network.key):
            st.subheader(_answer(found), anchor=False)
            _table(found)
        else:
            st.subheader("Is int8 faster here, and as good?", anchor=False)
            _measure(network, measured)
        st.caption(
            "ONNX Runtime on this machine’s processor, one picture; int8 by static quantisation, its "
            "scales from the sample pictures. Median of 15 turns. Most runtimes store int8 files without "
            "entropy coding: that is why they stay about a quarter of float32."
        )
    if network == DEFAULT:
        _accuracy()


def _measure(network: Network, measured: dict[str, tuple[Measurement, ...]]) -> None:
    """A button that measures, and keeps what it measured."""
    doing = "Making and timing four files"

    def work(bar: DeltaGenerator) -> None:
        with results.engine().queue.turn(large=True):
            measured[network.key] = runtime.measure(network, advance(bar, text=doing))

    on_demand("int8-measure", "Measure int8 here", ":material/timer:", work, doing=doing)


def _accuracy() -> None:
    """Accuracy of the shipped network by precision, on labelled pictures."""
    rows = [
        {
            "File": row.title,
            "Bytes": row.stored_bytes,
            "Top-1 against float32 (95% interval)": difference.points(),
            "Same first answer (%)": row.measured.same_first_answer,
            "Measured on": row.measured.on,
        }
        for row in fewer_bytes()
        if row.measured and (difference := row.measured.difference)
    ]
    with st.container(border=True):
        st.subheader("What fewer bits do to accuracy", anchor=False)
        st.dataframe(rows, hide_index=True, key="int8-accuracy", alt="Accuracy by precision")
        downloads.buttons("int8-accuracy", table=rows)
        st.caption("Each file against float32 on the same pictures.")


def _answer(found: tuple[Measurement, ...]) -> str:
    full, best = found[0], found[-1]
    changed = best.pictures - best.same
    return (
        f"int8 takes {best.milliseconds / full.milliseconds:.0%} of float32’s time here and changes "
        f"{changed} of {best.pictures} answers on the sample pictures"
    )


def _table(found: tuple[Measurement, ...]) -> None:
    rows = [
        {
            "Precision": one.precision.title,
            "File": amount(one.bytes, "B"),
            "Time (ms)": round(one.milliseconds, 1),
            "Same first answer": f"{one.same} of {one.pictures}",
            "Divergence (nats)": round(one.divergence, 4),
            "Description": one.precision.words,
        }
        for one in found
    ]
    st.dataframe(rows, hide_index=True, key="int8-table", alt=_answer(found))
    downloads.buttons("int8-here", table=rows)
