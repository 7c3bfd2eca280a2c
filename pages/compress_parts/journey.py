"""From AlexNet to a compressed SqueezeNet: bytes after each step, to scale."""

from __future__ import annotations

import streamlit as st

from pages.session import address
from pages.widgets import downloads
from pages.widgets.words import plain
from squeeze_core.compression import journey
from squeeze_core.compression.curve import curve
from squeeze_core.compression.journey import Step
from squeeze_core.compression.presets import Compressed
from squeeze_core.cost.units import amount
from squeeze_core.figures import compression as figures
from squeeze_core.networks.catalogue import DEFAULT, Network


def steps(found: Compressed | None) -> tuple[Step, ...]:
    """What was compressed here last, else the recorded way of the shipped network."""
    if found:
        return journey.ours(found.original.title, found.float32_bytes, found.stages)
    full = next(point.bytes for point in curve().points if point.series == "fp32")
    return journey.ours(DEFAULT.title, full, curve().steps)


@st.fragment
def draw(network: Network, found: Compressed | None) -> None:
    """The answer in one line, the chart, and what the chosen step does."""
    own = steps(found)
    every = (*journey.published(), *own)
    first, last = every[0], every[-1]
    with st.container(border=True):
        st.subheader(
            f"{amount(last.bytes, 'B')} instead of AlexNet’s {amount(first.bytes, 'B')}: "
            f"{first.bytes / last.bytes:.0f} times smaller",
            anchor=False,
        )
        part = st.segmented_control(
            "Show",
            ("From AlexNet", "SqueezeNet alone"),
            default="From AlexNet",
            required=True,
            key="compress-part",
            label_visibility="collapsed",
            **address.BOUND,
        )
        shown = every if part == "From AlexNet" else own
        titles = [step.title for step in shown]
        chosen = st.pills(
            "Step",
            titles,
            default=titles[-1],
            required=True,
            format_func=plain,
            key=f"compress-step-{part}-{len(titles)}",
        )
        number = titles.index(chosen) if chosen in titles else len(titles) - 1
        step = shown[number]
        st.markdown(f"**{plain(step.title)}**: {plain(step.words)}")
        st.caption(
            f"{step.bytes:,} bytes, {'measured here' if step.measured else 'published'}. {step.source}"
        )
        table = [
            {
                "Step": one.title,
                "Bytes": one.bytes,
                "Times smaller": round(shown[0].bytes / one.bytes, 1),
                "Figure": "measured" if one.measured else "published",
                "Source": one.source,
            }
            for one in shown
        ]
        downloads.chart(figures.step_bars(shown, number), table=table, name="compression-steps")
