"""The tab "All channels": the maps of one branch, what becomes of the answer without some of them, and the
module's place in the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from pages.fire_modules_parts import channel, choice, what_if
from pages.server import inside_results
from pages.session import channels_off, selected_network
from pages.widgets.choices import one_of
from pages.widgets.component import component
from squeeze_core.cost.units import percent
from squeeze_core.figures import fire_modules as figures
from squeeze_core.figures.maps import Scale
from squeeze_core.images import Picture
from squeeze_core.inside.trace import FireTrace, Unit

SCALES: dict[Scale, str] = {"branch": "One for all", "channel": "One each"}
_GRID = "fire-grid"
_STRIP = "fire-strip-chart"
_HTML = (
    '<div class="grid" tabindex="0" role="application"><img alt=""><svg aria-hidden="true"></svg></div>'
    '<div class="below"><span class="status" role="status"></span>'
    '<span class="scale">0<i></i><span class="end"></span></span></div>'
)


def draw(picture: Picture, trace: FireTrace, unit: Unit) -> None:
    left, right = st.columns([8, 5], gap="medium")
    with left, st.container(border=True):
        grid(picture, trace, unit)
    with right, st.container(border=True):
        what_if.draw(picture, trace, unit)
    with st.container(border=True):
        strip(picture, trace, unit)
    tables(picture, trace, unit)


def scale() -> Scale:
    """The chosen colour scale of the maps."""
    return st.session_state.get("fire-scale") or "branch"


def grid(picture: Picture, trace: FireTrace, unit: Unit) -> None:
    """The channels of the chosen branch, the strongest first."""
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        channel.pick(picture, trace, unit)
        chosen = one_of("Colour scale", SCALES, "fire-scale", show=True)
    maps = trace[unit.module, unit.branch]
    shape, zeros = figures.times(maps.shape), percent(maps.sparsity, 0)
    st.markdown(f"**{figures.TITLES[unit.branch]}** · {shape} · {zeros} of the values are 0")
    off = {one.channel for one in channels_off.disabled() if one[:2] == unit[:2]}

    def on_chosen() -> None:
        choice.choose(unit._replace(channel=int(st.session_state[_GRID].chosen)))

    component(Path(__file__).with_name("channel_grid.js"), _HTML)(
        data=figures.channel_tiles(maps, unit.channel, chosen, off), key=_GRID, on_chosen_change=on_chosen
    )


def strip(picture: Picture, trace: FireTrace, unit: Unit) -> None:
    """The network from conv1 to conv10; a click on a Fire module opens it."""

    def on_click() -> None:
        trace = inside_results.trace(picture, selected_network.current())
        # A second click on the same bar clears the selection.
        for point in st.session_state[_STRIP].selection.points:
            if (name := point["customdata"][0]) in trace.modules:
                choice.open_module(trace, name)

    names = list(trace.layers)
    # A phone shows the middle of the strip: the chosen module.
    middle = (names.index(unit.module) + 0.5) / len(names)
    st.html(f"<style>.st-key-fire-strip{{--at:{middle:.3f}}}</style>")
    alt = "; ".join(f"{name} {figures.times(shape)}" for name, shape in trace.layers.items())
    config: dict[str, Any] = {"displayModeBar": False}
    with st.container(key="fire-strip"):
        st.plotly_chart(
            figures.network_strip(trace.layers, unit.module),
            key=_STRIP,
            on_select=on_click,
            selection_mode="points",
            config=config,
            alt=alt,
        )


def tables(picture: Picture, trace: FireTrace, unit: Unit) -> None:
    """The numbers behind the strip and the maps."""
    shelf = st.expander("Tables", icon=":material/table:", key="fire-tables", on_change="rerun")
    if not shelf.open:
        return
    with shelf:
        layers = figures.layer_rows(trace)
        st.dataframe(layers, hide_index=True, key="fire-layer-table", alt="Shape of each layer's output")
        found = inside_results.contributions(picture, trace.network, trace.best)
        rows = figures.channel_rows(trace.modules[unit.module], found)
        st.dataframe(rows, hide_index=True, key="fire-channel-table", alt=f"Every channel of {unit.module}")
