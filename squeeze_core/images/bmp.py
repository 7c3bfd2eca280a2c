"""BMP with 16 or 32 bits a pixel in fields of any widths, for which Pillow knows a few layouts only."""

from __future__ import annotations

import struct

import numpy as np

from squeeze_core.images.levels import Samples
from squeeze_core.images.picture import NotReadHere

_BITFIELDS, _ALPHA_BITFIELDS = 3, 6


def size(data: bytes) -> tuple[int, int]:
    """Width and height, pixels."""
    width, height = struct.unpack_from("<ii", data, 18)
    return abs(width), abs(height)


def bitfields(data: bytes) -> Samples:
    """The picture of such a file; NotReadHere for another one. ValueError when it is cut off."""
    offset, header, width, height = struct.unpack_from("<IIii", data, 10)
    bits, compression = struct.unpack_from("<HI", data, 28)
    if header < 40 or bits not in (16, 32) or compression not in (_BITFIELDS, _ALPHA_BITFIELDS):
        raise NotReadHere
    masks = struct.unpack_from("<4I", data, 54)
    alpha = masks[3] != 0 and (header >= 56 or compression == _ALPHA_BITFIELDS)
    masks = masks[: 3 + alpha]
    stride = (width * bits + 31) // 32 * 4
    rows = np.frombuffer(data, np.uint8, stride * abs(height), offset).reshape(abs(height), stride)
    pixels = rows.view(f"<u{bits // 8}")[:, :width]
    channels = []
    for mask in masks:
        shift = (mask & -mask).bit_length() - 1 if mask else 0
        most = mask >> shift
        field = ((pixels & mask) >> shift).astype(np.float32)
        channels.append((field * (255 / max(most, 1)) + 0.5).astype(np.uint8))
    values = np.stack(channels, -1)
    return Samples(values if height < 0 else values[::-1], "RGBA" if alpha else "RGB", 0, 255)
