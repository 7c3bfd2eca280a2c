"""Detections drawn: an annotated picture to take away, an interactive one to point at."""

from __future__ import annotations

import base64
import colorsys
import io
from collections.abc import Sequence

import plotly.graph_objects as go
from PIL import Image, ImageDraw, ImageFont

from squeeze_core.detector.detections import Detection
from squeeze_core.figures.style import styled
from squeeze_core.images import Picture


def class_color(index: int) -> str:
    """A class's colour, "#rrggbb": neighbours in the list are far apart in hue."""
    hue = (0.07 + index * 0.381966) % 1  # the golden ratio's share of the circle
    red, green, blue = colorsys.hls_to_rgb(hue, 0.42 if 0.1 < hue < 0.55 else 0.5, 0.85)
    return f"#{round(255 * red):02x}{round(255 * green):02x}{round(255 * blue):02x}"


def describe(detections: Sequence[Detection]) -> str:
    """The text alternative of either drawing."""
    if not detections:
        return "No object is outlined."
    found = ", ".join(f"{d.label} {d.score:.0%}" for d in detections)
    return f"{len(detections)} outlined: {found}"


def caption(detection: Detection, kind: str | None = None) -> str:
    """What is written at a box: "dog (golden retriever) 87%"."""
    return f"{detection.label}{f' ({kind})' if kind else ''} {detection.score:.0%}"


def boxes(picture: Picture, detections: Sequence[Detection], kinds: Sequence[str] = ()) -> go.Figure:
    """The picture with its boxes; hovering a box's label or outline names it. `kinds`: a finer
    name for each detection, or none at all."""
    height, width = picture.height, picture.width
    figure = go.Figure()
    # The picture is a layout image, since a trace of pixels would be sent as numbers.
    figure.add_layout_image(
        source=_data_address(picture.image),
        x=0, y=0, sizex=width, sizey=height,
        xref="x", yref="y", sizing="stretch", layer="below",
    )  # fmt: skip
    names = list(kinds) or [None] * len(detections)
    # The weakest first, so that the strongest box is drawn on top.
    for detection, kind in reversed(list(zip(detections, names, strict=True))):
        x0, y0, x1, y1 = detection.box
        color = class_color(detection.index)
        text = caption(detection, kind)
        outline = {"x": [x0, x1, x1, x0, x0], "y": [y0, y0, y1, y1, y0]}
        # A dark line under the coloured one keeps it readable on any background.
        figure.add_scatter(
            **outline, mode="lines", line={"color": "rgba(0,0,0,.65)", "width": 6}, hoverinfo="skip"
        )
        figure.add_scatter(
            **outline, mode="lines", line={"color": color, "width": 3}, fill="toself",
            fillcolor="rgba(0,0,0,0)", hoveron="fills+points", name=text, text=text, hoverinfo="text",
            hoverlabel={"bgcolor": color, "font": {"color": "white"}},
        )  # fmt: skip
        inside = y0 < 0.06 * height
        figure.add_annotation(
            x=x0, y=y0, text=text, showarrow=False, xanchor="left", yanchor="top" if inside else "bottom",
            bgcolor=color, font={"color": "white", "size": 13}, borderpad=2,
        )  # fmt: skip
    figure.update_xaxes(visible=False, range=[0, width], constrain="domain")
    figure.update_yaxes(visible=False, range=[height, 0], scaleanchor="x", constrain="domain")
    figure.update_layout(showlegend=False, dragmode=False, hovermode="closest")
    styled(figure)
    return figure.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0})


def annotated(picture: Picture, detections: Sequence[Detection], kinds: Sequence[str] = ()) -> Image.Image:
    """The same as one RGB picture, at the size at which the picture is held."""
    image = picture.image.copy()
    draw = ImageDraw.Draw(image)
    unit = max(2, round(max(image.size) / 300))
    font = ImageFont.load_default(size=max(11, 6 * unit))
    x, y = image.width / picture.width, image.height / picture.height
    names = list(kinds) or [None] * len(detections)
    for detection, kind in reversed(list(zip(detections, names, strict=True))):
        x0, y0, x1, y1 = (value * by for value, by in zip(detection.box, (x, y, x, y), strict=True))
        x1, y1 = max(x0, x1), max(y0, y1)
        draw.rectangle((x0 - 1, y0 - 1, x1 + 1, y1 + 1), outline="black", width=unit + 2)
        draw.rectangle((x0, y0, x1, y1), outline=class_color(detection.index), width=unit)
        text = caption(detection, kind)
        left, top, right, bottom = font.getbbox(text)
        tall, wide = bottom - top + 2 * unit, right - left + 2 * unit
        label_x = max(0.0, min(x0, image.width - wide))
        label_y = y0 - tall if y0 >= tall else y0
        draw.rectangle(
            (label_x, label_y, label_x + wide, label_y + tall), fill=class_color(detection.index)
        )
        draw.text((label_x + unit - left, label_y + unit - top), text, fill="white", font=font)
    return image


def _data_address(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
