"""Times on every page: the network alone, the median of several runs, with their spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from squeeze_core.cost.timing import Timing, Timings


def reserve(key: str) -> DeltaGenerator:
    """The place of a time that is measured after the rest of the page is drawn; until then it shows the
    last one under that key."""
    place = st.empty()
    if known := st.session_state.get(f"time-{key}"):
        _metric(place, known)
    else:
        place.metric("Time", "…", "measuring", "off", delta_arrow="off", width="content")
    return place


def show(places: Mapping[str, DeltaGenerator], timings: Timings | None) -> None:
    """Draw each network's time, with the spread of its runs, in the place reserved under its key."""
    for number, (key, place) in enumerate(places.items()):
        if timings:
            st.session_state[f"time-{key}"] = timings.networks[number]
            _metric(place, timings.networks[number])
        elif f"time-{key}" not in st.session_state:
            place.metric("Time", "–", "not measured", "off", delta_arrow="off", width="content")


def _metric(place: DeltaGenerator, timing: Timing) -> None:
    place.metric(
        "Time",
        milliseconds(timing.network),
        f"{milliseconds(timing.low).removesuffix(' ms')}–{milliseconds(timing.high)}",
        "off",
        delta_arrow="off",
        width="content",
        help=f"The network alone: median of {timing.runs} runs, and the quartiles.",
    )


def milliseconds(value: float) -> str:
    return f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms"


def meaning(timings: Timings | None, what: str = "one picture at once") -> str:
    """A sentence on what the times of a page include, and whether the machine was too busy for them."""
    if not timings:
        return "No new time: the machine is busy with other requests, which come before measuring."
    words = (
        f"Time: the network alone on this computer's {timings.device.upper()}, {what}, median of "
        f"{timings.networks[0].runs} runs{' in turns' if len(timings.networks) > 1 else ''}; decoding and "
        "preparing the picture are not in it."
    )
    if not timings.busy:
        return words
    load = "" if timings.load is None else f" (load {timings.load:.1f} for each core)"
    return f"{words} **This machine is busy{load}: times vary.**"
