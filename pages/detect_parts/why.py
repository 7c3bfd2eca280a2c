"""Why this box? What in the picture speaks for it, and which channels feed it."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.detect_parts import choice
from pages.server import results
from pages.server.cache import RESULTS
from pages.session import selected_network
from pages.widgets import downloads
from pages.widgets.progress import advance
from squeeze_core.detector import why
from squeeze_core.detector.detections import Detection
from squeeze_core.detector.pretrained import PretrainedDetector
from squeeze_core.detector.why import METHODS, Explanation, Feeders
from squeeze_core.figures import detections as figures
from squeeze_core.figures import why_box
from squeeze_core.figures.explanations import curve_rows, deletion_insertion
from squeeze_core.images import Picture
from squeeze_core.inside.explain import Progress, Score

_METHOD = "detect-why-method"


def controls(picture: Picture, detection: Detection) -> tuple[str, float, DeltaGenerator]:
    """The method, the opacity of its map, and the place for a progress bar."""
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
    return str(method), opacity / 100, st.empty()


def explanation(picture: Picture, detection: Detection, method: str, place: DeltaGenerator) -> Explanation:
    """The map; while it is made `place` says how far it is, and stops it."""
    detector = selected_network.detector()
    known = "explain-box", picture.key, detection, method, _key(detector)
    if method == "gradients" or known in RESULTS:
        return RESULTS.get(
            known, lambda: why.explain(picture, detection, results.engine(), method, detector=detector)
        )
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, text=f"{METHODS[method].title}: {why.MASKS} pictures")
        st.button("Stop", key="detect-why-stop", icon=":material/stop_circle:", on_click=_stop)
    found = RESULTS.get(
        known,
        lambda: why.explain(picture, detection, results.engine(), method, _advance(bar, method), detector),
    )
    place.empty()
    return found


def _stop() -> None:
    st.session_state[_METHOD] = "gradients"


def _advance(bar: DeltaGenerator, method: str) -> Progress:
    def draw(share: float) -> None:
        results.engine().queue.rest()
        done = round(share * why.MASKS)
        bar.progress(share, text=f"{METHODS[method].title}: {done} of {why.MASKS} pictures")

    return draw


def section(picture: Picture, detection: Detection, found: Explanation) -> None:
    """Everything about the map and the channels behind the box, under the picture."""
    feeds = RESULTS.get(
        ("feeders", picture.key, detection, _key(selected_network.detector())),
        lambda: why.feeders(picture, detection, results.engine(), detector=selected_network.detector()),
    )
    cards = [column.container(border=True, height="stretch") for column in st.columns(3, gap="medium")]
    with cards[0]:
        _about(picture, found)
    with cards[1]:
        _feeders(feeds)
    with cards[2]:
        _channels(picture, feeds)


def _about(picture: Picture, found: Explanation) -> None:
    method = METHODS[found.method]
    with st.container(horizontal=True):
        st.metric(
            "Of the map inside the box",
            f"{found.inside:.0%}",
            width="content",
            help=f"The box covers {found.area:.0%} of the picture: a map that knows nothing would have "
            "that much in it.",
        )
        st.metric("Computed in", f"{found.milliseconds / 1000:.1f} s", width="content")
    st.markdown(f"{method.meaning} *{method.limits}*")
    st.caption(method.source)
    if st.toggle("Delete and insert pixels, the most important first", key="detect-why-score"):
        _scores(picture, found)


def _scores(picture: Picture, found: Explanation) -> None:
    """Does the map know more than that photographers aim?"""
    rows = []
    for one, name in ((found, METHODS[found.method].title), (why.centred(found), "A map that only aims")):
        bar = st.empty()
        rows.append((name, _score(picture, one, bar)))
        bar.empty()
    cells = st.columns(2)
    for cell, (name, score) in zip(cells, rows, strict=True):
        cell.metric(f"{name}: deletion, lower is better", f"{score.deletion:.3f}")
        cell.metric(f"{name}: insertion, higher is better", f"{score.insertion:.3f}")
    figure = deletion_insertion(rows)
    figure.update_yaxes(title_text="left of the box")
    downloads.chart(
        figure,
        table=curve_rows(rows),
        name="box-deletion-insertion",
        alt="; ".join(
            f"{name}: deletion {s.deletion:.3f}, insertion {s.insertion:.3f}" for name, s in rows
        ),
    )
    st.caption(
        "What is left of the box (its IoU with the best box of its class, times that one's own score) as "
        "pixels turn grey (deletion) or return to a blurred picture (insertion). The second map is a "
        "Gaussian in the middle of the picture."
    )


def _score(picture: Picture, of: Explanation, bar: DeltaGenerator) -> Score:
    key = "score-box", picture.key, of.detection, of.method, _key(selected_network.detector())
    return RESULTS.get(
        key, lambda: why.score(of, picture, results.engine(), advance(bar), selected_network.detector())
    )


def _feeders(feeds: Feeders) -> None:
    st.markdown("**Which Fire modules feed it?**")
    downloads.chart(
        why_box.modules(feeds),
        table=why_box.module_rows(feeds),
        name="box-modules",
        alt=why_box.modules_in_words(feeds),
    )
    st.caption(
        "Activation × gradient of both expands, summed over their channels, in logits of class and place "
        "(Molchanov et al., arXiv:1611.06440). fire2 to fire9 are the backbone; stride… lead down and "
        "merge… back up the neck; the towers are the head."
    )


def _channels(picture: Picture, feeds: Feeders) -> None:
    """The strongest channels, each a way to its place among the Fire modules, and the box without them."""
    st.markdown("**Which channels?**")
    _links(feeds)
    count = st.select_slider("Switch off the strongest", why.COUNTS, why.STRONGEST, key="detect-why-count")
    off = [unit for unit, _ in feeds.strongest(count)]
    after = RESULTS.get(
        ("without", picture.key, frozenset(off), _key(selected_network.detector())),
        lambda: why.without(picture, off, results.engine(), detector=selected_network.detector()),
    )
    detection = feeds.detection
    left = why.still_there(detection, after)
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


def _links(feeds: Feeders) -> None:
    strongest = feeds.strongest()
    alike = why.alike(
        [unit for unit, _ in strongest], results.engine(), detector=selected_network.detector()
    )
    rows = [
        {"channel": str(unit), "feeds": value, "alike": cosine}
        for (unit, value), cosine in zip(strongest, alike, strict=True)
    ]
    with st.container(horizontal=True, gap="xsmall"):
        for row in rows:
            st.page_link(
                "pages/fire_modules.py",
                label=f"{row['channel']} {row['feeds']:+.2f}",
                query_params={"channel": str(row["channel"])},
                help=f"Filter {row['alike']:.0%} alike the classifier's, which the page shows",
            )
    st.caption(
        f"The backbone's {why.STRONGEST} strongest, in logits. Each link opens the classifier's channel of "
        "that name: training for boxes started from it, and its filters have moved since, by how much "
        "is in the table (cosine)."
    )
    with st.expander("Table", icon=":material/table:"):
        st.dataframe(rows, hide_index=True, key="detect-channel-table", alt="The strongest channels")
        downloads.buttons("box-channels", table=rows)


def _key(detector: PretrainedDetector | None) -> str:
    return detector.key if detector else ""
