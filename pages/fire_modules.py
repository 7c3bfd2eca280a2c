"""The page Fire modules: every channel of every module, on the visitor's picture."""

from __future__ import annotations

from typing import Any, cast

import streamlit as st

from pages.fire_modules_parts import channel, choice, what_if
from pages.server import inside_results
from pages.session import address, selected_network, tray
from pages.widgets import downloads
from pages.widgets.words import plain
from squeeze_core.figures import fire_modules as figures
from squeeze_core.figures.classification import percent
from squeeze_core.figures.maps import Scale
from squeeze_core.images import Picture
from squeeze_core.inside import feature_visualisation
from squeeze_core.inside.trace import FireTrace, Unit

SCALES = {"branch": "Per branch", "channel": "Per channel"}
TITLES = {"squeeze": "squeeze 1×1", "expand1x1": "expand 1×1", "expand3x3": "expand 3×3"}
# Aspect and about how many pixels wide: the squeeze's column is half as wide as that of the expands.
GRIDS = {"squeeze": (1, 216), "expand1x1": (2, 432), "expand3x3": (2, 432)}


# Thirteen layers do not fit a phone's width: there they scroll sideways.
STYLE = """<style>
[class*="st-key-fire-wide-"] { overflow-x: auto; }
[class*="st-key-fire-wide-"] > div { min-width: 860px; }
</style>"""


def page() -> None:
    picture = tray.current()
    st.title("What do the Fire modules see?", anchor=False)
    st.html(STYLE)
    with st.spinner("Looking inside…", show_time=True):
        looked_at(picture)
    explorer(picture)


def looked_at(picture: Picture) -> FireTrace:
    """The trace. What a session keeps, such as a fragment or what a click calls, holds the picture alone:
    a trace has 8 MB."""
    return inside_results.trace(picture, selected_network.current())


@st.fragment
def explorer(picture: Picture) -> None:
    """Everything that a click on a module or a channel changes."""
    trace = looked_at(picture)
    unit = choice.unit(trace)
    strip(picture, trace, unit)
    left, right = st.columns([7, 5], gap="medium")
    with left, st.container(border=True):
        module(picture, trace, unit)
    with right, st.container(border=True):
        st.markdown(f"**{unit.module} / {unit.branch} / {unit.channel}**")
        channel.pick(picture, trace, unit)
        channel.large_map(picture, unit)
        channel.looks_for(trace.network, unit)
        channel.facts(picture, trace, unit)
    cards = [column.container(border=True, height="stretch") for column in st.columns(3, gap="medium")]
    with cards[0]:
        channel.top_pictures(trace.network, unit)
    with cards[1]:
        channel.weights(trace.network, unit)
    with cards[2]:
        channel.histogram(picture, trace, unit)
    with st.container(border=True):
        what_if.draw(picture, trace, unit)
    with st.container(border=True):
        glance(picture, trace)
    tables(picture, trace, unit)
    footnote(trace)


def strip(picture: Picture, trace: FireTrace, unit: Unit) -> None:
    """The network from conv1 to conv10; a click on a Fire module opens it."""
    with st.container(border=True):
        with st.container(key="fire-wide-strip"):
            st.plotly_chart(
                downloads.fresh(inside_results.network_strip(picture, trace.network, unit.module)),
                key="fire-strip-chart",
                on_select=lambda: took_layer(picture),
                selection_mode="points",
                config={"displayModeBar": False},
                alt="; ".join(f"{name} {figures.times(shape)}" for name, shape in trace.layers.items()),
            )
        st.session_state["fire-module"] = unit.module
        st.segmented_control(
            "Fire module",
            list(trace.modules),
            key="fire-module",
            required=True,
            label_visibility="collapsed",
            on_change=lambda: open_module(picture, st.session_state["fire-module"]),
        )


def took_layer(picture: Picture) -> None:
    point = choice.clicked("fire-strip-chart")
    if point and point[0] in looked_at(picture).modules:
        open_module(picture, point[0])


def open_module(picture: Picture, name: str) -> None:
    """Show that module, at the strongest channel of the branch that was shown."""
    trace = looked_at(picture)
    choice.choose(choice.strongest(trace, name, choice.unit(trace).branch))


