"""Bytes from strangers → upright RGB pictures, decoded once. Everything later trusts a `Picture`."""

from __future__ import annotations

import hashlib
import io
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from squeeze_core.errors import UserError

LONGEST_SIDE = 2048


class ImageError(UserError):
    """The file cannot be used as a picture; the message is one sentence naming the file and why."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture.

    `name`: its file name, for people. `image`: RGB, upright, longest side at most LONGEST_SIDE.
    `width`, `height`: pixels of the upright original, which `image` may be a reduction of.
    `format`: as Pillow names it ("JPEG"). `key`: sha256 of the bytes. `milliseconds`: decoding time.
    """

    name: str
    image: Image.Image
    width: int
    height: int
    format: str
    key: str
    milliseconds: float


def read(path: Path) -> Picture:
    """The picture in that file; ImageError when there is none."""
    try:
        return decode(path.read_bytes(), path.name)
    except OSError as error:
        raise ImageError(f"{path.name} cannot be read: {error.strerror}.") from None


def decode(data: bytes, name: str) -> Picture:
    """The picture in those bytes; ImageError when they hold none that we take."""
    start = time.perf_counter()
    image = Image.open(io.BytesIO(data))
    kind = image.format or ""
    image = ImageOps.exif_transpose(image).convert("RGB")
    width, height = image.size
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    elapsed = 1000 * (time.perf_counter() - start)
    return Picture(name, image, width, height, kind, hashlib.sha256(data).hexdigest(), elapsed)
