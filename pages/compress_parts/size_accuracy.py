"""Size against accuracy: the measured curve of SqueezeNet 1.1."""

from __future__ import annotations

import streamlit as st

from pages.widgets import downloads
from squeeze_core.compression.curve import PUBLISHED, curve
from squeeze_core.cost.comparison import REFERENCE, compressed_rows, row
from squeeze_core.figures import compression as figures
from squeeze_core.report import findings


def draw() -> None:
    found, full, shipped = curve(), row(REFERENCE), compressed_rows()[0]
    measured = shipped.measured
    assert measured is not None and measured.difference is not None
    with st.container(border=True):
        st.subheader(
            f"{full.title}: {full.megabytes / shipped.megabytes:.1f} times smaller, "
            f"{measured.difference.points()} of top-1",
            anchor=False,
        )
        downloads.chart(
            figures.size_accuracy(found, shipped),
            table=figures.curve_rows(found, shipped),
            name="size-accuracy",
            alt=(
                f"Top-1 against bytes: the shipped file of {shipped.stored_bytes:,} bytes changes it by "
                f"{measured.difference.points()}; uniform steps with the same coder lose more at every size"
            ),
        )
        st.caption(
            f"Shipped file: {findings.difference(shipped)} {measured.same_first_answer}% of the first "
            f"answers are the same. The lines: {found.on}; training pictures flatter every row alike, and "
            "so few tell one point from chance only just. The shipped file was chosen by them, so it is "
            "judged on others. Published rows are the difference from float32 that their authors state: "
            + "; ".join(point.source for point in PUBLISHED)
            + "."
        )
