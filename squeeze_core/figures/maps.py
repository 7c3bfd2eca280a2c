"""Arrays as pictures: colour scales, grids of tiles in one picture, and overlays."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
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


def unit_scale(values: np.ndarray, scale: Scale = "branch") -> np.ndarray:
    """[channels, height, width] ≥ 0 → 0–1, by the largest value of each channel, or of all."""
    top = values.max(axis=(1, 2), keepdims=True) if scale == "channel" else np.float32(scale_end(values))
    return np.minimum(values / np.where(top > 0, top, 1), 1)


def scale_end(values: np.ndarray) -> float:
    """The end of one colour scale for all: the 99.5 % quantile of the values above 0, as outliers would
    darken the rest; 0 where there are none."""
    return float(np.quantile(values[values > 0], 0.995)) if values.any() else 0.0


def sprite(levels: np.ndarray, columns: int, enlarge: int = 1) -> np.ndarray:
    """[channels, height, width] → tiles in one array, `columns` in a row, from the top left.

    Each tile is enlarged a whole number of times, with a pixel of NaN after it.
    """
    count, height, width = levels.shape
    rows = -(-count // columns)
    tiles = np.full((rows * columns, height * enlarge + 1, width * enlarge + 1), np.nan, np.float32)
    tiles[:count, : height * enlarge, : width * enlarge] = levels.repeat(enlarge, 1).repeat(enlarge, 2)
    grid = tiles.reshape(rows, columns, *tiles.shape[1:]).swapaxes(1, 2)
    return grid.reshape(rows * tiles.shape[1], columns * tiles.shape[2])


def grid_picture(levels: np.ndarray, columns: int, enlarge: int) -> Image.Image:
    """`sprite` with colours, one byte a pixel; the gaps are transparent."""
    grid = sprite(levels, columns, enlarge)
    # The palette's last entry is for the gaps.
    numbers = np.where(np.isnan(grid), 255, 254 * np.clip(np.nan_to_num(grid), 0, 1))
    image = Image.fromarray(numbers.astype(np.uint8))
    image.putpalette(palette("Viridis").tobytes())
    image.info["transparency"] = 255
    return image


def overlay(picture: Image.Image, levels: np.ndarray, opacity: float, name: str = "Viridis") -> Image.Image:
    """Values in 0–1, [height, width], over the RGB picture, bilinear; opacity 0 is the picture alone."""
    image = Image.fromarray(np.ascontiguousarray(levels, dtype=np.float32))
    resized = np.asarray(image.resize(picture.size, Image.Resampling.BILINEAR))
    colours = palette(name)[(255 * np.clip(resized, 0, 1)).astype(np.uint8)]
    return Image.blend(picture.convert("RGB"), Image.fromarray(colours), opacity)


def outlined(picture: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    """A box (x0, y0, x1, y1; x1 and y1 exclusive) outlined in its surroundings.

    These are a square of the RGB picture, three times as wide as the box where the picture has room,
    enlarged to SURROUNDINGS pixels, so that a small patch can be seen.
    """
    x0, y0, x1, y1 = box
    side = min(max(64, 3 * max(x1 - x0, y1 - y0)), picture.width, picture.height)
    left = min(max((x0 + x1 - side) // 2, 0), picture.width - side)
    top = min(max((y0 + y1 - side) // 2, 0), picture.height - side)
    near = picture.resize((SURROUNDINGS, SURROUNDINGS), box=(left, top, left + side, top + side))
    scale = SURROUNDINGS / side
    x0, y0, x1, y1 = (round(scale * value) for value in (x0 - left, y0 - top, x1 - left, y1 - top))
    draw = ImageDraw.Draw(near)
    draw.rectangle((x0, y0, x1 - 1, y1 - 1), outline="#FFFFFF", width=5)
    draw.rectangle((x0 + 1, y0 + 1, x1 - 2, y1 - 2), outline=ACCENT, width=3)
    return near


def for_screen(picture: Image.Image, longest: int = 640) -> Image.Image:
    """A copy no larger than that, so that a browser loads it at once."""
    picture = picture.copy()
    picture.thumbnail((longest, longest))
    return picture


def encoded(image: Image.Image, kind: str = "") -> bytes:
    """The picture as a file of that kind; "" for PNG where it has an alpha channel, else JPEG.

    A copy is saved: Pillow writes the encoder's settings on the picture, which other threads may be saving.
    """
    kind = kind or ("PNG" if "A" in image.mode else "JPEG")
    buffer = io.BytesIO()
    image.copy().save(buffer, kind, quality=88)
    return buffer.getvalue()


def data_address(image: Image.Image, kind: str = "") -> str:
    """The picture as a data: address, encoded as by `encoded`."""
    kind = kind or ("PNG" if "A" in image.mode else "JPEG")
    return f"data:image/{kind.lower()};base64,{base64.b64encode(encoded(image, kind)).decode()}"


def place_in_words(place: Sequence[int], shape: Sequence[int]) -> str:
    """Row and column in a map of that height and width, for text alternatives: "at the top left"."""
    (row, column), (height, width) = place, shape
    down = ("at the top", "in the middle", "at the bottom")[3 * row // height]
    across = ("left", "centre", "right")[3 * column // width]
    return f"{down} {across}".removesuffix(" centre")
