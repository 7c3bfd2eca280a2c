"""The chosen box: by a click on the picture or by a row of the table."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from pages.widgets.component import component
from squeeze_core.detector.detections import Detection
from squeeze_core.images import Picture

_CHOSEN = "detect-chosen"
_TABLE = "detect-table"
_TURN = "detect-turn"
SAME = 0.7  # IoU from which a box is still the one that was chosen


def chosen(picture: Picture, found: Sequence[Detection]) -> int | None:
    """The number of the chosen box among those shown; None when none is, or when it is no longer shown.

    A setting may move a box a little: it is the box of its class that overlaps it most.
    """
    box: Detection | None = st.session_state.get(_CHOSEN, {}).get(picture.key)
    overlaps = {
        number: one.overlap(box) for number, one in enumerate(found) if box and one.index == box.index
    }
    best = max(overlaps, key=overlaps.__getitem__, default=None)
    return best if best is not None and overlaps[best] >= SAME else None


def choose(picture: Picture, detection: Detection | None) -> None:
    """Choose that box of the picture, or none, and draw the table anew, so that it shows the choice."""
    _remember(picture, detection)
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1


def _remember(picture: Picture, detection: Detection | None) -> None:
    st.session_state[_CHOSEN] = {picture.key: detection} if detection else {}


def table_key(picture: Picture, found: Sequence[Detection]) -> str:
    """The table's key: another one for other boxes, and after `choose`."""
    boxes = zlib.crc32(repr([(one.index, one.box) for one in found]).encode())
    key = f"{_TABLE}-{picture.key[:12]}-{boxes:x}-{st.session_state.get(_TURN, 0)}"
    st.session_state[_TABLE] = key
    return key


def selection(number: int | None) -> Any:
    """A table's selection of that row alone."""
    return {"selection": {"rows": [] if number is None else [number], "columns": [], "cells": []}}


def took_row(picture: Picture, found: Sequence[Detection], key: str) -> None:
    """Choose the row that was selected in the table."""
    if key == st.session_state[_TABLE]:  # a table that is no longer shown clears its selection
        rows = st.session_state[key].selection.rows
        _remember(picture, found[rows[0]] if rows else None)


def listen(picture: Picture, found: Sequence[Detection]) -> None:
    """Choose the box that is clicked on the picture; a second click on it chooses none."""

    def took() -> None:
        number = st.session_state["detect-clicks"].box
        if number is not None and number < len(found):
            choose(picture, None if number == chosen(picture, found) else found[number])

    component(Path(__file__).with_name("boxes.js"))(key="detect-clicks", on_box_change=took)
