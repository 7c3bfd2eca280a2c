"""The tab "Follow one pixel": a Fire module at work on one cell, multiplied in the browser."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.fire_modules_parts import choice
from pages.session import channels_off, selected_network
from pages.widgets.component import component
from squeeze_core.figures.follow_pixel import module_numbers
from squeeze_core.inside.trace import FireTrace, Unit

_KEY = "fire-follow"


def draw(trace: FireTrace, unit: Unit) -> None:
    """The component, which gets the numbers of the chosen module once."""
    if channels_off.disabled():
        st.caption("Here all channels are on, also those that are switched off in “What if?”.")
    script = Path(__file__).with_name("follow_pixel.js")
    draw = component(script, '<div class="root"></div>')
    draw(data=module_numbers(trace, unit), key=_KEY, on_opened_change=_open)


def _open() -> None:
    """Show the channel that was clicked with everything that is known of it."""
    choice.choose(Unit.parse(st.session_state[_KEY].opened, selected_network.current()))
    st.session_state[choice.TAB] = choice.ONE
