"""Accuracy against cost, the paper's tables, and hand-made features."""

from __future__ import annotations

import streamlit as st

from pages.session import address
from pages.widgets import downloads
from squeeze_core.cost import handmade
from squeeze_core.cost.comparison import NetworkRow
from squeeze_core.cost.published import HAND_MADE, TABLE_2, TABLE_3
from squeeze_core.cost.units import Cost
from squeeze_core.figures import comparison_charts
from squeeze_core.figures.style import ACCENT, NEUTRAL
from squeeze_core.report import findings, tables

_AXES: dict[Cost, str] = {"megabytes": "Size", "gmacs": "Computation"}


@st.fragment
def draw(rows: tuple[NetworkRow, ...], field: tuple[NetworkRow, ...]) -> None:
    with st.container(border=True):
        cost = st.segmented_control(
            "Against",
            list(_AXES),
            default="megabytes",
            required=True,
            format_func=lambda key: _AXES[key],
            key="compare-axis",
            **address.BOUND,
            label_visibility="collapsed",
        )
        st.subheader(findings.accuracy(rows, field, cost), anchor=False)
        front = {row.name for row in comparison_charts.pareto(field, cost)}
        table = [
            {
                "Network": row.title,
                "MB": round(row.megabytes, 2),
                "GMACs": row.gmacs,
                "Top-1 (%)": row.top1,
                "Top-5 (%)": row.top5,
                "Pareto front": row.name in front,
                "Source": row.source,
            }
            for row in field
        ]
        figure = comparison_charts.accuracy_bubbles(field, cost, [row.name for row in rows])
        downloads.chart(figure, table=table, name=f"accuracy-{cost}")
        st.caption(
            f"{findings.which_figure(rows[0])} Sources are in the table; newer training recipes (V2 in the "
            "source) make a network several points more accurate at the same size. A bubble's area: "
            + ("multiply-accumulates" if cost == "megabytes" else "megabytes")
            + ", the smallest drawn as dots. Point at one for its figures, drag to enlarge a part, "
            "double-click to see all again."
        )


def draw_published() -> None:
    """The paper's own tables and the hand-made features: everything cited or recorded, nothing live."""
    with st.container(border=True):
        st.subheader(findings.paper(), anchor=False)
        table = [
            {
                "Network": row.title,
                "MB, as printed": row.megabytes,
                "Times smaller": row.reduction,
                "Top-1 (%)": row.top1,
                "Top-5 (%)": row.top5,
                "Source": row.source,
            }
            for row in (*TABLE_2, *TABLE_3)
        ]
        downloads.chart(comparison_charts.published_bars(TABLE_2), table=table, name="paper")
        st.caption(
            f"{tables.paper_source()} Sizes are as printed, and the paper does not state their unit; every "
            "other size on this page is in MB of 10⁶ bytes."
        )
    with st.container(border=True):
        st.subheader(findings.learnt_features(), anchor=False)
        record = handmade.study()
        accuracies = {
            "SqueezeNet 1.1 features": record["squeezenet"]["top1"],
            "HOG (hand-made)": record["hog"]["top1"],
            "Always the commonest class": record["always_the_commonest_class"],
        }
        figure = comparison_charts.accuracy_bars(
            accuracies,
            lambda name: ACCENT if name.startswith("Squeeze") else NEUTRAL,
            "Objects named right (%)",
        )
        rows = [{"Features": name, "Top-1 (%)": value} for name, value in accuracies.items()]
        downloads.chart(figure, table=rows, name="hand-made")
        best = HAND_MADE[-1]
        st.caption(
            f"{tables.study_source()} On ImageNet itself the best hand-made features of their day, "
            f"{best.title}, reached {best.top1} / {best.top5}% top-1 / top-5: {best.source}, an earlier "
            "edition of the set."
        )
