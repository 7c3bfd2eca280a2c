"""A drawing as SVG, whose texts are texts and whose colours follow the page that it stands in."""

from __future__ import annotations

import base64
import io
from html import escape

from PIL import Image

from squeeze_core.figures.drawing import ON_WHITE, Circle, Drawing, Item, Line, Photo, Rect, Text

FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"


def svg(drawing: Drawing, font: str = FONT) -> str:
    """The <svg> element; it scales with its place. Shapes that stand for something say what."""
    body = "".join(_item(item) for item in drawing.items)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {drawing.width:g} {drawing.height:g}" '
        f'width="{drawing.width:g}" height="{drawing.height:g}" role="group" font-family="{escape(font)}" '
        f'aria-label="{escape(drawing.alt)}">{body}</svg>'
    )


def data_address(image: Image.Image) -> str:
    """The picture as a data: address: PNG where it has transparent parts, else JPEG."""
    kind, data = encoded(image)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(data).decode()}"


def encoded(image: Image.Image) -> tuple[str, bytes]:
    """The picture's bytes, and as what: "PNG" where it has transparent parts, else "JPEG"."""
    buffer = io.BytesIO()
    if "A" in image.mode:
        image.save(buffer, "PNG", optimize=True)
        return "PNG", buffer.getvalue()
    image.convert("RGB").save(buffer, "JPEG", quality=86)
    return "JPEG", buffer.getvalue()


def _item(item: Item) -> str:
    if isinstance(item, Text):
        bold = ' font-weight="700"' if item.bold else ""
        return (
            f'<text x="{item.x:.2f}" y="{item.y:.2f}" font-size="{item.size:g}" text-anchor="{item.anchor}"'
            f'{bold} style="fill:{_color(item.color)}">{escape(item.text)}</text>'
        )
    if isinstance(item, Line):
        dash = ' stroke-dasharray="2 4" stroke-linecap="round"' if item.dashed else ""
        return (
            f'<line x1="{item.x0:.2f}" y1="{item.y0:.2f}" x2="{item.x1:.2f}" y2="{item.y1:.2f}"'
            f'{dash} style="stroke:{_color(item.color)};stroke-width:{item.width:g}"/>'
        )
    if isinstance(item, Photo):
        return (
            f'<image x="{item.x:.2f}" y="{item.y:.2f}" width="{item.width:.2f}" height="{item.height:.2f}" '
            f'preserveAspectRatio="none" href="{data_address(item.image)}" role="img" '
            f'aria-label="{escape(item.alt)}"/>'
        )
    return _shape(item)


def _shape(item: Rect | Circle) -> str:
    paint = f"fill:{_color(item.fill) if item.fill else 'none'}"
    if item.stroke:
        paint += f";stroke:{_color(item.stroke)};stroke-width:{item.line:g}"
    if isinstance(item, Rect):
        place = f'x="{item.x:.2f}" y="{item.y:.2f}" width="{item.width:.3f}" height="{item.height:.3f}"'
    else:
        place = f'cx="{item.x:.2f}" cy="{item.y:.2f}" r="{item.radius:.3f}"'
    element = "rect" if isinstance(item, Rect) else "circle"
    value = "" if item.value is None else f' data-value="{item.value:.10g}"'
    if not item.tip:
        return f'<{element} {place}{value} style="{paint}"/>'
    tip = escape(item.tip)
    return (
        f'<{element} {place}{value} role="img" aria-label="{tip}" style="{paint};'
        f'pointer-events:all"><title>{tip}</title></{element}>'
    )


def _color(color: str) -> str:
    return f"var(--{color},{ON_WHITE[color]})" if color in ON_WHITE else color
