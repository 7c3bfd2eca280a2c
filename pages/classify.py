"""The page Classify: each network's answer, parameters and time; a table for several pictures."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages.server import results
from pages.session import address, selected_network, tray
from pages.widgets import downloads, in_python, live, times
from pages.widgets.choices import one_of
from pages.widgets.words import announce, plain
from squeeze_core.cost.comparison import headline
from squeeze_core.images import Picture

_LIVE = "classify-live"

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from squeeze_core.classifier import Classification
    from squeeze_core.cost.timing import Timings
    from squeeze_core.figures.charts import Bars
    from squeeze_core.networks.catalogue import Network


def why_small() -> str:
    """SqueezeNet and why small matters, for people who have never heard of it."""
    alexnet, ours, small = headline()
    assert small.measured is not None and small.difference is not None
    return (
        "**SqueezeNet** is as accurate as AlexNet "
        "([Iandola et al., 2016](https://arxiv.org/abs/1602.07360)) with "
        f"{alexnet.parameters / ours.parameters:.0f} times fewer parameters: {ours.megabytes:.2f} MB "
        f"instead of {alexnet.megabytes:.0f} MB, or {small.megabytes:.2f} MB compressed, "
        f"which changes top-1 accuracy by {small.difference.points()} on {small.measured.pictures:,} "
        "pictures. A network this small can be sent over a slow connection, fits a phone or a camera's "
        "chip, and answers there, without a data centre."
    )


def answer_card(
    picture: Picture, network: Network, top: int
) -> tuple[Classification, DeltaGenerator] | None:
    """One network's answer, and the place for its time; the words first, which need no chart library."""
    with st.container(border=True, height="stretch", key=f"card-{network.name}"):
        heading = st.empty()
        with st.skeleton(height=240):
            problem = results.weights_problem(network)
            answer = None if problem else results.classification(picture, network)
        dot = f'<span class="dot" style="background:{network.colour}"></span>'
        heading.html(f'<p class="network">{dot}{html.escape(network.title)}</p>')
        if answer is None:
            st.info(problem, icon=":material/cloud_off:")
            return None
        st.header(answer.words, anchor=False)
        if not answer.sure and not answer.none_of_these:
            st.caption(plain(network.doubt))
        downloads.plot(_bars(answer, top), name=f"classify-{network.name}")
        with st.container(horizontal=True, gap="large", key=f"price-{network.name}"):
            st.metric("Parameters", f"{_parameters(network) / 1e6:.2f} M", width="content")
            return answer, times.reserve(network.name)


def _offer(name: str) -> str:
    network = selected_network.named(name)
    return network.title if network.present() else f"{network.title} (download)"


def _parameters(network: Network) -> int:
    from squeeze_core.cost import comparison  # what it imports takes a while

    return comparison.row(network).parameters


def _bars(answer: Classification, top: int) -> Bars:
    from squeeze_core.figures import classification

    return classification.probability_bars(answer.top(top), answer.network.colour)


def answer_table(answers: Sequence[Classification], timings: Timings | None, top: int) -> None:
    """The numbers behind the bars; without times where none were measured."""
    timed = {timing.model: vars(timing) for timing in timings.networks} if timings else {}
    rows = [
        {
            "network": answer.network.title,
            "rank": rank,
            "class": prediction.label,
            "probability": prediction.probability,
            "parameters": _parameters(answer.network),
            **({"network ms": round(timed[answer.model]["network"], 2)} if timed else {}),
        }
        for answer in answers
        for rank, prediction in enumerate(answer.top(top), 1)
    ]
    st.dataframe(rows, hide_index=True, key="answer-table", alt="The same answers as numbers")
    found = [
        {"model": answer.model} | answer.untimed_row(top) | timed.get(answer.model, {})
        for answer in answers
    ]
    json = {"device": results.engine().device, "results": found}
    downloads.buttons("classify", table=rows, json=json)
    for answer in answers:
        st.caption(f"Chart of {plain(answer.network.title)}")
        downloads.buttons(f"classify-{answer.model}", figure=_bars(answer, top))


@st.fragment
def live_answers(top: int) -> None:
    """The selected network's answers for the camera's stream."""
    results.import_for("classify")

    def answer(frame: Picture) -> live.Answer:
        from squeeze_core.classifier import classify
        from squeeze_core.cost.units import percent

        found = next(classify([frame], results.engine(), selected_network.current()))
        rows = (f"{one.label} · {percent(one.probability)}" for one in found.top(top))
        return live.Answer([found.words, *rows])

    live.draw("classify", answer)


@st.fragment
def page() -> None:
    """The whole page as a fragment, so that a choice on it redraws only this."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="row-title"
    ):
        st.title("What is it?", anchor=False, width="content")
        top = one_of("Classes shown", {3: "Top 3", 5: "5", 10: "10"}, "classify-top", default=5)

    with st.container(key="intro"):
        st.markdown(why_small())
    if st.session_state.get(_LIVE):
        st.toggle("Live camera", key=_LIVE)
        live_answers(top)
        return

    picture = tray.current()
    beside, answers_side = st.columns([5, 8], gap="medium")
    with beside, st.container(key="picture"):
        caption = f"{plain(picture.name)} · {picture.width} × {picture.height} pixels"
        st.image(tray.for_screen(picture), caption=caption, width="stretch", alt=tray.describe(picture))
    with answers_side:
        results.import_for("classify")
        from pages.classify_parts import all_pictures
        from squeeze_core.networks.catalogue import CATALOGUE

        with st.container(key="cards"):
            cards = st.grid(2, min_column_width=260, gap="medium")
        ours = selected_network.current()
        others = st.multiselect(
            "Compare with",
            [*CATALOGUE, *(network.name for network in selected_network.own())],
            default=[name for name in results.SHOWN_AT_FIRST[1:] if CATALOGUE[name].present()],
            format_func=_offer,
            key="classify-networks",
            **address.BOUND,
            max_selections=5,
            select_all=False,
            placeholder="Choose a network",
        )
    with cards:
        # Networks whose weights are here answer before one that must be downloaded.
        chosen = dict.fromkeys([ours, *map(selected_network.named, others)])
        ordered = sorted(chosen, key=lambda network: not network.present())
        answered = [card for network in ordered if (card := answer_card(picture, network, top))]

    answers = [answer for answer, _ in answered]
    if answers:
        announce("; ".join(f"{answer.network.title}: {answer.words}" for answer in answers))
    meaning = st.empty()
    st.toggle("Live camera", key=_LIVE)
    if answers:
        behind = st.expander("Table and downloads", icon=":material/table:")
    if answers and len(tray.pictures()) + len(tray.state().refusals) > 1:
        st.header("All pictures", anchor=False)
        all_pictures.draw([answer.network for answer in answers], top)
    if results.engine().notice:
        st.warning(results.engine().notice, icon=":material/memory:")
    if answers:
        # Measured last, when nothing else of this page is at work.
        timings = results.timings(picture, tuple(answer.network for answer in answers))
        times.show({answer.model: place for answer, place in answered}, timings)
        meaning.caption(times.meaning(timings))
        with behind:
            answer_table(answers, timings, top)
    in_python.draw("classify", top=top)


page()
