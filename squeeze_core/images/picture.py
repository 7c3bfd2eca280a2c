"""`Picture`, the result of decoding; `ImageError`, its refusal; the limits on what is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from squeeze_core.errors import UserError

# What a screen shows of a picture at most; every network's input is smaller.
LONGEST_SIDE = 1280
MAX_BYTES = 100_000_000
MAX_PIXELS = 40_000_000
# A baseline JPEG decodes at reduced scale, so the photographs of 108-megapixel cameras fit too.
MAX_BASELINE_JPEG_PIXELS = 110_000_000
# What a process that decodes says of a `Picture`, in its order.
FACTS = ("width", "height", "format", "key", "milliseconds", "frame", "frames", "notice")
TOO_LONG = "takes too long to read"
TOO_MUCH_MEMORY = "takes too much memory to read"


class ImageError(UserError):
    """The file cannot be used as a picture; the message is one sentence naming the file and why."""


class NotReadHere(Exception):
    """The file may well be sound, but its variant of the format is not supported."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture.

    `name`: its file name, for people. `image`: RGB in sRGB, upright, longest side at most
    LONGEST_SIDE. `width`, `height`: pixels of the upright original, which `image` may be a reduction
    of. `format`: JPEG, PNG, WEBP, GIF, BMP, TIFF, AVIF or HEIC. `key`: equal for the same picture only,
    64 hexadecimal digits. `milliseconds`: decoding time. `frame`: which of the file's `frames` it is,
    pages or pictures, from 0. `notice`: what else is to be known of it; "" for nothing.
    """

    name: str
    image: Image.Image
    width: int
    height: int
    format: str
    key: str
    milliseconds: float
    frame: int = 0
    frames: int = 1
    notice: str = ""

    def _repr_png_(self) -> bytes | None:
        small = self.image.copy()
        small.thumbnail((480, 480))
        return small._repr_png_()

    def about(self) -> str:
        """The remark that belongs to an answer, such as "frame 1 of 4"; "" for none."""
        of_many = f"frame {self.frame + 1} of {self.frames}" if self.frames > 1 else ""
        return "; ".join(filter(None, (of_many, self.notice)))


def check_bytes(size: int, name: str) -> None:
    """ImageError for an empty file and for one of more than MAX_BYTES."""
    if size == 0:
        raise ImageError(f"{name} is empty.")
    if size > MAX_BYTES:
        raise ImageError(f"{name} has {size / 1e6:,.0f} MB; at most {MAX_BYTES / 1e6:.0f} MB are read.")


def check_pixels(width: int, height: int, name: str, baseline_jpeg: bool = False) -> None:
    """ImageError for a picture of more pixels than are read; to be called before decoding."""
    limit = MAX_BASELINE_JPEG_PIXELS if baseline_jpeg else MAX_PIXELS
    if width * height > limit:
        size = f"{width:,}×{height:,}"
        raise ImageError(f"{name} has {size} pixels; at most {limit // 10**6} million are read.")
