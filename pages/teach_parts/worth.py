"""Quality of the taught network: accuracy, confusion matrix, pictures to look at, learning curve."""

from __future__ import annotations

import streamlit as st

from pages.server import results
from pages.session import tray
from pages.teach_parts.lesson import Lesson
from pages.widgets import downloads
from pages.widgets.choices import tabs
from pages.widgets.progress import advance, on_demand
from pages.widgets.words import announce, plain
from squeeze_core.classifier import softmax
from squeeze_core.figures import teaching as figures
from squeeze_core.figures.classification import percent
from squeeze_core.networks.known import cosines
from squeeze_core.teaching import examples, head
from squeeze_core.teaching.taught import Taught

_SHOWN = 8
_LOOK = "teach-look"


def draw(lesson: Lesson, made: Taught) -> None:
    left, right = st.columns([7, 5], gap="medium")
    with left, st.container(border=True):
        _figures(made)
        for warning in made.warnings():
            st.warning(plain(warning), icon=":material/warning:")
        if made.confusion is not None:
            tabs(
                "teach-tab",
                {"Confusion": lambda: _confusion(made), "More pictures?": lambda: _curve(lesson, made)},
            )
    with right, st.container(border=True):
        _try(made)
        _deeper(lesson, made)
    with st.container(border=True):
        _pictures(lesson, made)


def _figures(made: Taught) -> None:
    accuracy, count = made.accuracy, len(made.examples)
    heading = f"{count} pictures taught"
    words = "A class of one picture leaves none to judge by; add a second one to each."
    if accuracy:
        heading = f"{percent(accuracy.value / 100)} of the answers are right"
        words = (
            f"Top-1 {accuracy} of {count} pictures, 95 % interval; {made.how}. Measured on your own "
            "pictures: others may differ more."
        )
    st.subheader(heading, anchor=False)
    st.caption(plain(words))
    announce(heading)


def _confusion(made: Taught) -> None:
    def chosen() -> None:
        if points := st.session_state["teach-confusion"].selection.points:
            st.session_state[_LOOK] = tuple(points[0]["customdata"])

    alt = figures.in_words(made)
    st.plotly_chart(
        downloads.fresh(figures.confusion(made)),
        key="teach-confusion",
        on_select=chosen,
        selection_mode="points",
        config={"displayModeBar": False},
        alt=alt,
    )
    st.caption("Click a cell to see its pictures below.")
    with st.expander("Table and downloads", icon=":material/table:"):
        rows = figures.confusion_rows(made)
        st.dataframe(rows, hide_index=True, key="teach-confusion-table", alt=alt)
        downloads.buttons("confusion", table=rows)


def _curve(lesson: Lesson, made: Taught) -> None:
    if lesson.curve is None:
        bar = st.progress(0.0, text="Teaching with fewer pictures")
        lesson.curve = head.learning_curve(made.features, made.truth, made.strength, progress=advance(bar))
        bar.empty()
    if len(lesson.curve) < 2:
        st.caption("Each class needs three pictures for this.")
        return
    rows = [{"pictures a class": size, "top-1 (%)": round(top1, 1)} for size, top1 in lesson.curve.items()]
    alt = ", ".join(f"{size} pictures: {top1:.0f} %" for size, top1 in lesson.curve.items())
    downloads.chart(figures.curve(lesson.curve), table=rows, name="learning-curve", alt=alt)
    st.caption(
        "Mean of five draws, judged by the pictures not drawn. A curve that still rises says: add pictures."
    )


def _try(made: Taught) -> None:
    """The answer for the picture in the tray, and the picture taught that is most like it."""
    st.subheader("Try it", anchor=False)
    picture = tray.current()
    given = examples.example(picture, results.engine())
    maps = next(examples.maps(results.engine(), [given.image()], made.trunk))
    feature = maps.mean((1, 2))[None]
    answer = softmax(made.head(feature))[0]
    likeness = cosines(feature, made.features)[0]
    best, nearest = int(answer.argmax()), int(likeness.argmax())
    left, right = st.columns(2)
    left.image(given.jpeg, caption=plain(picture.name), alt=tray.describe(picture))
    right.image(
        made.examples[nearest].jpeg,
        caption=plain(f"Most like it: {made.examples[nearest].name}, {made.classes[made.truth[nearest]]}"),
        alt=f"The picture taught that is most like it, of {made.classes[made.truth[nearest]]}",
    )
    words = f"{made.classes[best]}, {percent(float(answer[best]))}"
    if made.known and made.known.unlike(maps[None])[0]:
        st.info(plain(f"None of these classes (nearest: {words})"), icon=":material/block:")
    else:
        st.success(plain(words), icon=":material/check:")
    st.caption("The picture in the tray above; add others there.")


def _deeper(lesson: Lesson, made: Taught) -> None:
    def work(bar: object) -> None:
        from squeeze_core.teaching.deeper import deeper

        found = deeper(made, results.engine(), advance(bar, text="Training fire8, fire9 and conv10"))  # type: ignore[arg-type]
        lesson.made, lesson.tried = found.taught, found.words
        lesson.record = lesson.sqz = None

    on_demand("teach-deeper", "Train deeper (a minute or two)", ":material/fitness_center:", work)
    st.caption(
        (lesson.tried and plain(lesson.tried))
        or "Also trains fire8 and fire9, for classes unlike ImageNet's; kept only if cross-validation is "
        "better."
    )


def _pictures(lesson: Lesson, made: Taught) -> None:
    """The pictures of a cell of the confusion matrix, or those it is least sure of; each can be moved."""
    groups = made.groups()
    # Set in each run: Streamlit forgets a choice whose words change, and the counts are among them.
    looked = st.session_state.get(_LOOK)
    st.session_state[_LOOK] = looked if looked in groups else next(iter(groups))
    chosen = st.selectbox(
        "Pictures", list(groups), format_func=lambda one: groups[one][0], key=_LOOK, width=420
    )
    places = groups[chosen][1]
    with st.grid(min_column_width=130, gap="small", key="teach-pictures"):
        for place in places[:_SHOWN]:
            with st.container(border=True):
                _picture(lesson, made, place)
    if len(places) > _SHOWN:
        st.caption(f"The first {_SHOWN} of {len(places)}.")


def _picture(lesson: Lesson, made: Taught, place: int) -> None:
    one, name, near = made.examples[place], made.classes[made.truth[place]], made.nearest(place)
    st.image(one.jpeg, alt=f"{one.name}, of {name}")
    words = f"{one.name} · {name}"
    if made.unseen is not None:
        best = int(made.unseen[place].argmax())
        words += f" → {made.classes[best]} {percent(float(made.unseen[place, best]))}"
    words += f"; most like {made.examples[near].name}, {made.classes[made.truth[near]]}"
    st.caption(plain(words))
    key = f"teach-move-{one.key[:16]}-{name}"
    others = [pile for pile in lesson.piles if pile.name != name]

    def move() -> None:
        to = st.session_state[key]
        lesson.move(one.key, next((pile for pile in others if pile.name == to), None))

    options = [*(pile.name for pile in others), "Take it out"]
    st.selectbox(
        "Move to",
        options,
        index=None,
        placeholder="Move to …",
        key=key,
        on_change=move,
        label_visibility="collapsed",
    )
