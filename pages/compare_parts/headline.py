"""The answer first: sizes as squares, to scale."""

from __future__ import annotations

import streamlit as st

from pages.widgets import downloads
from squeeze_core.cost.comparison import NetworkRow, compressed_rows
from squeeze_core.cost.units import amount
from squeeze_core.figures import comparison_charts
from squeeze_core.report import findings


def draw(rows: tuple[NetworkRow, ...]) -> None:
    """SqueezeNet first among `rows`."""
    ours, files = rows[0], compressed_rows()[:1]
    with st.container(border=True):
        squares, words = st.columns([2, 3], gap="large", vertical_alignment="center")
        with squares:
            figure = comparison_charts.size_squares(rows, files)
            downloads.plot(figure, name="size-to-scale", height=300)
            downloads.buttons("size-to-scale", figure=figure)
        with words:
            st.header(findings.room(rows), anchor=False)
            st.markdown("  \n".join(findings.beside_the_squares(rows, files)))
            with st.grid(4, min_column_width=110, gap="small"):
                st.metric("Parameters", amount(ours.parameters))
                st.metric("Size (fp32)", f"{ours.megabytes:.2f} MB")
                st.metric("Computation", f"{amount(1e9 * (ours.gmacs or 0))} MACs")
                st.metric("Top-1, published", f"{ours.top1:.1f} %")
            st.caption(
                f"{findings.which_figure(ours)} {findings.computation(ours)} Areas are in proportion to "
                f"bytes. {findings.PHONE_PHOTOGRAPH}"
            )
