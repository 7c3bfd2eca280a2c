"""The page Why?: two explanations of a class side by side, with a score to compare them."""

from __future__ import annotations

import streamlit as st

from pages.server import inside_results
from pages.session import address, selected_network, tray
from pages.widgets import downloads, in_python
from pages.widgets import explanation as widget
from pages.widgets.choices import one_of
from pages.widgets.progress import advance
from pages.widgets.words import announce, plain
from squeeze_core.classifier import in_words
from squeeze_core.cost.units import percent
from squeeze_core.figures import explanations as figures
from squeeze_core.images import Picture
from squeeze_core.inside.explain import METHODS, Explanation
from squeeze_core.inside.trace import FireTrace

FIRST_METHODS = {"left": "cam", "right": "integrated_gradients"}


def page() -> None:
    picture = tray.current()
    with st.spinner("Looking inside…", show_time=True):
        trace = inside_results.trace(picture, selected_network.current())
    best = float(trace.probabilities[trace.best])
    label = trace.labels[trace.best]
    st.title(
        f"Why “{label}”?" if trace.sure else f"Why? {in_words(f'“{label}”', trace.sure)}", anchor=False
    )
    doubt = "" if trace.sure else f" {trace.network.doubt}"
    st.caption(plain(f"{trace.network.title} gives it {percent(best)}.{doubt}"))
    announce(f"{in_words(label, trace.sure)}, {percent(best)}")
    compare(picture)


@st.fragment
def compare(picture: Picture) -> None:
    """Two explanations side by side: two methods, or two classes."""
    # Not an argument: a session would hold it as long as it holds the page.
    trace = inside_results.trace(picture, selected_network.current())
    chosen = []
    beside, *columns = st.columns([2, 5, 5], gap="medium")
    with beside, st.container(key="picture-why-plain"):
        st.image(
            tray.for_screen(picture), caption="Without a map", width="stretch", alt=tray.describe(picture)
        )
        st.html(figures.SCALE)
        opacity = st.slider(
            "Opacity of the maps", 0, 100, 60, 5, format="%d %%", key="why-opacity", **address.BOUND
        )
    for side, column in zip(FIRST_METHODS, columns, strict=True):
        with column, st.container(border=True):
            chosen.append(explanation(side, picture, trace, opacity / 100))
    with st.container(border=True):
        scores(picture, trace, chosen)
    in_python.draw("why", method=chosen[0].method.name, index=chosen[0].index)
    computed = ", ".join(f"{one.method.title} in {one.milliseconds:.0f} ms" for one in chosen)
    st.caption(
        f"{plain(trace.network.title)} on {plain(trace.file)}, on the server's {trace.device.upper()}: "
        f"{computed}."
    )


def explanation(side: str, picture: Picture, trace: FireTrace, opacity: float) -> Explanation:
    """The choices of one side and the map that follows from them."""
    titles = {name: method.title for name, method in METHODS.items()}
    method = one_of("Method", titles, f"why-method-{side}", FIRST_METHODS[side], show=True)
    index = choose_class(side, picture, trace)
    with st.spinner(f"{METHODS[method].title}…", show_time=True):
        bar = st.empty()
        found = inside_results.explanation(picture, trace.network, method, index, advance(bar))
        bar.empty()
    alt = f"{found.method.title} for {found.label} over {tray.describe(picture)}: {figures.in_words(found)}"
    with st.container(key=f"picture-why-{side}"):
        st.image(widget.over(picture, found, opacity, widget.HALF), width="stretch", alt=alt)
    st.markdown(
        f"**{found.label}** {percent(found.probability)} · logit {trace.logits[index]:.2f}",
        help="Logit: the network's score of a class. Softmax turns the scores of all classes into "
        "probabilities.",
    )
    widget.about(found.method)
    widget.map_downloads(f"why-{side}-{method}", picture, found, opacity, widget.HALF)
    return found


def choose_class(side: str, picture: Picture, trace: FireTrace) -> int:
    """The class to explain: all of the network's are offered, the most probable first."""
    order = (-trace.logits).argsort(kind="stable").tolist()
    probabilities, labels = trace.probabilities, trace.labels
    key = f"why-class-{side}-{picture.key[:12]}-{trace.network.key[-12:]}"
    address.restore(f"class-{side}", key, order)
    words = [f"{label} · {percent(float(p))}" for label, p in zip(labels, probabilities, strict=True)]
    index = st.selectbox("Class", order, format_func=words.__getitem__, key=key)
    address.put(f"class-{side}", str(index), str(order[0]))
    return index


def scores(picture: Picture, trace: FireTrace, chosen: list[Explanation]) -> None:
    """Deletion and insertion of both maps, if asked for."""
    st.markdown("**Which map finds the pixels that matter?**")
    if not st.toggle(
        "Delete and insert pixels, the most important first", key="why-score", **address.BOUND
    ):
        return
    same = len({one.index for one in chosen}) == 1
    bar, found = st.empty(), []
    for place, one in enumerate(chosen):
        title = one.method.title if same else f"{one.method.title}, {one.label}"
        progress = advance(bar, place / len(chosen), 1 / len(chosen))
        of = (picture, trace.network, one.method.name, one.index)
        found.append((title, inside_results.score(*of, progress)))
    bar.empty()
    for cell, (title, score) in zip(st.columns(len(found)), found, strict=True):
        cell.metric(f"{title}: deletion, lower is better", f"{score.deletion:.3f}")
        cell.metric(f"{title}: insertion, higher is better", f"{score.insertion:.3f}")
    downloads.chart(
        figures.deletion_insertion(found),
        table=figures.curve_rows(found),
        name="deletion-insertion",
        alt="; ".join(f"{t}: deletion {s.deletion:.3f}, insertion {s.insertion:.3f}" for t, s in found),
    )
    st.caption(
        "Area under the class's probability as pixels turn grey (deletion) or return to a blurred picture "
        "(insertion): Petsiuk et al., RISE, arXiv:1806.07421."
    )


page()
