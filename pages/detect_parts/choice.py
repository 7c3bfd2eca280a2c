"""Which box is chosen: by a click on the picture or by a row of the table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from squeeze_core.detector.detections import Detection
from squeeze_core.images import Picture

_CHOSEN = "detect-chosen"
_TABLE = "detect-table"


def chosen(picture: Picture, found: Sequence[Detection]) -> int | None:
    """The number of the chosen box among those shown; None when none is, or when it is shown no more."""
    box = st.session_state.get(_CHOSEN, {}).get(picture.key)
    return next((number for number, one in enumerate(found) if _name(one) == box), None)


def choose(picture: Picture, detection: Detection | None) -> None:
    """Choose that box of the picture, or none."""
    st.session_state[_CHOSEN] = {picture.key: _name(detection)} if detection else {}


def table_key(picture: Picture) -> str:
    """The table's key: another one after a choice elsewhere, so that the table shows that choice."""
    return f"{_TABLE}-{picture.key[:12]}-{st.session_state.get(f'{_TABLE}-turn', 0)}"


def selection(number: int | None) -> Any:
    """A table's selection with that row alone."""
    return {"selection": {"rows": [] if number is None else [number], "columns": [], "cells": []}}


def took_row(picture: Picture, found: Sequence[Detection], key: str) -> None:
    """The table's selection has changed."""
    if key != table_key(picture):  # a table that is no longer shown lets go of its row
        return
    rows = st.session_state[key].selection.rows
    choose(picture, found[rows[0]] if rows else None)


def close(picture: Picture) -> None:
    """Choose no box."""
    _elsewhere(picture, None)


def listen(picture: Picture, found: Sequence[Detection]) -> None:
    """Take clicks on the boxes of the picture; a second click on the chosen one lets go of it."""

    def took() -> None:
        number = st.session_state["detect-clicks"].box
        if number is not None and number < len(found):
            again = number == chosen(picture, found)
            _elsewhere(picture, None if again else found[number])

    _listener()(key="detect-clicks", on_box_change=took)


def _elsewhere(picture: Picture, detection: Detection | None) -> None:
    """A choice that was not made in the table."""
    choose(picture, detection)
    st.session_state[f"{_TABLE}-turn"] = st.session_state.get(f"{_TABLE}-turn", 0) + 1


def _name(detection: Detection) -> tuple[int, tuple[float, ...]]:
    """What a box keeps while sliders move: its class and about where it is."""
    return detection.index, tuple(round(value) for value in detection.box)


@st.cache_resource(show_spinner=False)
def _listener() -> Any:
    script = (Path(__file__).parent / "boxes.js").read_text()
    return st.components.v2.component("box_listener", js=script)
