"""The networks that meet a device's limits."""

from __future__ import annotations

import streamlit as st

from pages.compare_parts import machine
from pages.session import address
from pages.widgets import downloads
from pages.widgets.choices import asked_for, one_of
from squeeze_core.compression.precision_rows import fewer_bytes
from squeeze_core.cost.budget import MBIT_PER_SECOND_3G, USUAL, Budget, Verdict, answer, judge
from squeeze_core.cost.comparison import NetworkRow
from squeeze_core.cost.devices import DEVICES
from squeeze_core.report import tables


def draw(field: tuple[NetworkRow, ...]) -> None:
    with st.container(border=True):
        limits = _ask()
        measured = {name: m.milliseconds for name, m in machine.measured().items()}
        verdicts = judge((*field, *fewer_bytes()), limits, measured)
        st.header(answer(verdicts), anchor=False)
        if limits.milliseconds is not None:
            _offer_measuring(verdicts)
        rows = [_row(verdict) for verdict in verdicts]
        st.dataframe(
            rows,
            hide_index=True,
            height=420,
            placeholder="–",
            key="fits-table",
            alt=answer(verdicts),
            column_config={
                "Network": st.column_config.TextColumn(width="medium"),
                "Why not": st.column_config.TextColumn(width="large"),
            },
        )
        downloads.buttons("what-fits", table=rows)
        st.caption(
            "Flash and download: the parameters alone at the chosen precision, and of SqueezeNet’s files "
            f"in fewer bits the file; 3G: {MBIT_PER_SECOND_3G} Mbit/s, as WebPageTest and Lighthouse have "
            "it. RAM: the parameters and the largest set of fp32 activations alive at once, without the "
            "framework. Accuracy is published for 32-bit weights; a file in fewer bits ranks below its "
            "uncompressed network by what it was measured to lose on the same pictures. Devices: all the "
            "memory that their makers state; a system and a program need some of it."
        )


_LIMITS = {
    "flash_mb": "Flash (MB)",
    "ram_mb": "RAM (MB)",
    "milliseconds": "Time a picture (ms)",
    "download_s": "Download on 3G (s)",
}


def budget() -> Budget:
    """The limits as they stand on this tab, whether or not it has been opened."""
    return asked_for("fits", USUAL)


def _ask() -> Budget:
    _devices()
    with st.grid("auto", min_column_width=170, gap="small", vertical_alignment="bottom"):
        for name, label in _LIMITS.items():
            st.number_input(
                label,
                min_value=0.01,
                value=getattr(USUAL, name),
                step=1.0,
                key=f"fits-{name}",
                help="Empty: no limit.",
                **address.BOUND,
            )
        one_of("Bits a weight", {32: "32", 16: "16", 8: "8"}, "fits-bits", show=True)
    return budget()


def _devices() -> None:
    """Buttons that fill in the figures of a device's maker."""
    with st.container(horizontal=True, gap="small"):
        for device in DEVICES:
            flash = None if device.flash is None else round(device.flash / 1e6, 2)
            limits = {"flash_mb": flash, "ram_mb": round(device.ram / 1e6, 2), "download_s": None}
            st.button(
                device.name,
                key=f"fits-device-{device.name}",
                on_click=st.session_state.update,
                args=({f"fits-{name}": value for name, value in limits.items()},),
                help=device.source,
            )


def _offer_measuring(verdicts: tuple[Verdict, ...]) -> None:
    """Times are measured, never guessed: offer to measure the networks that only lack that figure."""
    waiting = [v.row for v in verdicts if all(check.met or check.needs is None for check in v.checks)]
    waiting = [row for row in waiting if row.name not in machine.measured()]
    if waiting:
        label = f"Measure the {len(waiting)} networks that meet the other limits"
        machine.run(waiting, label, key="fits")


def _row(verdict: Verdict) -> dict[str, object]:
    row = verdict.row
    return {
        "Fits": "yes" if verdict.fits else "no",
        "Network": row.title,
        "Top-1 published (%)": row.top1 and round(row.top1, 1),
        **tables.change(row),
        **{
            f"{check.what} ({check.unit})": check.needs and round(check.needs, 1)
            for check in verdict.checks
        },
        "Why not": verdict.reason,
    }
