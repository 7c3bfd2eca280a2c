"""The camera as a stream: each frame's answer drawn over the video, one frame on its way at a time."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from pages.widgets.component import component
from squeeze_core import images
from squeeze_core.errors import UserError
from squeeze_core.images import Picture

_HTML = (
    '<div class="live"><div class="screen"><video playsinline muted aria-label="The camera"></video>'
    '<div class="boxes"></div></div><ul class="lines" aria-live="off"></ul>'
    '<p class="said" role="status"></p><button type="button"></button></div>'
)


class Box(NamedTuple):
    """`sides`: left, top, right and bottom, as shares 0–1 of the frame."""

    label: str
    sides: tuple[float, float, float, float]


class Answer(NamedTuple):
    """Answer for one frame: boxes over it, lines of text below it."""

    lines: Sequence[str] = ()
    boxes: Sequence[Box] = ()


def draw(
    name: str, answer: Callable[[Picture], Answer], button: str = "Start camera", burst: bool = False
) -> None:
    """The camera, which a button starts. To be called in a fragment, which runs again for every frame.

    `answer`: for a frame of at most 320 pixels a side; it is called at once, and nothing is kept. `burst`:
    ten frames, three a second, instead of a stream.
    """
    key, kept = f"live-{name}", f"live-{name}-answer"

    def took() -> None:
        frame = st.session_state[key].frame
        if not frame:
            return
        try:
            found = answer(images.decode(base64.b64decode(frame["jpeg"]), "camera.jpg"))
        except (UserError, ValueError) as error:
            found = Answer((str(error),))
        boxes = [{"label": box.label, "sides": box.sides} for box in found.boxes]
        st.session_state[kept] = {"number": frame["number"], "lines": list(found.lines), "boxes": boxes}

    shown = st.session_state.pop(kept, {"number": -1, "lines": [], "boxes": []})
    component(Path(__file__).with_suffix(".js"), _HTML)(
        data={"button": button, "burst": burst, **shown}, key=key, on_frame_change=took
    )
    if not burst:
        st.caption(
            "Frames go to this server only and are not kept. The camera needs an address of localhost or "
            "https; it stops after a minute, and when this page is hidden."
        )
