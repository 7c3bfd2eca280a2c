"""Speed and memory of each network on this machine, measured on demand."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.server import results
from pages.widgets import downloads
from pages.widgets.choices import one_of
from pages.widgets.progress import on_demand
from squeeze_core.cost.comparison import NetworkRow
from squeeze_core.cost.measure import Measurement, measure
from squeeze_core.cost.units import Speed
from squeeze_core.figures import comparison_charts
from squeeze_core.report import findings, tables

_SPEEDS: dict[Speed, str] = {
    "milliseconds": "Time",
    "images_per_second": "Throughput",
    "peak_memory_bytes": "Memory",
}


def measured() -> dict[str, Measurement]:
    """This session's measurements, by network name."""
    return st.session_state.setdefault("measured", {})


def draw(rows: tuple[NetworkRow, ...]) -> None:
    with st.container(border=True):
        here = [measured()[row.name] for row in rows if row.name in measured()]
        st.header(
            findings.speed(here) if here else "How fast is each network on this machine?", anchor=False
        )
        missing = [row for row in rows if row.network and row.name not in measured()]
        count = "this network" if len(missing) == 1 else f"these {len(missing)} networks"
        if missing:
            run(missing, f"Measure {count}", key="machine")
        else:
            run([row for row in rows if row.name in measured()], "Measure again", key="machine")
        if here:
            _results(here, rows)
        else:
            st.caption(
                "Each network runs on the server, in a process of its own: one picture at a time, then a "
                "batch. Networks whose trained weights are not here run untrained, which is as fast, and "
                "are marked so."
            )


def run(rows: Sequence[NetworkRow], label: str, key: str) -> None:
    """A button that measures, and a progress bar with a stop button while it does."""
    titles = {row.name: row.title for row in rows}

    def work(bar: DeltaGenerator) -> None:
        networks = [row.network for row in rows if row.network]
        # Closing the iterator, as after a click on Stop, ends the measuring process.
        with closing(measure(networks, results.engine().device)) as events:
            for event in events:
                if isinstance(event, Measurement):
                    measured()[event.name] = event
                else:
                    number = list(titles).index(event.name) + 1
                    done = f"network {number} of {len(titles)}: run {event.done} of {event.total}"
                    bar.progress(event.done / event.total, text=f"{titles[event.name]}, {done}")

    on_demand(f"measure-{key}", label, ":material/timer:", work, kind="primary")


@st.fragment
def _results(measurements: list[Measurement], rows: tuple[NetworkRow, ...]) -> None:
    # Not every system tells how much memory a process took.
    known = {
        speed: title
        for speed, title in _SPEEDS.items()
        if any(getattr(one, speed) is not None for one in measurements)
    }
    speed = one_of("Figure", known, "machine-speed")
    figure = comparison_charts.speed_bars(measurements, rows, speed)
    downloads.chart(figure, table=tables.speeds(measurements), name=f"measured-{speed}")
    st.caption(
        f"Measured on {measurements[0].conditions}; median at batch 1, peak memory on top of Python and "
        "PyTorch. Other work on this machine slows it down."
    )
