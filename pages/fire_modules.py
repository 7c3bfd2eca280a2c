"""The page Fire modules: every channel of every module, on the visitor's picture."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pages.fire_modules_parts import channel, choice, follow, what_if
from pages.server import inside_results
from pages.session import selected_network, tray
from pages.widgets import downloads
from pages.widgets.choices import one_of, tabs
from pages.widgets.words import plain
from squeeze_core.figures import fire_modules as figures
from squeeze_core.figures.classification import percent
from squeeze_core.figures.maps import Scale
from squeeze_core.images import Picture
from squeeze_core.inside import feature_visualisation
from squeeze_core.inside.trace import FireTrace, Unit

SCALES: dict[Scale, str] = {"branch": "Per branch", "channel": "Per channel"}


def page() -> None:
    picture = tray.current()
    st.title("What do the Fire modules see?", anchor=False)
    with st.spinner("Looking inside…", show_time=True):
        current_trace(picture)
    explorer(picture)


def current_trace(picture: Picture) -> FireTrace:
    """The trace, which has 8 MB: what a session holds, such as a fragment or a callback, takes the picture
    instead."""
    return inside_results.trace(picture, selected_network.current())


@st.fragment
def explorer(picture: Picture) -> None:
    """The part of the page that a click on a module or a channel redraws."""
    trace = current_trace(picture)
    unit = choice.unit(trace)
    tabs(
        choice.TAB,
        {
            choice.FOLLOW: lambda: follow.draw(trace, unit),
            choice.ALL: lambda: every_channel(picture, trace, unit),
        },
    )
    footnote(trace)


def every_channel(picture: Picture, trace: FireTrace, unit: Unit) -> None:
    strip(picture, trace, unit)
    left, right = st.columns([7, 5], gap="medium")
    with left, st.container(border=True):
        module(picture, trace, unit)
    with right, st.container(border=True):
        st.markdown(f"**{unit.module} / {unit.branch} / {unit.channel}**")
        channel.pick(picture, trace, unit)
        channel.large_map(picture, unit)
        channel.optimised_picture(trace.network, unit)
        channel.facts(picture, trace, unit)
    cards = [column.container(border=True, height="stretch") for column in st.columns(2, gap="medium")]
    with cards[0]:
        channel.top_pictures(trace.network, unit)
    with cards[1]:
        channel.weights(trace.network, unit)
    with st.container(border=True):
        what_if.draw(picture, trace, unit)
    tables(picture, trace, unit)


def strip(picture: Picture, trace: FireTrace, unit: Unit) -> None:
    """The network from conv1 to conv10; a click on a Fire module opens it."""
    key = "fire-strip-chart"

    def open_module(name: str) -> None:
        """Show the strongest channel of that module, of the same branch."""
        trace = current_trace(picture)
        choice.choose(choice.strongest(trace, name, choice.unit(trace).branch))

    def on_click() -> None:
        point = choice.clicked(key)
        if point and point[0] in current_trace(picture).modules:
            open_module(point[0])

    with st.container(border=True):
        with st.container(key="fire-strip"):
            alt = "; ".join(f"{name} {figures.times(shape)}" for name, shape in trace.layers.items())
            chart(figures.network_strip(trace.layers, unit.module), key, alt, on_click)
        st.session_state["fire-module"] = unit.module
        st.segmented_control(
            "Fire module",
            list(trace.modules),
            key="fire-module",
            required=True,
            label_visibility="collapsed",
            on_change=lambda: open_module(st.session_state["fire-module"]),
        )


def module(picture: Picture, trace: FireTrace, unit: Unit) -> None:
    """All channels of the module."""
    network, name = trace.network, unit.module
    shown = trace.modules[name]
    scale = one_of("Colour scale", SCALES, "fire-scale", show=True)
    squeeze, expands = st.columns([1, 2])
    for branch in shown.branches:
        with squeeze if branch == "squeeze" else expands:
            grid(picture, trace, unit, branch, scale)

    def values() -> dict[str, Any]:
        places = inside_results.trace(picture, network).modules[name].places
        return {place: maps.values for place, maps in places.items()}

    downloads.buttons(f"{name}-activations", npz=values)


def grid(picture: Picture, trace: FireTrace, unit: Unit, branch: str, scale: Scale) -> None:
    """One branch's channels, the strongest first."""
    maps = trace[unit.module, branch]
    units = [Unit(unit.module, branch, int(number)) for number in maps.order()]
    st.markdown(f"**{figures.TITLES[branch]}** · {figures.times(maps.shape)} · {maps.sparsity:.0%} zeros")
    # The squeeze's column is half as wide as that of the expands.
    aspect, pixels = (1, 216) if branch == "squeeze" else (2, 432)
    figure = figures.channel_grid(
        maps, units, unit, aspect=aspect, pixels=pixels, scale=scale, off=choice.disabled()
    )
    strongest = ", ".join(str(one.channel) for one in units[:5])
    alt = f"{len(units)} activation maps of {unit.module}/{branch}, strongest first: channels {strongest}…"
    # Another key for another module or picture, so that no click is taken for one on another grid.
    key = f"fire-grid-{branch}-{unit.module}-{picture.key[:12]}"

    def on_click() -> None:
        if point := choice.clicked(key):
            choice.choose(Unit(point[0], point[1], int(point[2])))

    chart(figure, key, alt, on_click)
    downloads.buttons(f"{unit.module}-{branch}", image=lambda: figures.picture_of(figure))


def chart(figure: go.Figure, key: str, alt: str, on_click: Any) -> None:
    config = {"displayModeBar": False}
    st.plotly_chart(figure, key=key, on_select=on_click, selection_mode="points", config=config, alt=alt)


def tables(picture: Picture, trace: FireTrace, unit: Unit) -> None:
    """The numbers behind the strip and the grids."""
    shelf = st.expander("Tables", icon=":material/table:", key="fire-tables", on_change="rerun")
    if not shelf.open:
        return
    with shelf:
        layers = figures.layer_rows(trace)
        st.dataframe(layers, hide_index=True, key="fire-layer-table", alt="Shape of each layer's output")
        downloads.buttons("layers", table=layers)
        found = inside_results.contributions(picture, trace.network, trace.best)
        rows = figures.channel_rows(trace.modules[unit.module], found)
        st.dataframe(rows, hide_index=True, key="fire-channel-table", alt=f"Every channel of {unit.module}")
        downloads.buttons(f"{unit.module}-channels", table=rows)


def footnote(trace: FireTrace) -> None:
    """The answer, and the source of the optimised pictures."""
    best = float(trace.probabilities[trace.best])
    words = (
        f"{plain(trace.network.title)} says “{trace.labels[trace.best]}”, {percent(best)}, of "
        f"{plain(trace.file)}. All activations come from one forward pass on this computer's "
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
