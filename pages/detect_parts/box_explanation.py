"""Why this box? Its map over the picture, and the channels that contribute to it."""

from __future__ import annotations

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.detect_parts import choice
from pages.server import results
from pages.server.cache import cached
from pages.session import selected_network
from pages.widgets import downloads, explanation
from pages.widgets.progress import advance
from squeeze_core.detector import attribution
from squeeze_core.detector.attribution import CENTRE, METHODS, BoxExplanation
from squeeze_core.detector.detections import Candidates, Detection
from squeeze_core.detector.pretrained import PretrainedDetector
from squeeze_core.figures import detections as figures
from squeeze_core.figures import explanations
from squeeze_core.images import Picture
from squeeze_core.inside.ablation import Contributions, Units
from squeeze_core.inside.explain import Progress, Score

_METHOD = "detect-why-method"
STRONGEST = 10  # channels named, and switched off together at first
COUNTS = (1, 5, STRONGEST, 20, 40, 80)


def controls(picture: Picture, detection: Detection) -> tuple[str, float]:
    """The method, and the opacity of its map, 0–1."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(f"Why “{figures.caption(detection)}”?", anchor=False, width="content")
        st.button(
            "Close", key="detect-why-close", icon=":material/close:", on_click=choice.close, args=(picture,)
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
    opacity = right.slider("Opacity of the map", 0, 100, 60, 5, format="%d%%", key="detect-why-opacity")
    return str(method), opacity / 100


def explained(picture: Picture, detection: Detection, method: str, place: DeltaGenerator) -> BoxExplanation:
    """The map; while a slow one is made, `place` says how far it is, and stops it."""
    detector = selected_network.detector()
    if not METHODS[method].slow or _explanation.is_known(picture, detection, detector, method):
        return _explanation(picture, detection, detector, method)
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.empty()
        st.button("Stop", key="detect-why-stop", icon=":material/stop_circle:", on_click=_stop)
    progress = advance(bar, text=METHODS[method].title)
    found = _explanation(picture, detection, detector, method, progress)
    place.empty()
    return found


def _stop() -> None:
    st.session_state[_METHOD] = "gradients"


def section(picture: Picture, found: BoxExplanation) -> None:
    """The map in numbers, and the channels behind the box."""
    contributions = _contributions(picture, found.detection, selected_network.detector())
    cards = [column.container(border=True, height="stretch") for column in st.columns(3, gap="medium")]
    with cards[0]:
        _about(picture, found)
    with cards[1]:
        _modules(contributions)
    with cards[2]:
        _channels(picture, found.detection, contributions)


def _about(picture: Picture, found: BoxExplanation) -> None:
    with st.container(horizontal=True):
        st.metric(
            "Of the map inside the box",
            f"{found.inside:.0%}",
            width="content",
            help=f"The box covers {found.area:.0%} of the picture: a map that knows nothing would have "
            "that much in it.",
        )
        st.metric("Computed in", f"{found.milliseconds / 1000:.1f} s", width="content")
    explanation.about(found.method)
    explanation.scores(
        "box-deletion-insertion",
        "detect-why-score",
        [
            (
                method.title,
                partial(_score, picture, found.detection, selected_network.detector(), method.name),
            )
            for method in (found.method, CENTRE)
        ],
        "left of the box",
        "What is left of the box (its IoU with the best box of its class, times that one's own score) as "
        "pixels turn grey (deletion) or return to a blurred picture (insertion). The second map is a "
        "Gaussian in the middle of the picture.",
    )


def _modules(contributions: Contributions) -> None:
    st.markdown("**Contributions of the Fire modules**")
    downloads.chart(
        explanations.module_contributions(contributions),
        table=explanations.module_rows(contributions),
        name="box-modules",
        alt=explanations.modules_in_words(contributions),
    )
    st.caption(
        "Activation × gradient of both expands, summed over their channels, in logits of class and place "
        "(Molchanov et al., arXiv:1611.06440). fire2 to fire9 are the backbone; stride… lead down and "
        "merge… back up the neck; the towers are the head."
    )


def _channels(picture: Picture, detection: Detection, contributions: Contributions) -> None:
    """The strongest channels, each a link to its place in Fire modules, and the box without them."""
    st.markdown("**Contributions of the channels**")
    _links(contributions)
    count = st.select_slider("Switch off the strongest", COUNTS, STRONGEST, key="detect-why-count")
    disabled = frozenset(unit for unit, _ in contributions.strongest(count))
    after = _ablated(picture, disabled, selected_network.detector())
    left = attribution.remaining_score(detection, after)
    st.metric(
        f"{detection.name}, here, without these {count}",
        f"{left:.0%}",
        f"{100 * (left - detection.score):+.0f} points",
    )
    shown = after.detections()
    st.image(
        figures.annotated(picture, shown),
        alt=f"Without those channels: {figures.describe(shown)}",
        width="stretch",
    )


def _links(contributions: Contributions) -> None:
    strongest = contributions.strongest(STRONGEST)
    cosines = attribution.filter_cosines(
        [unit for unit, _ in strongest], results.engine(), selected_network.detector()
    )
    rows = [
        {"channel": str(unit), "contribution": value, "cosine": cosine}
        for (unit, value), cosine in zip(strongest, cosines, strict=True)
    ]
    with st.container(horizontal=True, gap="xsmall"):
        for row in rows:
            st.page_link(
                "pages/fire_modules.py",
                label=f"{row['channel']} {row['contribution']:+.2f}",
                query_params={"channel": str(row["channel"])},
                help=f"Its filter and the classifier's, which the page shows: cosine {row['cosine']:.2f}",
            )
    st.caption(
        f"The backbone's {STRONGEST} strongest, in logits. Each link opens the classifier's channel of "
        "that name: training for boxes started from it and has changed its filters since, by how much "
        "is in the table (cosine of the filters)."
    )
    with st.expander("Table", icon=":material/table:"):
        st.dataframe(rows, hide_index=True, key="detect-channel-table", alt="The strongest channels")
        downloads.buttons("box-channels", table=rows)


@cached
def _explanation(
    picture: Picture,
    detection: Detection,
    detector: PretrainedDetector | None,
    method: str,
    _progress: Progress | None = None,
) -> BoxExplanation:
    return attribution.explain(picture, detection, results.engine(), detector, method, _progress)


@cached
def _score(
    picture: Picture,
    detection: Detection,
    detector: PretrainedDetector | None,
    method: str,
    _progress: Progress,
) -> Score:
    found = _explanation(picture, detection, detector, method)
    return attribution.score(found, picture, results.engine(), detector, _progress)


@cached
def _contributions(
    picture: Picture, detection: Detection, detector: PretrainedDetector | None
) -> Contributions:
    return attribution.contributions(picture, detection, results.engine(), detector)


@cached
def _ablated(picture: Picture, disabled: Units, detector: PretrainedDetector | None) -> Candidates:
    return attribution.ablate(picture, disabled, results.engine(), detector)
