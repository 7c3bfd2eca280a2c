"""The parts of an explanation on screen, of a class as of a detector's box."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st
from PIL import Image

from pages.widgets import downloads
from pages.widgets.progress import advance
from squeeze_core.figures import explanations as figures
from squeeze_core.figures.maps import for_screen
from squeeze_core.images import Picture
from squeeze_core.inside.explain import Explanation, Method, Progress, Score

HALF, WIDE = 640, 1280  # pixels of the longest side of a map over its picture, by the room on the page


def over(picture: Picture, found: Explanation, opacity: float, side: int) -> Image.Image:
    """The map over the picture, its longest side at most `side` pixels."""
    return figures.explained(found, for_screen(picture.image, side), opacity)


def about(method: Method) -> None:
    """What the method's map means, where it misleads, and its source."""
    st.markdown(f"{method.meaning} *{method.limits}*")
    st.caption(method.source)


def map_downloads(name: str, picture: Picture, found: Explanation, opacity: float, side: int) -> None:
    """The map over the picture, and its numbers."""
    downloads.buttons(
        name,
        image=lambda: over(picture, found, opacity, side),
        npz=lambda: {"map": found.map, "class_index": found.index},
    )


def scores(
    name: str,
    key: str,
    maps: Sequence[tuple[str, Callable[[Progress], Score]]],
    confidence: str,
    note: str,
    **options: Any,
) -> None:
    """Deletion and insertion of each map, if asked for: the chart, its table and what it says.

    `name`: of the files. `key`, `options`: of the switch. `maps`: each map's name, and how to score it.
    `confidence`: what the network's confidence is called on the axis.
    """
    if not st.toggle("Delete and insert pixels, the most important first", key=key, **options):
        return
    bar = st.empty()
    share = 1 / len(maps)
    found = [
        (title, score(advance(bar, place * share, share))) for place, (title, score) in enumerate(maps)
    ]
    bar.empty()
    for cell, (title, areas) in zip(st.columns(len(found)), found, strict=True):
        cell.metric(f"{title}: deletion, lower is better", f"{areas.deletion:.3f}")
        cell.metric(f"{title}: insertion, higher is better", f"{areas.insertion:.3f}")
    downloads.chart(
        figures.deletion_insertion(found, confidence),
        table=figures.curve_rows(found),
        name=name,
        alt="; ".join(f"{t}: deletion {s.deletion:.3f}, insertion {s.insertion:.3f}" for t, s in found),
    )
    st.caption(note)
