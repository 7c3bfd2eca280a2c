"""Long work: run on demand, with a progress bar, and stopped on demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.server import results
from pages.widgets.words import plain
from squeeze_core.errors import UserError


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
    work: Callable[[DeltaGenerator], object],
    *,
    doing: str = "Starting",
    kind: Literal["primary", "secondary"] = "secondary",
) -> None:
    """A button that starts `work`, which draws into the bar that it is given and keeps its own result.

    Then the page runs again; a UserError is shown. `name`: for keys, unique. `label`, `icon`, `kind`: of
    the button. `doing`: beside the bar.
    """
    state, asked, failed = st.session_state, f"{name}-asked", f"{name}-failed"
    # Taken out first: any click, that on Stop too, makes Streamlit leave this run, which ends the work.
    running = state.pop(asked, False)
    started = {asked: True}
    st.button(
        label, icon=icon, type=kind, key=name, disabled=running, on_click=lambda: state.update(started)
    )
    if error := state.pop(failed, ""):
        st.error(plain(error), icon=":material/error:")
    if not running:
        return
    bar = st.progress(0.0, text=doing)
    st.button("Stop", icon=":material/stop:", key=f"{name}-stop")
    try:
        work(bar)
    except UserError as problem:
        state[failed] = str(problem)
    st.rerun()
