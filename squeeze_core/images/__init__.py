"""The one door for strangers' bytes: they come out as upright pictures in sRGB, or as one sentence.

Everything later trusts a `Picture`. What is read, and by which rules, is in docs/pictures.md.
"""

from __future__ import annotations

import re
from pathlib import Path

from squeeze_core.images.decoding import decode_here
from squeeze_core.images.kinds import SUFFIXES
from squeeze_core.images.picture import (
    LONGEST_SIDE,
    MAX_BASELINE_JPEG_PIXELS,
    MAX_BYTES,
    MAX_PIXELS,
    ImageError,
    Picture,
    check_bytes,
)

__all__ = [
    "LONGEST_SIDE",
    "MAX_BASELINE_JPEG_PIXELS",
    "MAX_BYTES",
    "MAX_PIXELS",
    "SUFFIXES",
    "ImageError",
    "Picture",
    "decode",
    "decode_here",
    "read",
]


def read(path: Path | str, least_side: int | None = None) -> Picture:
    """The picture in that file, as `decode` gives it; ImageError when there is none."""
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+:/", str(path)):
        raise ImageError(f"{path} is an address; files on this machine are read.")
    path = Path(path)
    try:
        if path.is_dir():
            raise ImageError(f"{path.name or path} is a folder, not a picture.")
        if path.exists() and not path.is_file():
            raise ImageError(f"{path.name} is a device, not a picture.")
        check_bytes(path.stat().st_size, path.name)
        return decode(path.read_bytes(), path.name, least_side)
    except FileNotFoundError:
        raise ImageError(f"There is no file {path}.") from None
    except OSError as error:
        raise ImageError(f"{path.name} cannot be read: {error.strerror}.") from None


def decode(data: bytes, name: str, least_side: int | None = None) -> Picture:
    """The picture in those bytes, whatever the name's extension; of an animation the first frame.

    `least_side`: for a network that sees the picture at that many pixels a side; the shorter side then
    keeps at least as many, which is quicker. Transparent places become white; 16-bit and float values
    are scaled to 0–255. ImageError when the bytes hold no whole picture of a kind that is read, or more
    than MAX_BYTES, MAX_PIXELS or (baseline JPEG) MAX_BASELINE_JPEG_PIXELS.
    """
    return decode_here(data, name, least_side)
