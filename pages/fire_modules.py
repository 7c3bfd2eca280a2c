"""The page Fire modules: one cell followed through a module, every channel, and each channel by itself."""

from __future__ import annotations

import streamlit as st

from pages.fire_modules_parts import all_channels, channel, choice, files, follow
from pages.server import inside_results
from pages.session import channels_off, selected_network, tray
from pages.widgets import in_python
from pages.widgets.choices import tabs
from pages.widgets.words import plain
from squeeze_core.cost.units import percent
from squeeze_core.images import Picture
from squeeze_core.inside import feature_visualisation
from squeeze_core.inside.trace import FireTrace, Unit


def page() -> None:
    picture = tray.current()
    with st.spinner("Looking inside…", show_time=True):
        current_trace(picture)
    explorer(picture)


def current_trace(picture: Picture) -> FireTrace:
    """The trace, which has 8 MB: what a session holds, such as a fragment or a callback, takes the picture
    instead."""
    return inside_results.trace(picture, selected_network.current())


@st.fragment
def explorer(picture: Picture) -> None:
    """The whole page as a fragment, so that a click on a module or a channel redraws only this."""
    trace = current_trace(picture)
    unit = choice.unit(trace)
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="row-fire"
    ):
        st.title("What do the Fire modules see?", anchor=False, width="content")
        choose_module(picture, trace, unit)
    channels_off.bar()
    tabs(
        choice.TAB,
        {
            choice.FOLLOW: lambda: follow.draw(trace, unit),
            choice.ALL: lambda: all_channels.draw(picture, trace, unit),
            choice.ONE: lambda: channel.draw(picture, trace, unit),
        },
    )
    files.menu(picture, trace, unit)
    in_python.draw("fire_modules", module=unit.module, branch=unit.branch, channel=unit.channel)
    footnote(trace)


def choose_module(picture: Picture, trace: FireTrace, unit: Unit) -> None:
    def on_change() -> None:
        choice.open_module(current_trace(picture), st.session_state["fire-module"])

    st.session_state["fire-module"] = unit.module
    st.segmented_control(
        "Fire module",
        list(trace.modules),
        key="fire-module",
        required=True,
        label_visibility="collapsed",
        width="content",
        on_change=on_change,
    )


def footnote(trace: FireTrace) -> None:
    """The answer, and the source of the optimised pictures."""
    best = float(trace.probabilities[trace.best])
    says = "says" if trace.sure else "is not sure, perhaps"
    words = (
        f"{plain(trace.network.title)} {says} “{trace.labels[trace.best]}”, {percent(best)}, of "
        f"{plain(trace.file)}. All activations come from one forward pass on this server's "
        f"{trace.device.upper()}."
    )
    if feature_visualisation.made_for(trace.network):
        made = feature_visualisation.manifest()["measured"]
        words += (
            " Optimised pictures: our own, after Olah et al., Distill 2017. Of the "
            f"{made['live']:,} channels that a sample picture activates, {made['won']:,} are activated "
            "more by their optimised picture."
        )
    st.caption(words)


page()
