"""TIFF: what Pillow reads rightly goes to Pillow, other samples to tifffile, the rest is refused."""

from __future__ import annotations

import io
import logging
from typing import Any

import numpy as np
from PIL import TiffImagePlugin

from squeeze_core.images.levels import Samples, as_meant, levels
from squeeze_core.images.picture import NotReadHere

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
ORIENTATION, _SAMPLES, _PLANAR, _EXTRA, _FORMAT, PROFILE = 274, 277, 284, 338, 339, 34675
_USED = {_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, ORIENTATION, _SAMPLES, _PLANAR}
_USED |= {_EXTRA, _FORMAT, PROFILE}
_GREY, _COLOURS = (0, 1), {0: 1, 1: 1, 2: 3, 5: 4}  # by photometric interpretation
# Plain values, LZW, deflate (two numbers), PackBits, LZMA, Zstandard: whatever the sample type; JPEG 2000
# (two numbers), LERC, WebP and JPEG XL.
_TIFFFILE = (1, 5, 8, 32946, 32773, 34925, 50000, 33005, 34712, 34887, 50001, 50002)
# What Pillow's libtiff is built with.
_PILLOW = (1, 2, 3, 4, 5, 6, 7, 8, 32771, 32773, 32946, 34925, 50000)
_PILLOW_MODES = {1: "L", 3: "RGB", 4: "CMYK"}


def tags(data: bytes) -> dict[int, Any]:
    """The tags of the first directory that matter here: tuples, and bytes for the ICC profile."""
    directory = TiffImagePlugin.ImageFileDirectory_v2(data[:16] if 43 in data[2:4] else data[:8])
    file = io.BytesIO(data)
    file.seek(directory.next)
    directory.load(file)
    found = {tag: directory[tag] for tag in _USED if tag in directory}
    return {tag: value if isinstance(value, tuple | bytes) else (value,) for tag, value in found.items()}


def for_pillow(found: dict[int, Any]) -> bool:
    """True for samples that Pillow reads: unsigned, 1, 2, 4 or 8 bits each."""
    plain = set(found.get(_BITS, (1,))) <= {1, 2, 4, 8} and set(found.get(_FORMAT, (1,))) <= {1, 4}
    return plain and found.get(_COMPRESSION, (1,))[0] in _PILLOW


def size(found: dict[int, Any]) -> tuple[int, int]:
    """Width and height as stored, pixels."""
    return int(found[_WIDTH][0]), int(found[_HEIGHT][0])


def samples(data: bytes, found: dict[int, Any]) -> Samples:
    """The first picture of a file that Pillow does not read rightly; NotReadHere for a rare variant."""
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
        page = file.pages[0]
        values = page.asarray()
        if page.dtype is None or values.dtype.kind not in "uif":
            raise NotReadHere
    width, height = size(found)
    if found.get(_PLANAR, (1,))[0] == 2 and channels > 1:
        values = np.moveaxis(values.reshape(channels, height, width), 0, 2)
    values = values.reshape(height, width, channels)
    alpha = extra > 0 and colours in (1, 3) and found.get(_EXTRA, (0,))[0] in (1, 2)
    values = values[..., : colours + alpha]
    if values.dtype == np.int8:
        values = as_meant(values)
    depth = max(bits)
    black, white = levels(
        values[..., :colours], 0 if depth in (8, 16, 32, 64) or values.dtype.kind == "f" else depth
    )
    mode = _PILLOW_MODES[colours] + "A" * alpha
    return Samples(
        values,
        mode,
        black,
        white,
        inverted=photometric == 0,
        premultiplied=alpha and found[_EXTRA][0] == 1,
    )
