"""Long work: run on demand, with a progress bar, and stopped on demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.server import results
from pages.widgets.words import plain
from squeeze_core.errors import UserError

Result = TypeVar("Result")


def advance(
    bar: DeltaGenerator, start: float = 0.0, part: float = 1.0, text: str | None = None
) -> Callable[[float], None]:
    """A callback that draws the share done, 0–1, of one part of the work into `bar`.

    At each call requests of other sessions have their turn, and Streamlit ends the run after a click.
    """

    def draw(share: float) -> None:
        results.engine().queue.rest()
        bar.progress(min(1.0, start + part * share), text)

    return draw


def on_demand(
    name: str,
    label: str,
    icon: str,
    work: Callable[[DeltaGenerator], Result],
    *,
    doing: str = "Starting",
    kind: Literal["primary", "secondary"] = "secondary",
) -> Result | None:
    """The result of `work`, which draws into the progress bar that it is given, in the run after the click.

    None in every other run, and after a UserError, which is shown. `name`: for keys, unique. `label`,
    `icon`, `kind`: of the button. `doing`: beside the bar.
    """
    slot, asked = st.empty(), f"{name}-asked"

    def offer() -> None:
        started = {asked: True}
        slot.button(
            label, icon=icon, type=kind, key=name, on_click=lambda: st.session_state.update(started)
        )

    # Taken out first: any click, that on Stop too, makes Streamlit leave this run, which ends the work.
    if not st.session_state.pop(asked, False):
        offer()
        return None
    with slot.container():
        bar = st.progress(0.0, text=doing)
        st.button("Stop", icon=":material/stop:", key=f"{name}-stop")
    try:
        found = work(bar)
    except UserError as error:
        offer()
        st.error(plain(str(error)), icon=":material/error:")
        return None
    slot.empty()
    return found
