"""Times on every page: the network alone, the median of several runs, with their spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from squeeze_core.cost.timing import Timings


def reserve(key: str) -> DeltaGenerator:
    """The place of a time that is measured after the rest of the page is drawn; until then it shows the
    last one under that key."""
    place = st.empty()
    _metric(place, key, "…", "measuring")
    return place


def show(places: Mapping[str, DeltaGenerator], timings: Timings | None) -> None:
    """Draw each network's time, with the spread of its runs, in the place reserved under its key."""
    for number, (key, place) in enumerate(places.items()):
        if timings:
            st.session_state[f"time-{key}"] = timings.networks[number]
        _metric(place, key, "–", "not measured")


def _metric(place: DeltaGenerator, key: str, value: str, words: str) -> None:
    """The last time under that key; without one that value and those words."""
    meaning = None
    if timing := st.session_state.get(f"time-{key}"):
        low, high = milliseconds(timing.low).removesuffix(" ms"), milliseconds(timing.high)
        value, words = milliseconds(timing.network), f"{low}–{high}"
        meaning = f"The network alone: median of {timing.runs} runs, and the quartiles."
    place.metric("Time", value, words, "off", delta_arrow="off", width="content", help=meaning)


def milliseconds(value: float) -> str:
    return f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms"


def meaning(timings: Timings | None, what: str = "one picture at a time") -> str:
    """A sentence on what the times of a page include, and whether the machine was too busy for them."""
    if not timings:
        return "No new time: the server is busy with other requests, which come before measuring."
    kind = "alternating " if len(timings.networks) > 1 else ""
    words = (
        f"Time: the network alone on the server's {timings.device.upper()}, {what}, median of "
        f"{timings.networks[0].runs} {kind}runs; decoding and preparing the picture are not in it."
    )
    return f"{words} **The server is busy: times vary.**" if timings.busy else words
