"""Numbers → pictures of them: colour maps, grids of tiles in one picture, and overlays."""

from __future__ import annotations

import base64
import io
from functools import cache
from typing import Literal

import numpy as np
import plotly.colors
from PIL import Image, ImageDraw

from squeeze_core.figures.style import ACCENT

Scale = Literal["branch", "channel"]
SURROUNDINGS = 227


@cache
def palette(name: str) -> np.ndarray:
    """A Plotly colour scale as uint8 [256, 3]: "Viridis" for 0 to 1, "RdBu" for signed values."""
    colours = plotly.colors.sample_colorscale(name, 256, colortype="tuple")
    return (255 * np.array(colours)).round().astype(np.uint8)


def coloured(levels: np.ndarray, name: str = "Viridis") -> Image.Image:
    """Values in 0–1, [height, width] → a picture with that colour scale, one byte a pixel."""
    image = Image.fromarray((255 * np.clip(levels, 0, 1)).astype(np.uint8))
    image.putpalette(palette(name).tobytes())
    return image


def unit_scale(values: np.ndarray, scale: Scale = "branch") -> np.ndarray:
    """[channels, height, width] ≥ 0 → 0–1, by the largest value of each channel, or one scale for all.

    The one scale ends at 99.5 % of the values above 0: a few outliers would leave the rest dark.
    """
    if scale == "channel":
        top = values.max(axis=(1, 2), keepdims=True)
    else:
        alive = values[values > 0]
        top = np.quantile(alive, 0.995) if alive.size else np.float32(0)
    return np.minimum(values / np.where(top > 0, top, 1), 1)


def sprite(levels: np.ndarray, columns: int, enlarge: int, gap: int = 1) -> np.ndarray:
    """[channels, height, width] → all of them in one array, `columns` in a row, from the top left.

    Each tile is enlarged a whole number of times, with `gap` pixels of NaN after it.
    """
    count, height, width = levels.shape
    rows = -(-count // columns)
    tiles = np.full((rows * columns, height * enlarge + gap, width * enlarge + gap), np.nan, np.float32)
    tiles[:count, : height * enlarge, : width * enlarge] = levels.repeat(enlarge, 1).repeat(enlarge, 2)
    grid = tiles.reshape(rows, columns, *tiles.shape[1:]).swapaxes(1, 2)
    return grid.reshape(rows * tiles.shape[1], columns * tiles.shape[2])


def grid_picture(levels: np.ndarray, columns: int, enlarge: int, name: str = "Viridis") -> Image.Image:
    """`sprite` with colours, one byte a pixel; the gaps are transparent."""
    grid = sprite(levels, columns, enlarge)
    # The last colour of the scale gives its number to the gaps.
    numbers = np.where(np.isnan(grid), 255, 254 * np.clip(np.nan_to_num(grid), 0, 1))
    image = Image.fromarray(numbers.astype(np.uint8))
    image.putpalette(palette(name).tobytes())
    image.info["transparency"] = 255
    return image


def overlay(picture: Image.Image, levels: np.ndarray, opacity: float, name: str = "Viridis") -> Image.Image:
    """A map of values in 0–1, [height, width], laid over the whole RGB picture, bilinear.

    `opacity`: 0 the picture alone, 1 the map alone.
    """
    colours = palette(name)[(255 * np.clip(_resized(levels, picture.size), 0, 1)).astype(np.uint8)]
    return Image.blend(picture.convert("RGB"), Image.fromarray(colours), opacity)


def outlined(picture: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    """The surroundings of a box (x0, y0, x1, y1; x1 and y1 exclusive) with its outline drawn.

    A square of the RGB picture, three times as wide as the box or all of its height, enlarged to
    SURROUNDINGS pixels, so that a small patch can be seen.
    """
    x0, y0, x1, y1 = box
    side = min(max(64, 3 * max(x1 - x0, y1 - y0)), picture.width, picture.height)
    left = min(max((x0 + x1 - side) // 2, 0), picture.width - side)
    top = min(max((y0 + y1 - side) // 2, 0), picture.height - side)
    near = picture.resize((SURROUNDINGS, SURROUNDINGS), box=(left, top, left + side, top + side))
    scale = SURROUNDINGS / side
    corners = [round(scale * value) for value in (x0 - left, y0 - top, x1 - left, y1 - top)]
    draw = ImageDraw.Draw(near)
    draw.rectangle((corners[0], corners[1], corners[2] - 1, corners[3] - 1), outline="#FFFFFF", width=5)
    inner = (corners[0] + 1, corners[1] + 1, corners[2] - 2, corners[3] - 2)
    draw.rectangle(inner, outline=ACCENT, width=3)
    return near


def for_screen(picture: Image.Image, longest: int = 640) -> Image.Image:
    """A copy no larger than that, so that a browser loads it at once."""
    picture = picture.copy()
    picture.thumbnail((longest, longest))
    return picture


def encoded(image: Image.Image, kind: str = "") -> bytes:
    """The picture as a file of that kind; "" for PNG where it has transparent parts, else JPEG.

    A copy is saved: Pillow writes the encoder's settings on the picture itself, which others may be saving.
    """
    kind = kind or ("PNG" if "A" in image.mode else "JPEG")
    buffer = io.BytesIO()
    image.copy().save(buffer, kind, quality=88)
    return buffer.getvalue()


def data_address(image: Image.Image) -> str:
    """The picture as a data: address, encoded as by `encoded`."""
    kind = "png" if "A" in image.mode else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(encoded(image)).decode()}"


def place_in_words(row: int, column: int, height: int, width: int) -> str:
    """(0, 0, 9, 9) → "at the top left": for text alternatives."""
    down = ("at the top", "in the middle", "at the bottom")[3 * row // height]
    across = ("left", "centre", "right")[3 * column // width]
    return f"{down} {across}".removesuffix(" centre")


def _resized(levels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    image = Image.fromarray(np.ascontiguousarray(levels, dtype=np.float32))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR))
