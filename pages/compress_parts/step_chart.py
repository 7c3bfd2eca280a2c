"""From AlexNet to a compressed SqueezeNet: bytes after each step, to scale."""

from __future__ import annotations

import streamlit as st

from pages.widgets import downloads
from pages.widgets.choices import one_of
from pages.widgets.words import plain
from squeeze_core.compression import steps as compression_steps
from squeeze_core.compression.curve import curve
from squeeze_core.compression.presets import Compressed
from squeeze_core.compression.steps import CompressionStep
from squeeze_core.cost import comparison
from squeeze_core.cost.units import amount
from squeeze_core.figures import compression as figures
from squeeze_core.networks.catalogue import DEFAULT, Network


def steps(network: Network, found: Compressed | None) -> tuple[CompressionStep, ...]:
    """The steps of the last compression here; else, of SqueezeNet 1.1 alone, the recorded ones of the
    shipped file; else the network as it is."""
    if found:
        return compression_steps.ours(found.original.title, found.float32_bytes, found.stages)
    recorded = DEFAULT.name in (network.name, network.compressed)
    full, stages = (DEFAULT, curve().steps) if recorded else (network, ())
    float32 = round(1e6 * comparison.row(full).float32_megabytes)
    return compression_steps.ours(full.title, float32, stages)


@st.fragment
def draw(network: Network, found: Compressed | None) -> None:
    """The answer in one line, the chart, and what the chosen step does."""
    own = steps(network, found)
    # AlexNet names ImageNet's classes: beside a network of other classes its size says nothing.
    before = compression_steps.published() if network.labels == DEFAULT.labels else ()
    every = (*before, *own)
    full, last = own[0], own[-1]
    with st.container(border=True):
        st.header(plain(_answer(network, every[0], full, last)), anchor=False)
        if len(every) == 1:
            st.caption("Compress it below: then the bytes after each step are shown here.")
            return
        parts = ("From AlexNet", "SqueezeNet alone")
        part = one_of("Show", {name: name for name in parts}, "compress-part") if before else parts[1]
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
            f"{step.bytes:,} bytes, {'measured here' if step.measured else 'as printed'}. {step.source}"
        )
        table = [
            {
                "Step": one.title,
                "Bytes": one.bytes,
                "Times smaller": round(shown[0].bytes / one.bytes, 1),
                "Figure": "measured" if one.measured else "as printed",
                "Source": one.source,
            }
            for one in shown
        ]
        downloads.chart(figures.step_bars(shown, number), table=table, name="compression-steps")


def _answer(network: Network, first: CompressionStep, full: CompressionStep, last: CompressionStep) -> str:
    """Bytes instead of bytes, and the ratio; to AlexNet's only with the same classes."""
    if full is last:
        return f"{network.title}: {amount(full.bytes, 'B')} in float32 for {len(network.labels):,} classes"
    times = full.bytes / last.bytes
    answer = f"{amount(last.bytes, 'B')} instead of {amount(full.bytes, 'B')}: {times:.1f} times smaller"
    if first is full:
        return f"{network.title}: {answer}"
    return f"{answer}, and {first.bytes / last.bytes:.0f} times smaller than AlexNet"
