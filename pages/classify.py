"""What is it? The picture beside each network's answer and its price; a table when there are many."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.common import shared, take_away, tray
from pages.common.tray_bar import plain
from squeeze_core.classifier import Classification, Prediction
from squeeze_core.images import Picture
from squeeze_core.networks import weights

if TYPE_CHECKING:
    import plotly.graph_objects as go

SHOWN_AT_FIRST = ("squeezenet1_1", "efficientnet_lite0")


def answer_card(picture: Picture, model: str, top: int) -> Classification | None:
    """One network's answer; the words first, because they need no chart library to be drawn."""
    with st.container(border=True, height="stretch", key=f"card-{model}"):
        heading = st.empty()
        with st.skeleton(height=240):
            problem = shared.weights_problem(model)
            answer = None if problem else shared.classification(picture, model)
        _network_name(heading, model)
        if answer is None:
            st.info(problem, icon=":material/cloud_off:")
            return None
        best = answer.top(1)[0]
        st.subheader(best.label, anchor=False)
        _bars(answer.top(top), model)
        with st.container(horizontal=True, gap="large", key=f"price-{model}"):
            st.metric("Parameters", f"{shared.network(model).parameters / 1e6:.2f} M", width="content")
            st.metric("Time", f"{answer.milliseconds:.0f} ms", width="content")
    return answer


def _network_name(place: Any, model: str) -> None:
    from squeeze_core.figures.style import color_of

    dot = f'<span class="dot" style="background:{color_of(model)}"></span>'
    place.html(f'<p class="network">{dot}{html.escape(weights.title(model))}</p>')


def _bars(predictions: tuple[Prediction, ...], model: str) -> None:
    from squeeze_core.figures import classification

    alt = classification.describe(predictions)
    take_away.plot(_figure(predictions, model), name=f"classify-{model}", alt=alt)


def _figure(predictions: tuple[Prediction, ...], model: str) -> go.Figure:
    from squeeze_core.figures import classification
    from squeeze_core.figures.style import color_of

    return classification.probability_bars(predictions, color_of(model))


def answer_table(answers: list[Classification], top: int) -> None:
    """The numbers behind the bars."""
    rows = [
        {
            "network": weights.title(answer.model),
            "rank": rank,
            "class": prediction.label,
            "probability": prediction.probability,
            "parameters": shared.network(answer.model).parameters,
            "milliseconds": round(answer.milliseconds, 2),
        }
        for answer in answers
        for rank, prediction in enumerate(answer.top(top), 1)
    ]
    with st.expander("Table", icon=":material/table:"):
        st.dataframe(rows, hide_index=True, key="answer-table", alt="The same answers as numbers")
        results = [{"model": answer.model} | answer.row(top) for answer in answers]
        take_away.downloads("classify", table=rows, json={"results": results})
        for answer in answers:
            st.caption(f"Chart of {plain(weights.title(answer.model))}")
            take_away.downloads(f"classify-{answer.model}", figure=_figure(answer.top(top), answer.model))


def all_pictures(model: str, top: int) -> None:
    """Every picture of the tray, one a row, as the command line's `classify` would answer."""
    entries, rows, shown = tray.entries(), [], []
    progress = st.progress(0.0, text="Classifying")
    for place, entry in enumerate(entries, 1):
        answer = shared.classification(entry.picture, model)
        progress.progress(place / len(entries), text=f"{place} of {len(entries)}")
        rows.append(answer.row(top))
        best = answer.top(1)[0]
        shown.append(
            {
                "picture": entry.thumbnail,
                "file": entry.picture.name,
                "answer": best.label,
                "probability": 100 * best.probability,
                "milliseconds": answer.milliseconds,
            }
        )
    progress.empty()
    for refusal in tray.refusals():
        rows.append({"file": refusal.name, "error": refusal.sentence})
        shown.append({"file": refusal.name, "answer": refusal.sentence})
    st.dataframe(
        shown,
        hide_index=True,
        row_height=56,
        placeholder="–",
        key="all-table",
        alt=f"The best answer for each of {len(shown)} files",
        column_config={
            "picture": st.column_config.ImageColumn("Picture", width="small"),
            "file": st.column_config.TextColumn("File"),
            "answer": st.column_config.TextColumn("Answer", width="large"),
            "probability": st.column_config.ProgressColumn(
                "Probability", format="%.1f%%", min_value=0, max_value=100, color="primary"
            ),
            "milliseconds": st.column_config.NumberColumn("Time", format="%.0f ms"),
        },
    )
    document = {"model": model, "device": shared.engine().device.type, "results": rows}
    take_away.downloads(f"classify-{model}-all", table=_flat(rows), json=document)


def _flat(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The command line's results, one line a prediction."""
    return [
        {key: value for key, value in row.items() if key != "predictions"} | {"rank": rank} | prediction
        for row in rows
        for rank, prediction in enumerate(row.get("predictions", [{}]), 1)
    ]


def title_row(key: str) -> Any:
    """A heading at the left, what it may be changed by at the right."""
    return st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key=f"row-{key}"
    )


with title_row("title"):
    st.title("What is it?", anchor=False, width="content")
    top = st.segmented_control(
        "Classes shown",
        (3, 5, 10),
        default=5,
        required=True,
        format_func=lambda count: f"Top {count}" if count == 3 else str(count),
        key="classify-top",
        persist_state="session",
        label_visibility="collapsed",
    )

picture = tray.current()
beside, answers_side = st.columns([5, 8], gap="medium")
with beside, st.container(key="picture"):
    caption = f"{plain(picture.name)} · {picture.width} × {picture.height} pixels"
    st.image(picture.image, caption=caption, width="stretch", alt=tray.describe(picture))
with answers_side:
    cards = st.grid(2, min_column_width=260, gap="medium")
    models = st.multiselect(
        "Networks",
        weights.classifier_names(),
        default=[name for name in SHOWN_AT_FIRST if weights.is_present(name)],
        format_func=weights.title,
        key="classify-networks",
        persist_state="session",
        max_selections=6,
        placeholder="Choose a network",
    )
with cards:
    # Networks that are here answer before one that must be fetched first.
    ordered = sorted(models, key=lambda name: not weights.is_present(name))
    answers = [answer for name in ordered if (answer := answer_card(picture, name, top))]

if answers:
    answer_table(answers, top)
if answers and len(tray.pictures()) + len(tray.refusals()) > 1:
    names = [answer.model for answer in answers]
    with title_row("all"):
        st.subheader("All pictures", anchor=False, width="content")
        chosen = st.segmented_control(
            "Network",
            names,
            default=names[0],
            required=True,
            format_func=weights.title,
            key="classify-all-network",
            label_visibility="collapsed",
        )
    all_pictures(chosen if chosen in names else names[0], top)
if shared.engine().notice:
    st.warning(shared.engine().notice, icon=":material/memory:")
st.caption(
    f"Measured on this computer's {shared.engine().device.type.upper()}: the time from the file's bytes "
    "to the answer, once the network is loaded."
)
