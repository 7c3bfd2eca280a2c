"""Detections in figures: boxes over a picture as HTML, and an annotated picture as a file."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from squeeze_core.classifier import Prediction
from squeeze_core.cost.units import percent
from squeeze_core.detector.detections import Detection
from squeeze_core.figures.maps import data_address
from squeeze_core.figures.style import ink_on
from squeeze_core.images import Picture

SURE = 0.5  # score below which a box is dashed


# Twenty colours that are told apart (after Sasha Trubetskoy, 2017): as many as VOC has classes.
PALETTE = (
    "#E6194B", "#3CB44B", "#FFE119", "#4363D8", "#F58231", "#F032E6", "#42D4F4",
    "#911EB4", "#BFEF45", "#FABED4", "#469990", "#DCBEFF", "#9A6324", "#FFFAC8",
    "#800000", "#AAFFC3", "#808000", "#FFD8B1", "#000075", "#A9A9A9",
)  # fmt: skip


def colours(detections: Sequence[Detection]) -> dict[int, str]:
    """The colour of each class in one picture, "#rrggbb": its own, or the next one that is free there."""
    taken: dict[int, str] = {}
    for index in sorted({detection.index for detection in detections}):
        order = [PALETTE[(index + step) % len(PALETTE)] for step in range(len(PALETTE))]
        taken[index] = next((one for one in order if one not in taken.values()), order[0])
    return taken


def describe(detections: Sequence[Detection]) -> str:
    """The text alternative of either drawing."""
    found = ", ".join(caption(d) for d in detections)
    return f"{len(detections)} outlined: {found}" if found else "No object is outlined."


def caption(detection: Detection, finer: Prediction | None = None) -> str:
    """The text at a box: "dog 87 %", with its fine-grained class "dog 87 % (golden retriever 64 %)"."""
    name = f" ({finer.label} {percent(finer.probability, 0)})" if finer else ""
    return f"{detection.name} {percent(detection.score, 0)}{name}"


def in_doubt(detection: Detection) -> str:
    """The class, and the runner-up with its score: "dog, or cat 46 %"."""
    other = detection.runner_up
    return f"{detection.name}, or {other.name} {percent(other.score, 0)}" if other else detection.name


def overlay(
    picture: Picture,
    detections: Sequence[Detection],
    alt: str,
    finer: Sequence[Prediction | None] = (),
    chosen: int | None = None,
) -> str:
    """HTML: the picture with its boxes on top, each with its number as `data-number`.

    `alt`: the picture's text alternative. `finer`: each detection's fine-grained class, or none at all.
    `chosen`: the number of a box; the others are faint.
    """
    names = list(finer) or [None] * len(detections)
    below, colors = _labels_below(picture, detections), colours(detections)
    parts = [
        _box(picture, *each, colors[each[0].index], number, chosen is not None and number != chosen)
        for number, each in enumerate(zip(detections, names, below, strict=True))
    ]
    aspect = picture.width / picture.height
    return (
        f'<div class="overlay" style="position:relative;margin:auto;aspect-ratio:{aspect:.5f};'
        f'width:min(100%,{70 * aspect:.2f}vh)">'
        f'<img src="{data_address(picture.image)}" alt="{html.escape(alt)}" '
        f'style="width:100%;height:100%;display:block;border-radius:0.5rem">{"".join(parts)}</div>'
    )


def _labels_below(picture: Picture, detections: Sequence[Detection]) -> list[bool]:
    """For each box: True if its label goes below it, because a better box has its label near there."""
    taken: list[tuple[float, float]] = []
    below = []
    for detection in detections:
        x, y = detection.box[0] / picture.width, detection.box[1] / picture.height
        below.append(any(abs(x - left) < 0.15 and abs(y - top) < 0.05 for left, top in taken))
        if not below[-1]:
            taken.append((x, y))
    return below


def _box(
    picture: Picture,
    detection: Detection,
    finer: Prediction | None,
    below: bool,
    color: str,
    number: int,
    back: bool,
) -> str:
    x0, y0, x1, y1 = detection.box
    left, top = 100 * x0 / picture.width, 100 * y0 / picture.height
    wide, tall = 100 * (x1 - x0) / picture.width, 100 * (y1 - y0) / picture.height
    text = html.escape(caption(detection, finer))
    order = round(10_000 - wide * tall) + 1  # the smallest on top, so that each can be pointed at
    if below:
        place = "top:100%" if top + tall < 93 else "bottom:0"
    else:
        place = "bottom:100%" if top > 7 else "top:0"
    faint = "opacity:0.35;" if back else ""
    line = "solid" if detection.score >= SURE else "dashed"
    area = f"position:absolute;left:{left:.3f}%;top:{top:.3f}%;width:{wide:.3f}%;height:{tall:.3f}%"
    # White and dark lines beside the coloured one keep it readable on any background; labels lie above
    # every box, so that no line crosses them.
    return (
        f'<div class="detection" title="{text}" role="button" tabindex="{-1 if number else 0}" '
        f'data-number="{number}" '
        f'style="{area};{faint}z-index:{order};border:3px {line} {color};'
        "border-radius:3px;box-sizing:border-box;cursor:pointer;"
        'box-shadow:0 0 0 1px rgba(0,0,0,.6),inset 0 0 0 1px rgba(255,255,255,.75)"></div>'
        f'<div style="{area};{faint}z-index:10002;pointer-events:none">'
        f'<span style="position:absolute;left:0;{place};'
        f"background:{color};color:{ink_on(color)};font-size:0.8rem;line-height:1.35;padding:0 0.35rem;"
        f'border-radius:3px;white-space:nowrap">{text}</span></div>'
    )


def annotated(
    picture: Picture, detections: Sequence[Detection], finer: Sequence[Prediction | None] = ()
) -> Image.Image:
    """The same as one RGB picture, of the size of the decoded one, whose labels have 16 pixels at least."""
    image = picture.image.copy()
    draw = ImageDraw.Draw(image)
    unit = max(2, round(max(image.size) / 300))
    font = ImageFont.load_default(size=max(16, 6 * unit))
    x, y = image.width / picture.width, image.height / picture.height
    names, colors = list(finer) or [None] * len(detections), colours(detections)
    boxes = [(d.box[0] * x, d.box[1] * y, d.box[2] * x, d.box[3] * y) for d in detections]
    every = list(zip(detections, boxes, names, _labels_below(picture, detections), strict=True))[::-1]
    for detection, (x0, y0, x1, y1), _, _ in every:
        draw.rectangle((x0 - 1, y0 - 1, x1 + 1, y1 + 1), outline="black", width=unit + 2)
        draw.rectangle((x0, y0, x1, y1), outline=colors[detection.index], width=unit)
        if detection.score < SURE:
            _dash(draw, (x0, y0, x1, y1), unit)
    for detection, (x0, y0, _, y1), name, below in every:
        text = caption(detection, name)
        left, top, right, bottom = font.getbbox(text)
        tall, wide = bottom - top + 2 * unit, right - left + 2 * unit
        label_x = max(0.0, min(x0, image.width - wide))
        if below:
            label_y = y1 if y1 + tall <= image.height else y1 - tall
        else:
            label_y = y0 - tall if y0 >= tall else y0
        place = (label_x, label_y, label_x + wide, label_y + tall)
        fill = colors[detection.index]
        draw.rectangle(place, fill=fill)
        draw.text((label_x + unit - left, label_y + unit - top), text, fill=ink_on(fill), font=font)
    return image


def _dash(draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], unit: int) -> None:
    """Gaps in the outline of a box."""
    x0, y0, x1, y1 = box
    for x in np.arange(x0 + 3 * unit, x1 - 3 * unit, 6 * unit):
        for y in (y0 - 1, y1 - unit):
            draw.rectangle((x, y, x + 2 * unit, y + unit + 1), fill="black")
    for y in np.arange(y0 + 3 * unit, y1 - 3 * unit, 6 * unit):
        for x in (x0 - 1, x1 - unit):
            draw.rectangle((x, y, x + unit + 1, y + 2 * unit), fill="black")
