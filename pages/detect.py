"""The page Detect: boxes over the picture, from the detector or from the classifier's own maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.detect_parts import box_explanation, choice
from pages.server import results
from pages.server.cache import cached
from pages.session import address, selected_network, tray
from pages.widgets import downloads, in_python, live, times
from pages.widgets import explanation as widget
from pages.widgets.choices import one_of
from pages.widgets.words import announce, plain
from squeeze_core.classifier import Prediction
from squeeze_core.cost.units import percent
from squeeze_core.detector import fine_grained
from squeeze_core.detector.attribution import BoxExplanation
from squeeze_core.detector.calibration import Calibration
from squeeze_core.detector.detect import detect
from squeeze_core.detector.detections import OVERLAP, Candidates, Detection, coco_document, readable
from squeeze_core.detector.pretrained import NAME as DETECTOR
from squeeze_core.figures import detections as figures
from squeeze_core.figures import explanations, reliability
from squeeze_core.figures.maps import for_screen
from squeeze_core.images import Picture
from squeeze_core.inside import localise
from squeeze_core.networks.catalogue import Network
from squeeze_core.networks.weights import SHIPPED

THUMBNAIL = 320  # longest side in pixels of a picture among all
PERCENT = st.column_config.ProgressColumn(format="%.0f %%", min_value=0, max_value=100, color="primary")


def page() -> None:
    modes = {"detector": f"{len(selected_network.detector().labels)} classes", "anything": "Anything"}
    modes["live"] = "Live"
    with st.container(
        horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute", key="row-detect"
    ):
        st.title("Where is it?", anchor=False, width="content")
        mode = one_of("Detect", modes, "detect-mode")
    # Each answer is computed once outside its fragment, so that app.py shows the error if there is one.
    if mode == "detector":
        results.candidates(tray.current(), selected_network.detector())
        detector(tray.current())
    elif mode == "live":
        live_boxes()
    else:
        results.classification(tray.current(), selected_network.current())
        anything(tray.current())
    if results.engine().notice:
        st.warning(results.engine().notice, icon=":material/memory:")


@st.fragment
def live_boxes() -> None:
    """The detector's boxes over the camera's stream, at its own threshold."""
    loaded = selected_network.detector()

    def answer(frame: Picture) -> live.Answer:
        found = next(detect([frame], results.engine(), loaded)).detections(loaded.calibration.threshold)
        size = (frame.width, frame.height) * 2
        boxes = [
            live.Box(
                f"{one.name} {percent(one.score, 0)}",
                tuple(side / whole for side, whole in zip(one.box, size, strict=True)),  # type: ignore[arg-type]
            )
            for one in found
        ]
        return live.Answer((f"{len(found)} object{'' if len(found) == 1 else 's'}",), boxes)

    live.draw("detect", answer)


class Settings(NamedTuple):
    """Least score and largest overlap, 0–1, and tiled inference or not."""

    threshold: float
    overlap: float
    tiled: bool


@st.fragment
def detector(picture: Picture) -> None:
    """The part of the page that a slider redraws, without running the network again."""
    left, right = st.columns([8, 4], gap="medium")
    with right, st.container(border=True):
        chosen = settings()
        result = results.candidates(picture, selected_network.detector(), chosen.tiled)
        found = of_classes(result, chosen)
        names = fine_grained_names(picture, found)
        time = times.reserve(_timed(chosen))
    with right:
        table(picture, result, found, names)
    with left:
        if not found:
            nothing_found(result, chosen)
        explanation = boxes(picture, found, names)
    if explanation:
        box_explanation.section(picture, explanation)
    if len(tray.pictures()) > 1:
        many_pictures(tray.pictures(), chosen)
    reliability_chart(result.calibration)
    footnote(picture, chosen, time)
    if not selected_network.state().detector:
        in_python.draw("detect", **chosen._asdict(), how=" --tiled" if chosen.tiled else "")


def settings() -> Settings:
    """The sliders and the switch for tiled inference."""
    default = selected_network.detector().calibration.threshold
    threshold = st.slider(
        "Score at least",
        5.0,
        100.0,
        100 * default,
        5.0,
        "%.0f %%",
        key="detect-threshold",
        **address.BOUND,
    )
    tiled = st.toggle(
        "Find small objects (about 5 times slower)",
        key="detect-tiled",
        **address.BOUND,
        help="Tiled inference: the network also runs on four overlapping parts of the picture, enlarged.",
    )
    with st.expander("More", icon=":material/tune:"):
        overlap = st.slider(
            "Overlap (IoU) at most",
            0.1,
            0.9,
            OVERLAP,
            0.05,
            key="detect-overlap",
            **address.BOUND,
            help="IoU, intersection over union: the area that two boxes share, divided by the area "
            "that they cover together. Of two boxes of one class that overlap more, only the stronger is "
            "shown; the weaker still counts for its place.",
        )
    return Settings(threshold / 100, overlap, tiled)


def _timed(chosen: Settings) -> str:
    return f"{selected_network.detector().key}-{chosen.tiled}"


def of_classes(result: Candidates, chosen: Settings) -> tuple[Detection, ...]:
    """The detections at those settings, of the classes that the filter shows."""
    found = result.detections(chosen.threshold, chosen.overlap)
    present = list(dict.fromkeys(detection.label for detection in found))
    if len(present) < 2:
        return found
    key = f"detect-only-{'-'.join(present)}"
    only = st.pills("Classes", present, format_func=readable, selection_mode="multi", key=key)
    return result.detections(chosen.threshold, chosen.overlap, only) if only else found


def fine_grained_names(picture: Picture, found: tuple[Detection, ...]) -> Sequence[Prediction | None]:
    """The fine-grained class of each box's content, if asked for; else nothing."""
    network = selected_network.current()
    applies = fine_grained.applies(network, selected_network.detector().labels)
    wanted = st.toggle(
        "What kind?",
        key="detect-kinds",
        **address.BOUND,
        disabled=not applies,
        help="The classifier names the content of each box, dog → golden retriever, with its own "
        "probability. It needs a classifier of ImageNet's classes and a detector of VOC's.",
    )
    return _fine_grained(picture, network, found) if wanted and applies else ()


