"""The tab "One channel": its map over the picture, its optimised picture, top activations and weights."""

from __future__ import annotations

import streamlit as st
from PIL import Image

from pages.fire_modules_parts import choice
from pages.server import inside_results
from pages.session import address, selected_network, tray
from pages.widgets import downloads
from pages.widgets.words import plain
from squeeze_core.cost.units import percent
from squeeze_core.errors import UserError
from squeeze_core.figures import channels as figures
from squeeze_core.figures.maps import for_screen, outlined, overlay, place_in_words, unit_scale
from squeeze_core.images import Picture
from squeeze_core.inside import feature_visualisation
from squeeze_core.inside.channels import TopActivation, top_activations
from squeeze_core.inside.trace import FireTrace, Maps, Unit
from squeeze_core.networks.catalogue import Network

PICTURES_SHOWN = 6
OPACITY = 65  # per cent


def draw(picture: Picture, trace: FireTrace, unit: Unit) -> None:
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, height="stretch"):
        with st.container(horizontal=True):
            pick(picture, trace, unit)
        st.markdown(f"**{unit.module} / {unit.branch} / {unit.channel}**")
        large_map(picture, unit)
        facts(picture, trace, unit)
    with right, st.container(border=True, height="stretch"):
        optimised_picture(trace.network, unit)
        top_pictures(trace.network, unit)
        weights(trace.network, unit)


def pick(picture: Picture, trace: FireTrace, unit: Unit) -> None:
    """Choose branch and channel by keyboard, as a click on a map does."""
    st.session_state["fire-branch"] = unit.branch
    st.session_state["fire-channel"] = unit.channel

    def on_branch() -> None:
        trace = inside_results.trace(picture, selected_network.current())
        choice.choose(choice.strongest(trace, unit.module, st.session_state["fire-branch"]))

    def on_channel() -> None:
        choice.choose(unit._replace(channel=int(st.session_state["fire-channel"])))

    names = trace.modules[unit.module].branches
    st.segmented_control(
        "Branch",
        names,
        key="fire-branch",
        required=True,
        width="content",
        on_change=on_branch,
        help="squeeze: few 1×1 filters, so that the next ones have little to read. expand: many 1×1 and "
        "3×3 filters. Their outputs, one behind the other (concat), are the module's.",
    )
    last = trace[unit.module, unit.branch].shape[0] - 1
    st.number_input("Channel", 0, last, key="fire-channel", width=128, on_change=on_channel)


@st.fragment
def large_map(picture: Picture, unit: Unit) -> None:
    """The channel's map laid over the picture."""
    maps = inside_results.trace(picture, selected_network.current())[unit.module, unit.branch]
    place = st.empty()
    st.slider("Opacity of the map", 0, 100, OPACITY, 5, format="%d %%", key="fire-opacity", **address.BOUND)
    strongest = place_in_words(maps.peaks[unit.channel].tolist(), maps.shape[1:])
    alt = f"Channel {unit} over {tray.describe(picture)}; its map is strongest {strongest}"
    with place.container(key="picture-channel"):
        st.image(over(picture, maps, unit, opacity()), width="stretch", alt=alt)


def opacity() -> float:
    """The chosen opacity of the map, 0–1."""
    return st.session_state.get("fire-opacity", OPACITY) / 100


def over(picture: Picture, maps: Maps, unit: Unit, opacity: float) -> Image.Image:
    """The channel's map, of those of its branch, over the picture."""
    levels = unit_scale(maps.values[unit.channel : unit.channel + 1], "channel")[0]
    return overlay(for_screen(picture.image), levels, opacity)


def file_name(unit: Unit) -> str:
    """The name of the channel's files, without ending."""
    return str(unit).replace("/", "-")


def facts(picture: Picture, trace: FireTrace, unit: Unit) -> None:
    """The channel in numbers, with its contribution to the predicted class."""
    maps = trace[unit.module, unit.branch]
    found = inside_results.contributions(picture, trace.network, trace.best)
    value = float(found.of[unit.module, unit.branch][unit.channel])
    with st.container(horizontal=True):
        st.metric("Mean", f"{maps.mean[unit.channel]:.1f}", width="content")
        st.metric("Max", f"{maps.max[unit.channel]:.1f}", width="content")
        st.metric("Zeros", percent(maps.zeros[unit.channel], 0), width="content")
        st.metric(
            f"Contribution to “{found.label}”",
            f"{value:+.2f}",
            width="content",
            help=f"Activation × gradient, summed over the map: to first order this channel's share of the "
            f"logit, {found.total:.1f}.",
        )


def optimised_picture(network: Network, unit: Unit) -> None:
    """The picture that was optimised to excite the channel; only the shipped network has them."""
    if not feature_visualisation.made_for(network):
        st.caption(f"No optimised pictures were made for {plain(network.title)}.")
        return
    try:
        tile = feature_visualisation.tile(*unit)
    except UserError as error:
        st.caption(plain(str(error)))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        enlarged = tile.resize((288, 288))
        st.image(enlarged, alt=f"Picture optimised to excite channel {unit}", width=168)
        with st.container(width="stretch", gap="xsmall"):
            st.markdown("**What does this channel look for?**")
            st.caption(f"Computed to activate it most: {tile.width}×{tile.height} pixels, enlarged.")


def top_pictures(network: Network, unit: Unit) -> None:
    """The pictures that activate the channel most, with the receptive field of the peak in each."""
    st.markdown("**Which pictures activate this channel most?**")
    with st.spinner("Ranking…", show_time=True):
        found = _ranked(tray.with_samples(), network, unit)
    with st.container(horizontal=True):
        for one in found[:PICTURES_SHOWN]:
            with st.container(width=72, gap="xsmall"):
                if one.value > 0:
                    alt = f"{one.file}; outlined: pixels {one.box} of the network's input"
                    st.image(outlined(one.view, one.box), alt=alt, width="stretch")
                else:
                    st.image(one.view.copy(), alt=f"{one.file}; does not activate it", width="stretch")
                st.caption(f"{one.value:.0f}")


def _ranked(pictures: list[Picture], network: Network, unit: Unit) -> list[TopActivation]:
    return top_activations([inside_results.maxima(one, network) for one in pictures], unit)


def ranking(pictures: list[Picture], network: Network, unit: Unit) -> list[dict[str, str | float]]:
    """The table behind `top_pictures`: all pictures, the strongest first."""
    return [
        {"picture": one.file, "largest value": one.value, "patch": str(one.box)}
        for one in _ranked(pictures, network, unit)
    ]


def weights(network: Network, unit: Unit) -> None:
    """The filter behind the channel."""
    filter_ = inside_results.channel_filter(network, unit)
    kernel = filter_.weights.shape[1]
    rows = figures.weight_rows(filter_)
    if kernel > 1:
        st.markdown(
            f"**Its {kernel}×{kernel} kernels**, for the {len(rows)} inputs with the largest weights"
        )
        alt = f"3×3 weights of channel {unit}"
    else:
        st.markdown("**Its strongest inputs**")
        alt = f"Largest 1×1 weights of channel {unit}"
    downloads.chart(figures.weights(filter_), table=rows, name=f"{file_name(unit)}-weights", alt=alt)
