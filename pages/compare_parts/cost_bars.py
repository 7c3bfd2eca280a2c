"""The cost of each network, and the layers that hold its parameters."""

from __future__ import annotations

import streamlit as st

from pages.session import address
from pages.widgets import downloads
from pages.widgets.choices import one_of
from squeeze_core.cost import comparison
from squeeze_core.cost.comparison import REFERENCE, NetworkRow
from squeeze_core.cost.units import COSTS, Cost
from squeeze_core.figures import comparison_charts
from squeeze_core.report import findings

_COSTS: dict[Cost, str] = {
    "parameters": "Parameters",
    "megabytes": "Bytes",
    "gmacs": "Computation",
    "activation_megabytes": "Activations",
}


@st.fragment
def draw(rows: tuple[NetworkRow, ...]) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            cost = one_of("Cost", _COSTS, "compare-cost")
            log = st.toggle("Logarithmic axis", key="compare-log", **address.BOUND)
        st.header(findings.cost(rows, cost), anchor=False)
        table = [
            {"Network": row.title, COSTS[cost].title: getattr(row, cost)}
            for row in sorted(rows, key=lambda row: getattr(row, cost) or 0)
        ]
        downloads.chart(comparison_charts.cost_bars(rows, cost, log), table=table, name=f"compare-{cost}")
        missing = [row.title for row in rows if getattr(row, cost) is None]
        if missing:
            st.caption(f"Not counted: {', '.join(missing)}.")
    _where(rows)


def _where(rows: tuple[NetworkRow, ...]) -> None:
    networks = [row.name for row in rows if row.name in comparison.NAMES and row.name != REFERENCE]
    with st.container(border=True):
        st.header("Where do the parameters sit?", anchor=False)
        other = st.selectbox(
            "Compare with",
            networks,
            format_func=lambda name: comparison.row(name).title,
            key="compare-where",
            **address.BOUND,
        )
        names = [REFERENCE, *([other] if other else [])]
        columns = st.grid(2, min_column_width=320, gap="medium")
        for name in names:
            with columns.container():
                _treemap(name)


def _treemap(name: str) -> None:
    row = comparison.row(name)
    st.markdown(f"**{row.title}: {findings.where(name)}**")
    table = [
        {
            "Layer": layer.name,
            "Kind": layer.kind,
            "Output": " × ".join(map(str, layer.output)) or "training only",
            "Parameters": layer.parameters,
            "MACs": layer.macs,
        }
        for layer in row.profile().layers
    ]
    downloads.chart(comparison_charts.parameter_tiles(row), table=table, name=f"layers-{name}")
