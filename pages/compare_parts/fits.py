"""What fits? A device's limits in, an answer out."""

from __future__ import annotations

import streamlit as st

from pages.compare_parts import machine
from pages.session import address
from pages.widgets import downloads
from squeeze_core.compression.precision_rows import fewer_bytes
from squeeze_core.cost.budget import Budget, Verdict, answer, judge
from squeeze_core.cost.comparison import NetworkRow
from squeeze_core.cost.devices import DEVICES, Device


def draw(field: tuple[NetworkRow, ...]) -> None:
    with st.container(border=True):
        limits = _ask()
        measured = {name: m.milliseconds for name, m in machine.measured().items()}
        verdicts = judge((*field, *fewer_bytes()), limits, measured)
        st.subheader(answer(verdicts), anchor=False)
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
                "Top-1 against uncompressed": st.column_config.TextColumn(width="medium"),
                "Why not": st.column_config.TextColumn(width="large"),
            },
        )
        downloads.buttons("what-fits", table=rows)
        st.caption(
            "Flash and download: the parameters alone at the chosen precision. RAM: those and the "
            "largest set of fp32 activations alive at once, one picture at a time, without the "
            "framework. Accuracy is published for 32-bit weights. SqueezeNet's files in fewer bits have no "
            "published accuracy: what they lose is measured against the uncompressed network on the same "
            "pictures, and ranks them below it. Their bytes are the files'. Devices: all the memory that "
            "their makers state; a system and a program need some of it."
        )


# What a first visitor finds: a microcontroller's usual flash, a small board's memory, a minute on 3G.
_USUAL = Budget(flash_mb=16.0, ram_mb=64.0, download_s=60.0)


def budget() -> Budget:
    """The limits as they stand on this tab, whether or not it has been opened."""
    state = st.session_state
    return Budget(
        state.get("fits-flash", _USUAL.flash_mb),
        state.get("fits-ram", _USUAL.ram_mb),
        state.get("fits-ms", _USUAL.milliseconds),
        state.get("fits-download", _USUAL.download_s),
        state.get("fits-mbit", _USUAL.mbit_per_second),
        state.get("fits-bits", _USUAL.bits),
    )


def _ask() -> Budget:
    _devices()
    with st.grid("auto", min_column_width=170, gap="small", vertical_alignment="bottom"):
        _limit("Flash (MB)", _USUAL.flash_mb, "flash")
        _limit("RAM (MB)", _USUAL.ram_mb, "ram")
        _limit("Time a picture (ms)", _USUAL.milliseconds, "ms")
        _limit("Download (s)", _USUAL.download_s, "download")
        st.number_input(
            "3G speed assumed (Mbit/s)",
            min_value=0.1,
            max_value=1000.0,
            value=_USUAL.mbit_per_second,
            step=0.1,
            key="fits-mbit",
            help="1.6 Mbit/s is the downlink that WebPageTest and Lighthouse emulate as 3G.",
            **address.BOUND,
        )
        st.segmented_control(
            "Bits a weight",
            (32, 16, 8),
            default=_USUAL.bits,
            required=True,
            key="fits-bits",
            **address.BOUND,
        )
    return budget()


def _devices() -> None:
    """Buttons that fill in what a device's maker states."""
    with st.container(horizontal=True, gap="small"):
        for device in DEVICES:
            st.button(
                device.name,
                key=f"fits-device-{device.name}",
                on_click=_take,
                args=(device,),
                help=device.source,
            )


def _take(device: Device) -> None:
    flash = None if device.flash is None else round(device.flash / 1e6, 2)
    st.session_state.update(
        {"fits-flash": flash, "fits-ram": round(device.ram / 1e6, 2), "fits-download": None}
    )


def _limit(label: str, value: float | None, key: str) -> None:
    st.number_input(
        label,
        min_value=0.01,
        value=value,
        step=1.0,
        key=f"fits-{key}",
        help="Empty: no limit.",
        **address.BOUND,
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
        "Top-1 against uncompressed": _loss(row),
        **{
            f"{check.what} ({check.unit})": check.needs and round(check.needs, 1)
            for check in verdict.checks
        },
        "Why not": verdict.reason,
    }


def _loss(row: NetworkRow) -> str | None:
    """Points with their 95 % interval and on how many pictures; None without a compressed file."""
    difference = row.measured.difference if row.measured else None
    return (
        None
        if difference is None or not row.measured
        else f"{difference.points()}, {row.measured.pictures:,} pictures"
    )