@cached()
def _fine_grained(
    picture: Picture, network: Network, found: tuple[Detection, ...]
) -> tuple[Prediction | None, ...]:
    return fine_grained.fine_grained(picture, found, results.engine(), network)


def nothing_found(result: Candidates, chosen: Settings) -> None:
    """Say that nothing passes the sliders, and what comes closest."""
    best = result.best()
    words = "Nothing of the detector's classes is in this picture."
    if best:
        least = percent(chosen.threshold, 0)
        words = f"No object scores {least} or more. Closest: {best.name}, {percent(best.score, 0)}."
    st.info(words, icon=":material/search_off:")


def boxes(
    picture: Picture, shown: Sequence[Detection], names: Sequence[Prediction | None]
) -> BoxExplanation | None:
    """The picture with its boxes, and the map of the chosen one, if any, which is returned."""
    choice.listen(picture, shown)
    number = choice.chosen(picture, shown)
    if number is None:
        draw(picture, shown, names)
        if shown:
            st.caption("Why is a box there? Click it, or its row in the table.")
        return None
    method, opacity = box_explanation.controls(picture, shown[number])
    progress, place = st.empty(), st.empty()
    with place:
        draw(picture, shown, names, number)
    found = box_explanation.explained(picture, shown[number], method, progress)
    under = replace(picture, image=widget.over(picture, found, opacity, widget.WIDE))
    alt = f"{tray.describe(picture)}. {figures.describe(shown)}. The map is {explanations.in_words(found)}"
    place.html(figures.overlay(under, shown, alt, names, number))
    widget.map_downloads(f"why-box-{method}", picture, found, opacity, widget.WIDE)
    return found


def draw(
    picture: Picture,
    found: Sequence[Detection],
    names: Sequence[Prediction | None] = (),
    chosen: int | None = None,
) -> None:
    alt = f"{tray.describe(picture)}. {figures.describe(found)}"
    announce(figures.describe(found))
    with st.container(key="picture-detect"):
        st.html(figures.overlay(picture, found, alt, names, chosen))


def rows_of(found: Sequence[Detection], names: Sequence[Prediction | None] = ()) -> list[dict[str, object]]:
    """The table on screen and in the files: one row a box, classes by the detector's names."""
    rows: list[dict[str, object]] = []
    for number, detection in enumerate(found):
        row: dict[str, object] = {"label": detection.label, "score": round(detection.score, 4)}
        if other := detection.runner_up:
            row |= {"runner-up": other.label, "runner-up score": round(other.score, 4)}
        if names and (name := names[number]):
            row |= {"kind": name.label, "kind probability": round(name.probability, 4)}
        corners = zip(("x0", "y0", "x1", "y1"), detection.box, strict=True)
        rows.append(row | {corner: round(value, 1) for corner, value in corners})
    return rows


def table(
    picture: Picture,
    result: Candidates,
    found: Sequence[Detection],
    names: Sequence[Prediction | None],
) -> None:
    """The boxes in a table, a row of which chooses its box as a click on the picture does; downloads."""
    rows = rows_of(found, names)
    if found:
        key = choice.table_key(picture, found)
        st.dataframe(
            [
                {"found": figures.in_doubt(d)} | row | {"score": 100 * d.score}
                for d, row in zip(found, rows, strict=True)
            ],
            hide_index=True,
            key=key,
            on_select=lambda: choice.took_row(picture, found, key),
            selection_mode="single-row",
            selection_default=choice.selection(choice.chosen(picture, found)),
            alt=figures.describe(found),
            column_order=("found", "kind", "score"),
            column_config={"score": PERCENT},
        )
    downloads.buttons(
        "detections",
        table=rows,
        json=coco_document([(result, found)]),
        image=lambda: figures.annotated(picture, found, names),
    )