def module(picture: Picture, trace: FireTrace, unit: Unit) -> None:
    """The wiring of the module, and all its channels."""
    shown = trace.modules[unit.module]
    words = f"{figures.times(trace.before(unit.module))} in; " + "; ".join(
        f"{place} {figures.times(shown.at(place).shape)}" for place in shown.places
    )
    wiring, name = inside_results.wiring(picture, trace.network, unit.module), f"{unit.module}-wiring"
    downloads.plot(wiring, name=name, alt=words)
    downloads.buttons(name, figure=wiring)
    scale = st.segmented_control(
        "Colour scale",
        list(SCALES),
        format_func=SCALES.__getitem__,
        default="branch",
        required=True,
        key="fire-scale",
        **address.BOUND,
    )
    squeeze, expands = st.columns([1, 2])
    for branch in shown.branches:
        with squeeze if branch == "squeeze" else expands:
            grid(picture, trace, unit, branch, cast(Scale, scale))
    network, name = trace.network, unit.module

    def values() -> dict[str, Any]:
        found = inside_results.trace(picture, network).modules[name]
        return {place: found.at(place).values for place in found.places}

    downloads.buttons(f"{name}-activations", npz=values)


def grid(picture: Picture, trace: FireTrace, unit: Unit, branch: str, scale: Scale) -> None:
    """One branch's channels, strongest first."""
    maps = trace.maps(unit.module, branch)
    units = [Unit(unit.module, branch, int(number)) for number in maps.order()]
    st.markdown(f"**{TITLES[branch]}** · {figures.times(maps.shape)} · {maps.sparsity:.0%} zeros")
    # A grid of its own for each module and picture, so that no click is taken for one on another.
    key = f"fire-grid-{branch}-{unit.module}-{picture.key[:12]}"
    style = inside_results.GridStyle(*GRIDS[branch], scale)
    disabled = choice.disabled().intersection(units)
    # Only the chosen channel's own grid changes with it.
    chosen = unit if unit.branch == branch else None
    figure = inside_results.grid(picture, trace.network, (unit.module, branch), chosen, style, disabled)
    strongest = ", ".join(str(one.channel) for one in units[:5])
    alt = f"{len(units)} activation maps of {unit.module}/{branch}, strongest first: channels {strongest}…"
    clickable(figure, key, alt)
    downloads.buttons(f"{unit.module}-{branch}", image=lambda: figures.picture_of(downloads.fresh(figure)))


def clickable(figure: str, key: str, alt: str) -> None:
    """Draw maps, kept as JSON text, of which a click on one chooses its channel."""
    st.plotly_chart(
        downloads.fresh(figure),
        key=key,
        on_select=lambda: took_unit(key),
        selection_mode="points",
        config={"displayModeBar": False},
        alt=alt,
    )


def took_unit(key: str) -> None:
    point = choice.clicked(key)
    if point:
        choice.choose(Unit(point[0], point[1], int(point[2])))


def glance(picture: Picture, trace: FireTrace) -> None:
    """All modules under one another."""
    st.markdown(f"**Every module at a glance**: its {figures.GLANCE_CHANNELS} strongest channels")
    key = f"fire-glance-{picture.key[:12]}"
    figure = inside_results.glance(picture, trace.network)
    with st.container(key="fire-wide-glance"):
        clickable(figure, key, "The strongest channels of fire2 to fire9, one row a module")
    downloads.buttons("every-module", image=lambda: figures.picture_of(downloads.fresh(figure)))


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
    best = float(trace.probabilities[trace.best])
    words = (
        f"{plain(trace.network.title)} says “{trace.labels[trace.best]}”, {percent(best)}, of "
        f"{plain(trace.file)}. All activations come from one forward pass on this computer's "
        f"{trace.device.upper()}."
    )
    if feature_visualisation.shows(trace.network):
        made = feature_visualisation.manifest()["measured"]
        words += (
            " Optimised pictures: our own, after Olah et al., Distill 2017; as shipped, they excite "
            f"{made['won']:,} of the {made['live']:,} channels that a sample excites more than any sample "
            "does."
        )
    st.caption(words)


page()
