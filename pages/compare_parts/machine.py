"""How fast is each network on this machine? Measured when asked, with progress, and stopped when asked."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import streamlit as st

from pages.server import results
from pages.session import address
from pages.widgets import downloads
from squeeze_core.cost.comparison import NetworkRow
from squeeze_core.cost.measure import MeasureError, Measurement, measure
from squeeze_core.cost.units import Speed
from squeeze_core.figures import comparison_charts
from squeeze_core.report import findings, tables

_STATE, _QUEUE = "measured", "measure-queue"
_SPEEDS: dict[Speed, str] = {
    "milliseconds": "Time",
    "images_per_second": "Throughput",
    "peak_memory_bytes": "Memory",
}


def measured() -> dict[str, Measurement]:
    """What this session measured, by network name."""
    return st.session_state.setdefault(_STATE, {})


def draw(rows: tuple[NetworkRow, ...]) -> None:
    with st.container(border=True):
        here = [measured()[row.name] for row in rows if row.name in measured()]
        st.subheader(
            findings.speed(here) if here else "How fast is each network on this machine?", anchor=False
        )
        missing = [row for row in rows if row.name not in measured()]
        if missing:
            run(missing, f"Measure {_count(len(missing))}", key="machine")
        else:
            run(rows, "Measure again", key="machine")
        if here:
            _results(here, rows)
        else:
            st.caption(
                "Each network runs in a process of its own: one picture at a time, then a batch. Networks "
                "whose trained weights are not here run untrained, which is as fast, and are marked so."
            )


def run(rows: Sequence[NetworkRow], label: str, key: str) -> None:
    """A button that measures, and a progress bar with a stop button while it does."""
    queue_key = f"{_QUEUE}-{key}"
    slot = st.empty()

    def offer() -> None:
        slot.button(
            label,
            icon=":material/timer:",
            type="primary",
            key=f"measure-{key}",
            on_click=lambda: st.session_state.update({queue_key: tuple(rows)}),
        )

    if queue_key not in st.session_state:
        offer()
        return
    # Taken out first: leaving the page, or the stop button, then ends it for good.
    queue = st.session_state.pop(queue_key)
    with slot.container():
        progress = st.progress(0.0, text="Starting")
        st.button("Stop measuring", icon=":material/stop:", key=f"stop-{key}")
    try:
        # Any click makes Streamlit leave this loop; closing the iterator ends the measuring process.
        subjects = [row.network or row.name for row in queue]
        titles = {row.name: row.title for row in queue}
        with closing(measure(subjects, results.engine().device.type)) as events:
            for event in events:
                if isinstance(event, Measurement):
                    measured()[event.name] = event
                else:
                    number = list(titles).index(event.name) + 1
                    done = f"network {number} of {len(queue)}: run {event.done} of {event.total}"
                    progress.progress(event.done / event.total, text=f"{titles[event.name]}, {done}")
    except MeasureError as error:
        offer()
        st.error(str(error), icon=":material/timer_off:")
        return
    st.rerun()


@st.fragment
def _results(measurements: list[Measurement], rows: tuple[NetworkRow, ...]) -> None:
    speed = st.segmented_control(
        "Figure",
        list(_SPEEDS),
        default="milliseconds",
        required=True,
        format_func=lambda key: _SPEEDS[key],
        key="machine-speed",
        **address.BOUND,
        label_visibility="collapsed",
    )
    if any(getattr(m, speed) is not None for m in measurements):
        figure = comparison_charts.speed_bars(measurements, rows, speed)
        downloads.chart(figure, table=tables.speeds(measurements), name=f"measured-{speed}")
    else:
        st.info("This system does not tell how much memory a process took.", icon=":material/memory:")
    st.caption(
        f"Measured on {measurements[0].conditions}; median at batch 1, peak memory on top of Python and "
        "PyTorch. Other work on this machine slows it down."
    )


def _count(number: int) -> str:
    return "this network" if number == 1 else f"these {number} networks"
