"""TIFF: what Pillow reads rightly goes to Pillow, other samples to tifffile, the rest is refused."""

from __future__ import annotations

import io
import logging
import math
import re
from typing import Any

import numpy as np
from PIL import TiffImagePlugin

from squeeze_core.images.levels import Samples, as_meant, levels
from squeeze_core.images.picture import NotReadHere

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
ORIENTATION, _SAMPLES, _PLANAR, _EXTRA, _FORMAT, PROFILE = 274, 277, 284, 338, 339, 34675
_USED = {_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, ORIENTATION, _SAMPLES, _PLANAR}
_GDAL, _NODATA = 42112, 42113  # GDAL's: what the bands are, the value of no measurement
_USED |= {_EXTRA, _FORMAT, PROFILE, _GDAL, _NODATA}
_KIND, _COPY_OR_MASK, _MOST_PAGES = 254, 0b101, 10_000
_GREY, _COLOURS = (0, 1), {0: 1, 1: 1, 2: 3, 5: 4}  # by photometric interpretation
# Plain values, LZW, deflate (two numbers), PackBits, LZMA, Zstandard: whatever the sample type; JPEG 2000
# (two numbers), LERC, WebP and JPEG XL.
_TIFFFILE = (1, 5, 8, 32946, 32773, 34925, 50000, 33005, 34712, 34887, 50001, 50002)
# What Pillow's libtiff is built with.
_PILLOW = (1, 2, 3, 4, 5, 6, 7, 8, 32771, 32773, 32946, 34925, 50000)
_PILLOW_MODES = {1: "L", 3: "RGB", 4: "CMYK"}


def pages(data: bytes) -> list[tuple[int, dict[int, Any]]]:
    """Every picture of the file: its place among the directories, and its tags that matter here: tuples,
    texts, and bytes for the ICC profile. Smaller copies and masks are left out, and a damaged rest."""
    directory = TiffImagePlugin.ImageFileDirectory_v2(data[:16] if 43 in data[2:4] else data[:8])
    file, seen = io.BytesIO(data), set[int]()
    found: list[tuple[int, dict[int, Any]]] = []
    while directory.next and directory.next not in seen and len(seen) < _MOST_PAGES:
        seen.add(directory.next)
        try:
            file.seek(directory.next)
            directory.load(file)
            tags = {tag: directory[tag] for tag in _USED if tag in directory}
        except Exception:  # as many kinds as there are kinds of damage
            if not found:
                raise
            break
        if not directory.get(_KIND, 0) & _COPY_OR_MASK or not found:
            rows = {t: v if isinstance(v, tuple | bytes | str) else (v,) for t, v in tags.items()}
            found.append((len(seen) - 1, rows))
    return found


def for_pillow(found: dict[int, Any]) -> bool:
    """True for samples that Pillow reads: unsigned, 1, 2, 4 or 8 bits each; not with more bands than its
    colours and alpha, nor with a value for nodata."""
    bits, compression = set(found.get(_BITS, (1,))), found.get(_COMPRESSION, (1,))[0]
    colours = _COLOURS.get(found.get(_PHOTOMETRIC, (1,))[0], 0)
    planar = found.get(_PLANAR, (1,))[0] == 2
    more = bool(colours) and (_NODATA in found or found.get(_SAMPLES, (1,))[0] - colours > (not planar))
    if bits == {8} and more and compression in _TIFFFILE:
        return False
    return bits <= {1, 2, 4, 8} and set(found.get(_FORMAT, (1,))) <= {1, 4} and compression in _PILLOW


def size(found: dict[int, Any]) -> tuple[int, int]:
    """Width and height as stored, pixels."""
    return int(found[_WIDTH][0]), int(found[_HEIGHT][0])


def samples(data: bytes, found: dict[int, Any], number: int) -> tuple[Samples, str]:
    """Picture `number` of a file that Pillow does not read rightly, with some words on bands that are not
    shown, "" for none; NotReadHere for a rare variant."""
    photometric = found.get(_PHOTOMETRIC, (1,))[0]
    channels = found.get(_SAMPLES, (1,))[0]
    bits = set(found.get(_BITS, (1,)))
    colours = _COLOURS.get(photometric, 0)
    extra = channels - colours
    known = len(bits) == 1 and found.get(_COMPRESSION, (1,))[0] in _TIFFFILE and max(bits) <= 64
    if not known or not colours or extra < 0 or len(set(found.get(_FORMAT, (1,)))) > 1:
        raise NotReadHere
    import tifffile  # few pictures need it

    logging.getLogger("tifffile").disabled = True
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[number]
        values = page.asarray()
        if page.dtype is None or values.dtype.kind not in "uif":
            raise NotReadHere
    width, height = size(found)
    if found.get(_PLANAR, (1,))[0] == 2 and channels > 1:
        values = np.moveaxis(values.reshape(channels, height, width), 0, 2)
    values = values.reshape(height, width, channels)
    alpha = extra > 0 and colours in (1, 3) and found.get(_EXTRA, (0,))[0] in (1, 2)
    notice, shown = "", list(range(colours + alpha))
    if colours == 1 and channels > 2:  # bands of a camera or satellite
        colours, alpha = 3, False
        shown, notice = _red_green_blue(found, channels)
    values = values[..., shown]
    if values.dtype == np.int8:
        values = as_meant(values)
    depth = max(bits)
    nodata = _nodata(found)
    if notice and nodata is None:
        nodata = math.nan  # bands of measurements have no customary white either
    black, white = levels(
        values[..., :colours],
        0 if depth in (8, 16, 32, 64) or values.dtype.kind == "f" else depth,
        nodata,
    )
    mode = _PILLOW_MODES[colours] + "A" * alpha
    pixels = Samples(
        values,
        mode,
        black,
        white,
        inverted=photometric == 0,
        premultiplied=alpha and found[_EXTRA][0] == 1,
    )
    return pixels, notice


def _red_green_blue(found: dict[int, Any], bands: int) -> tuple[list[int], str]:
    """The bands that the file calls red, green and blue, else the first three, and which they are."""
    said = re.findall(
        r'sample="(\d+)"[^>]*role="colorinterp"[^>]*>\s*(red|green|blue)', str(found.get(_GDAL)), re.I
    )
    called = {colour.lower(): int(band) for band, colour in said if int(band) < bands}
    if len(called) == 3:
        shown = [called[colour] for colour in ("red", "green", "blue")]
        return shown, f"{bands} bands, shown as its red, green and blue"
    return [0, 1, 2], f"{bands} bands, of which the first three are shown as red, green and blue"


def _nodata(found: dict[int, Any]) -> float | None:
    """The value that stands for no measurement, as GDAL writes it; None for none."""
    try:
        return float(found.get(_NODATA, ""))
    except ValueError:
        return None
