"""What does each byte less cost? The measured curve."""

from __future__ import annotations

import streamlit as st

from pages.widgets import downloads
from squeeze_core.compression.curve import PUBLISHED, curve
from squeeze_core.figures import compression as figures


def draw() -> None:
    found = curve()
    full = next(point for point in found.points if point.series == "fp32")
    shipped = next(point for point in found.points if point.series == "shipped")
    with st.container(border=True):
        loss = figures.lost(shipped, full)
        st.subheader(
            f"{full.bytes / shipped.bytes:.0f} times smaller costs {loss:.1f} points of top-1", anchor=False
        )
        downloads.chart(
            figures.size_accuracy(found),
            table=figures.curve_rows(found),
            name="size-accuracy",
            alt=(
                f"Top-1 against bytes: the shipped file of {shipped.bytes:,} bytes loses {loss:.1f} "
                f"points; uniform steps with the same coder lose more at every size"
            ),
        )
        st.caption(
            f"Ours: measured by this code on {found.on}; float32 names {full.top1:.1f}% of them. They are "
            f"of ImageNet’s training set, which flatters every row alike, and 300 pictures tell one point "
            "from chance only just. Published rows are the difference from float32 that their authors "
            "state: " + "; ".join(point.source for point in PUBLISHED) + "."
        )
