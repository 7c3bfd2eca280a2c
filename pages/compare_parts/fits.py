"""What fits? A device's limits in, an answer out."""

from __future__ import annotations

import streamlit as st

from pages.common import take_away
from pages.compare_parts import machine
from squeeze_core.cost.budget import MBIT_PER_SECOND_3G, Budget, Verdict, answer, judge
from squeeze_core.cost.rows import Row


def draw(field: tuple[Row, ...]) -> None:
    with st.container(border=True):
        budget = _ask()
        measured = {name: m.milliseconds for name, m in machine.measured().items()}
        verdicts = judge(field, budget, measured)
        st.subheader(answer(verdicts), anchor=False)
        if budget.milliseconds is not None:
            _offer_measuring(verdicts)
        rows = [_row(verdict) for verdict in verdicts]
        st.dataframe(
            rows,
            hide_index=True,
            height=420,
            key="fits-table",
            alt=answer(verdicts),
            column_config={"Why not": st.column_config.TextColumn(width="large")},
        )
        take_away.downloads("what-fits", table=rows)
        st.caption(
            "Flash and download: the parameters alone at the chosen precision. RAM: those and the largest "
            "set of fp32 activations alive at once, one picture at a time, without the framework. Accuracy"
            " is published for 32-bit weights; what 16 or 8 bits leave of it is not known here."
        )


def _ask() -> Budget:
    grid = st.grid("auto", min_column_width=170, gap="small", vertical_alignment="bottom")
    with grid:
        flash = _limit("Flash (MB)", 16.0, "flash")
        ram = _limit("RAM (MB)", 64.0, "ram")
        milliseconds = _limit("Time a picture (ms)", None, "ms")
        download = _limit("Download (s)", 60.0, "download")
        speed = st.number_input(
            "3G speed assumed (Mbit/s)",
            min_value=0.1,
            max_value=1000.0,
            value=MBIT_PER_SECOND_3G,
            step=0.1,
            key="fits-mbit",
            help="1.6 Mbit/s is the downlink that WebPageTest and Lighthouse emulate as 3G.",
            persist_state="session",
        )
        bits = st.segmented_control(
            "Bits a weight",
            (32, 16, 8),
            default=32,
            required=True,
            key="fits-bits",
            persist_state="session",
        )
    return Budget(flash, ram, milliseconds, download, speed, bits)


def _limit(label: str, value: float | None, key: str) -> float | None:
    return st.number_input(
        label,
        min_value=0.01,
        value=value,
        step=1.0,
        key=f"fits-{key}",
        help="Empty: no limit.",
        persist_state="session",
    )


def _offer_measuring(verdicts: tuple[Verdict, ...]) -> None:
    """Times are measured, never guessed: offer to measure the networks that only lack that figure."""
    waiting = [v.row.name for v in verdicts if all(check.met or check.needs is None for check in v.checks)]
    waiting = [name for name in waiting if name not in machine.measured()]
    if waiting:
        label = f"Measure the {len(waiting)} networks that meet the other limits"
        machine.run(waiting, label, key="fits")


def _row(verdict: Verdict) -> dict[str, object]:
    row = verdict.row
    return {
        "Fits": "yes" if verdict.fits else "no",
        "Network": row.title,
        "Top-1 (%)": row.top1 and round(row.top1, 1),
        **{
            f"{check.what} ({check.unit})": check.needs and round(check.needs, 1)
            for check in verdict.checks
        },
        "Why not": verdict.reason,
    }
