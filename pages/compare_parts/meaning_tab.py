"""Sizes in seconds, money and memory, with the reader's own figures."""

from __future__ import annotations

import streamlit as st

from pages.compare_parts import machine
from pages.session import address
from pages.widgets import downloads
from pages.widgets.choices import asked_for
from squeeze_core.cost import comparison, meaning
from squeeze_core.cost.comparison import NetworkRow, compressed_rows
from squeeze_core.cost.devices import DEVICES
from squeeze_core.cost.meaning import Assumptions
from squeeze_core.cost.published import BOARD, BOARD_SOURCE
from squeeze_core.report import findings

_FIELDS = {
    "mbit_3g": "3G (Mbit/s)",
    "mbit_4g": "4G (Mbit/s)",
    "mbit_own": "Your connection (Mbit/s)",
    "devices": "Devices to update",
    "price_mb": "Price of a MB",
    "price_core_hour": "Price of a core-hour",
}


def given() -> Assumptions:
    """The reader's figures as they stand on this tab, whether or not it has been opened."""
    return asked_for("meaning", Assumptions())


def draw(rows: tuple[NetworkRow, ...]) -> None:
    with st.container(border=True):
        with st.grid("auto", min_column_width=145, gap="small", vertical_alignment="bottom"):
            for name, label in _FIELDS.items():
                value = getattr(Assumptions(), name)
                st.number_input(
                    label,
                    min_value=type(value)(1e-4) or 1,
                    value=value,
                    step=1 if isinstance(value, int) else None,
                    format="%d" if isinstance(value, int) else "%g",
                    key=f"meaning-{name}",
                    **address.BOUND,
                )
            st.text_input(
                "Currency", Assumptions().currency, max_chars=3, key="meaning-currency", **address.BOUND
            )
        shown = dict.fromkeys((comparison.row("alexnet"), *rows, *compressed_rows()[:1]))
        table = meaning.table(tuple(shown), given(), machine.measured())
        st.dataframe(
            table,
            hide_index=True,
            key="meaning-table",
            height="content",
            alt="What each network's size and time mean",
            column_config={
                "What": st.column_config.TextColumn(width=230),
                "Formula": st.column_config.TextColumn(width="large"),
            },
        )
        downloads.buttons("what-it-means", table=table)
        st.caption(
            f"{meaning.SPEEDS_SOURCE}. Prices are examples: put in yours. MB: 10⁶ bytes. RAM: "
            f"parameters and activations in fp32. {BOARD}: "
            f"{BOARD_SOURCE}. Times on this machine appear once they are measured. Devices, all the memory "
            f"that their makers state: {'; '.join(device.source for device in DEVICES)}."
        )
    _why_not_faster()


def _why_not_faster() -> None:
    """SqueezeNet beside AlexNet: parameters and computation counted, time published or measured here."""
    rows = tuple(map(comparison.row, ("squeezenet1_1", "alexnet")))
    here = [machine.measured()[row.name] for row in rows if row.name in machine.measured()]
    with st.container(border=True):
        st.header("Why isn’t fifty times smaller fifty times faster?", anchor=False)
        st.markdown(
            f"**{findings.not_as_fast(here)}.** Parameters have to be stored and sent; what takes time is "
            "multiplying and moving numbers."
        )
        if len(here) < len(rows):
            machine.run(rows, "Measure SqueezeNet and AlexNet", key="why-not-faster")
        else:
            st.caption(f"Measured on {here[0].conditions}.")
