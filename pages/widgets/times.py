"""Times on every page: the network alone, the median of several runs, with their spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from squeeze_core.cost.timing import Timing, Timings


def reserve(key: str) -> DeltaGenerator:
    """The place of a time that is measured after the rest of the page is drawn.

    Until then it shows the last one under that key.
    """
    place = st.empty()
    known = st.session_state.get(_slot(key))
    if known:
        _metric(place, known)
    else:
        place.metric("Time", "…", "measuring", "off", delta_arrow="off", width="content")
    return place


def show(place: DeltaGenerator, key: str, timing: Timing) -> None:
    """Draw the network's own time, with the spread of its runs."""
    st.session_state[_slot(key)] = timing
    _metric(place, timing)


def _slot(key: str) -> str:
    return f"time-{key}"


def _metric(place: DeltaGenerator, timing: Timing) -> None:
    place.metric(
        "Time",
        milliseconds(timing.network),
        delta=f"{milliseconds(timing.low).removesuffix(' ms')}–{milliseconds(timing.high)}",
        delta_color="off",
        delta_arrow="off",
        width="content",
        help=f"The network alone: median of {timing.runs} runs, and between which times half of them lie.",
    )


def milliseconds(value: float) -> str:
    return f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms"


def meaning(timings: Timings, what: str = "one picture at once") -> str:
    """A sentence on what the times of a page include, and whether the machine was too busy for them."""
    runs = timings.networks[0]
    words = (
        f"Time: the network alone on this computer's {timings.device.upper()}, {what}, median of "
        f"{runs.runs} runs{' in turns' if len(timings.networks) > 1 else ''}. Not in it: decoding the file "
        f"({milliseconds(runs.decode)}, once) and preparing the picture "
        f"({milliseconds(min(one.prepare for one in timings.networks))})."
    )
    if not timings.busy:
        return words
    load = "" if timings.load is None else f" (load {timings.load:.1f} for each core)"
    return f"{words} **This machine is busy{load}: times vary.**"
