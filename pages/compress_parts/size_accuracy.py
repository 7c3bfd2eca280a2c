"""Answers kept by size: of the network compressed here, else the measured curve of SqueezeNet 1.1."""

from __future__ import annotations

import streamlit as st

from pages.widgets import downloads
from squeeze_core.compression.curve import curve
from squeeze_core.compression.fit import Fitted
from squeeze_core.cost.comparison import REFERENCE, compressed_rows, row
from squeeze_core.cost.units import amount
from squeeze_core.figures import compression as figures
from squeeze_core.report import findings


def draw(fitted: Fitted | None) -> None:
    with st.container(border=True):
        if fitted and (rows := figures.fitted_rows(fitted)):
            heading = "How many answers each size keeps"
            words = (
                "The share of the same first answers as float32, with its 95 % interval. Sizes tried on "
                "the way are calibrated with at most 64 pictures; the file with all that calibrate."
            )
        else:
            found, full, shipped = curve(), row(REFERENCE), compressed_rows()
            smallest = shipped[0]
            assert smallest.difference is not None
            rows = figures.recorded_rows(found, shipped)
            times = full.megabytes / smallest.megabytes
            heading = f"{full.title}: {times:.1f} times smaller, {smallest.difference.points()} of top-1"
            files = "  \n".join(
                f"Shipped file of {amount(one.stored_bytes or 0, 'B')}: {findings.difference(one)} "
                f"{one.measured.same_first_answer:.1f} % of the first answers are the same."
                for one in shipped
                if one.measured
            )
            words = (
                f"{files}  \nThe lines: {found.on}. The shipped files were chosen by "
                "them, so they are judged on others."
            )
        st.header(heading, anchor=False)
        alt = f"{heading}: the share of the same first answers rises with the size of the file"
        downloads.chart(figures.answers_by_size(rows), table=rows, name="size-accuracy", alt=alt)
        st.caption(words)
