"""The explanation of the chosen box: its map over the picture, and the channels that contribute to it."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.detect_parts import choice
from pages.server import results
from pages.server.cache import cached
from pages.session import selected_network
from pages.widgets import explanation
from pages.widgets.progress import advance
from squeeze_core.cost.units import percent
from squeeze_core.detector import attribution
from squeeze_core.detector.attribution import METHODS, BoxExplanation
from squeeze_core.detector.detections import Candidates, Detection
from squeeze_core.detector.pretrained import PretrainedDetector
from squeeze_core.figures import detections as figures
from squeeze_core.images import Picture
from squeeze_core.inside.ablation import Contributions, Units
from squeeze_core.progress import Progress

_METHOD = "detect-why-method"
STRONGEST = 10  # channels named, and switched off together at first
COUNTS = (1, 5, STRONGEST, 20, 40, 80)


def controls(picture: Picture, detection: Detection) -> tuple[str, float]:
    """The method, and the opacity of its map, 0–1."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(f"Why “{figures.caption(detection)}”?", anchor=False, width="content")
        st.button(
            "Close",
            key="detect-why-close",
            icon=":material/close:",
            on_click=choice.choose,
            args=(picture, None),
        )
    st.session_state.setdefault(_METHOD, "gradients")  # no default, because Stop sets it
    left, right = st.columns(2, vertical_alignment="bottom")
    method = left.segmented_control(
        "Method",
        list(METHODS),
        format_func=lambda name: METHODS[name].title,
        required=True,
        key=_METHOD,
    )
    opacity = right.slider("Opacity of the map", 0, 100, 60, 5, format="%d %%", key="detect-why-opacity")
    return str(method), opacity / 100


def explained(picture: Picture, detection: Detection, method: str, place: DeltaGenerator) -> BoxExplanation:
    """The map; meanwhile `place` shows its progress, of a slow method with a button that stops it."""
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.empty()
        if METHODS[method].slow:
            st.button("Stop", key="detect-why-stop", icon=":material/stop_circle:", on_click=_stop)
    progress = advance(bar, text=METHODS[method].title)
    found = _explanation(picture, detection, selected_network.detector(), method, progress)
    place.empty()
    return found


def _stop() -> None:
    st.session_state[_METHOD] = "gradients"


def section(picture: Picture, found: BoxExplanation) -> None:
    """The map in numbers, and the channels behind the box."""
    contributions = _contributions(picture, found.detection, selected_network.detector())
    cards = [column.container(border=True, height="stretch") for column in st.columns(2, gap="medium")]
    with cards[0]:
        with st.container(horizontal=True):
            st.metric(
                "Of the map inside the box",
                percent(found.inside, 0),
                width="content",
                help=f"The box covers {percent(found.area, 0)} of the picture: a uniform map has "
                "that share in it.",
            )
            st.metric("Computed in", f"{found.milliseconds / 1000:.1f} s", width="content")
        explanation.about(found.method)
    with cards[1]:
        _channels(picture, found.detection, contributions)


def _channels(picture: Picture, detection: Detection, contributions: Contributions) -> None:
    """The strongest channels, each a link to its place in Fire modules, and the box without them."""
    st.markdown("**Contributions of the channels**")
    with st.container(horizontal=True, gap="xsmall"):
        for unit, value in contributions.strongest(STRONGEST):
            st.page_link(
                "pages/fire_modules.py",
                label=f"{unit} {value:+.2f}",
                query_params={"channel": str(unit), "fire-tab": "One channel"},
            )
    st.caption(
        f"Activation × gradient (Molchanov et al., arXiv:1611.06440) in logits of class and place: the "
        f"backbone's {STRONGEST} strongest. Each link opens the classifier's channel of "
        "that name, from which the detector's was trained further."
    )
    count = st.select_slider("Switch off the strongest", COUNTS, STRONGEST, key="detect-why-count")
    disabled = frozenset(unit for unit, _ in contributions.strongest(count))
    after = _ablated(picture, disabled, selected_network.detector())
    left = attribution.remaining_score(detection, after)
    change = f"{100 * (left - detection.score):+.0f} points"
    st.metric(f"{detection.name}, here, without these {count}", percent(left, 0), change)
    shown = after.detections()
    alt = f"Without those channels: {figures.describe(shown)}"
    st.image(figures.annotated(picture, shown), alt=alt, width=400)


@cached()
def _explanation(
    picture: Picture,
    detection: Detection,
    detector: PretrainedDetector,
    method: str,
    _progress: Progress,
) -> BoxExplanation:
    return attribution.explain(picture, detection, results.engine(), detector, method, _progress)


@cached()
def _contributions(picture: Picture, detection: Detection, detector: PretrainedDetector) -> Contributions:
    return attribution.contributions(picture, detection, results.engine(), detector)


@cached()
def _ablated(picture: Picture, disabled: Units, detector: PretrainedDetector) -> Candidates:
    return attribution.ablate(picture, disabled, results.engine(), detector)
