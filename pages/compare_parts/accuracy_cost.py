"""Accuracy against cost, and hand-made features."""

from __future__ import annotations

import streamlit as st

from pages.widgets import downloads
from pages.widgets.choices import one_of
from squeeze_core.cost import comparison
from squeeze_core.cost.comparison import NetworkRow
from squeeze_core.cost.units import Cost
from squeeze_core.figures import comparison_charts
from squeeze_core.report import findings, tables

_AXES: dict[Cost, str] = {"megabytes": "Size", "gmacs": "Computation"}


@st.fragment
def draw(rows: tuple[NetworkRow, ...], field: tuple[NetworkRow, ...]) -> None:
    with st.container(border=True):
        cost = one_of("Against", _AXES, "compare-axis")
        st.header(findings.accuracy(rows, field, cost), anchor=False)
        small = comparison.below_a_megabyte() if cost == "megabytes" else ()
        drawn, names = (*field, *small), [row.name for row in (*rows, *small[:1])]
        figure = comparison_charts.accuracy_bubbles(drawn, cost, names)
        downloads.chart(figure, table=tables.accuracies(drawn, cost), name=f"accuracy-{cost}")
        st.caption(
            f"{f'{tables.COMPRESSED} ' if small else ''}Sources are in the table; newer recipes (V2 "
            "in the source) make a network several points more accurate at the same size. A bubble’s area: "
            + ("multiply-accumulates" if cost == "megabytes" else "megabytes")
            + ", the smallest drawn as dots. Point at one for its figures, drag to enlarge a part, "
            "double-click to see all again."
        )
    with st.container(border=True):
        st.header(findings.learnt_features(), anchor=False)
        accuracies = tables.features()
        table = [{"Features": name, "Top-1": str(value)} for name, value in accuracies.items()]
        downloads.chart(comparison_charts.accuracy_bars(accuracies), table=table, name="hand-made")
        st.caption(f"{tables.study_source()} {findings.best_hand_made()}")
