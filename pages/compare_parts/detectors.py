"""Small detectors beside ours: what was measured by one evaluator, and what others published."""

from __future__ import annotations

import streamlit as st

from pages.widgets import downloads
from squeeze_core.detector import peers
from squeeze_core.figures import comparison_charts
from squeeze_core.report import findings, tables


def draw() -> None:
    known = peers.rows()
    with st.container(border=True):
        st.subheader(findings.detectors(known), anchor=False)
        downloads.chart(
            comparison_charts.detector_bubbles(known), table=tables.detectors(known), name="detectors"
        )
        st.caption(
            f"{tables.detector_source()} A bubble’s area: parameters. "
            "Without a published size a detector is in the table only."
        )
