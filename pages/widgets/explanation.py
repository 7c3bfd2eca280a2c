"""The parts of an explanation on screen, of a class as of a detector's box."""

from __future__ import annotations

import streamlit as st
from PIL import Image

from pages.widgets import downloads
from squeeze_core.figures import explanations as figures
from squeeze_core.figures.maps import for_screen
from squeeze_core.images import Picture
from squeeze_core.inside.explain import Explanation, Method

HALF, WIDE = 640, 1280  # longest side in pixels of a map over its picture, in half and in the whole width


def over(picture: Picture, found: Explanation, opacity: float, side: int) -> Image.Image:
    """The map over the picture, its longest side at most `side` pixels."""
    return figures.explained(found, for_screen(picture.image, side), opacity)


def about(method: Method) -> None:
    """The meaning of the method's map, its limits, and its source."""
    st.markdown(f"{method.meaning} *{method.limits}*")
    st.caption(method.source)


def map_downloads(name: str, picture: Picture, found: Explanation, opacity: float, side: int) -> None:
    """Downloads of the map over the picture and of its values."""
    downloads.buttons(
        name,
        image=lambda: over(picture, found, opacity, side),
        npz=lambda: {"map": found.map, "class_index": found.index},
    )