def many_pictures(pictures: list[Picture], chosen: Settings) -> None:
    """Every picture of the tray with its boxes, at the same settings."""
    st.header("All pictures", anchor=False)
    progress = st.progress(0.0, text="Detecting")
    found = []
    for place, picture in enumerate(pictures, 1):
        result = results.candidates(picture, selected_network.detector(), chosen.tiled)
        found.append((result, result.detections(chosen.threshold, chosen.overlap)))
        progress.progress(place / len(pictures), text=f"{place} of {len(pictures)}")
    progress.empty()
    with st.grid(min_column_width=200, key="detect-gallery"):
        for picture, (_, boxes) in zip(pictures, found, strict=True):
            alt = f"{tray.describe(picture)}. {figures.describe(boxes)}"
            small = replace(picture, image=for_screen(picture.image, THUMBNAIL))
            with st.container(gap="xsmall"):
                st.image(figures.annotated(small, boxes), alt=alt, width="stretch")
                st.button(
                    f"Open {plain(picture.name)}",
                    key=f"detect-open-{picture.key[:16]}",
                    type="tertiary",
                    on_click=tray.choose,
                    args=(picture,),
                )
    rows = [{"file": one.file} | row for one, boxes in found for row in rows_of(boxes)]
    with st.expander("Table", icon=":material/table:"):
        st.dataframe(rows, hide_index=True, key="detect-all-table", alt="Every box of every picture")
        downloads.buttons("detections-all", table=rows, json=coco_document(found))


def reliability_chart(calibration: Calibration) -> None:
    """The reliability diagram of a calibrated detector."""
    if not calibration.after:
        return
    with st.expander("How reliable are the scores?", icon=":material/straighten:"):
        downloads.chart(
            reliability.diagram(calibration),
            table=reliability.rows_of(calibration),
            name="reliability",
            alt=reliability.in_words(calibration),
        )
        st.caption(
            f"Measured on {calibration.on}, each half with a calibration made on the other (beta "
            "calibration, Kull et al., AISTATS 2017). A box is right when it covers an object of its class "
            "with IoU (intersection over union) of at least 0.5. Boxes below 50 % are dashed."
        )


def footnote(picture: Picture, chosen: Settings, time: DeltaGenerator) -> None:
    """The detector's description, and its time in `time`, measured last, when nothing else is at work."""
    loaded, state = selected_network.detector(), selected_network.state()
    if state.detector:
        st.caption(
            f"Your own detector, {plain(state.detector_name)}: {len(loaded.labels)} classes, pictures "
            f"stretched to {loaded.preprocess.size}×{loaded.preprocess.size}."
        )
    else:
        measured = SHIPPED[DETECTOR].measured
        shown, one = measured["shown"], measured["one_box_a_place"]
        st.caption(
            "Our own detector: SqueezeNet 1.1 with a neck and head of Fire modules, for the 20 classes of "
            f"PASCAL VOC. Measured on {measured['on']}: of the boxes that "
            f"score {percent(shown['threshold'], 0)} or more, {shown['right']} % are right; they find "
            f"{shown['found']} % of the objects. Mean average precision (mAP@0.5): {one['map50']} %. "
            "“Anything” and “What kind?” use the network chosen above."
        )
    meaning = st.empty()
    timings = results.detector_timings(picture, loaded, chosen.tiled)
    times.show({_timed(chosen): time}, timings)
    four = "the picture, four parts of it and their mirror images"
    meaning.caption(times.meaning(timings, four if chosen.tiled else "one picture and its mirror image"))


@st.fragment
def anything(picture: Picture) -> None:
    """A box for one of the classifier's classes, from its map."""
    network = selected_network.current()
    left, right = st.columns([8, 4], gap="medium")
    with right, st.container(border=True):
        answer = results.classification(picture, network)
        choices = {one.index: one for one in answer.top(len(answer.probabilities))}
        key = f"detect-class-{picture.key[:16]}-{network.key[-12:]}"
        address.restore("class", key, choices)
        index = st.selectbox(
            f"Which of the {len(choices):,} classes",
            list(choices),
            format_func=lambda i: f"{choices[i].label} · {percent(choices[i].probability)}",
            key=key,
            help="Type to find one. The most probable comes first.",
        )
        address.put("class", str(index), str(next(iter(choices))))
        place = localised(picture, network, index)
        st.caption(
            "Weakly supervised localisation: the classifier was trained without boxes. The box surrounds "
            "the place where its class activation map (CAM) is strong; the detector's boxes are more exact."
        )
    with left:
        draw(picture, (place,))
    with right:
        downloads.buttons(
            "localisation",
            table=rows_of((place,)),
            json={"label": place.label, "probability": place.score, "box": place.box},
            image=lambda: figures.annotated(picture, (place,)),
        )


@cached()
def localised(picture: Picture, network: Network, index: int) -> Detection:
    return localise.localise(picture, results.engine(), network, index)


page()
