"""The answer first: sizes as squares, to scale, and each network's accuracy beside them."""

from __future__ import annotations

import streamlit as st

from pages.widgets import downloads
from squeeze_core.cost.comparison import NetworkRow, compressed_rows
from squeeze_core.figures import comparison_charts
from squeeze_core.report import findings


def draw(rows: tuple[NetworkRow, ...]) -> None:
    """SqueezeNet first among `rows`."""
    ours, files = rows[0], compressed_rows()[:1]
    with st.container(border=True):
        st.header(findings.worth(rows), anchor=False)
        squares, accuracies = st.columns([2, 3], gap="large", vertical_alignment="center")
        with squares:
            figure = comparison_charts.size_squares(rows, files)
            downloads.plot(figure, name="size-to-scale", height=270)
        with accuracies:
            bars = comparison_charts.top1_bars(rows)
            downloads.plot(bars, name="accuracy-beside-size", height=min(270, 60 * len(bars.bars)))
        st.caption(
            f"{findings.which_figure(ours)} {findings.computation(ours)} "
            + " ".join(
                f"{file.title}, {file.megabytes:.2f} MB: {findings.difference(file)}" for file in files
            )
        )
        table = [{"Network": one.name, "Bytes": round(one.value)} for one in figure.squares]
        downloads.buttons("size-to-scale", figure=figure, table=table)
