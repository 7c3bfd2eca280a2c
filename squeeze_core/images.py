"""Bytes from strangers → upright RGB pictures, decoded once. Everything later trusts a `Picture`."""

from __future__ import annotations

import hashlib
import io
import re
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps

from squeeze_core.errors import UserError

# What a screen shows of a picture at most; every network's input is smaller.
LONGEST_SIDE = 1280
MAX_BYTES = 100_000_000
# WebP's decoder needs 18 bytes a pixel: this keeps the whole process under 1.5 GB.
MAX_PIXELS = 40_000_000
# A baseline JPEG decodes at reduced scale, so the photographs of 108-megapixel cameras fit too.
MAX_BASELINE_JPEG_PIXELS = 110_000_000
BAND_PIXELS = 4_000_000

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")

# Our own limit is checked before decoding and says the size, which Pillow's does not.
Image.MAX_IMAGE_PIXELS = None
# What Pillow warns of (odd EXIF, odd palettes) is either harmless here or refused here.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

_FORMAT_STARTS = {
    "JPEG": rb"\xff\xd8",
    "PNG": rb"\x89PNG",
    "WebP": rb"RIFF....WEBP",
    "GIF": rb"GIF8",
    "BMP": rb"BM....\0\0\0\0",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "AVIF": rb"....ftypavi[fs]",
}
_OTHER_STARTS = {
    "a web page": rb"(\xef\xbb\xbf)?\s*<(!doctype\s+html|html)",
    "an SVG drawing": rb"(\xef\xbb\xbf)?\s*<(?=.{0,4000}?<?svg[\s>])",
    "a PDF document": rb".{0,1000}?%PDF-",
    "a zip archive": rb"PK(\x03\x04|\x05\x06|\x07\x08)",
    "a gzip archive": rb"\x1f\x8b",
    "a HEIC picture": rb"....ftyp(hei[cxms]|hev[cxms]|mif1|msf1)",
    "a JPEG 2000 picture": rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51",
    "a JPEG XL picture": rb"\xff\x0a|\0\0\0\x0cJXL ",
    "a Photoshop file": rb"8BPS",
    "a video": rb"....ftyp|\x1aE\xdf\xa3|RIFF....AVI ",
    "a program": rb"MZ|\x7fELF",
}


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
        if path.is_dir():
            raise ImageError(f"{path.name or path} is a folder, not a picture.")
        if path.exists() and not path.is_file():
            raise ImageError(f"{path.name} is a device, not a picture.")
        _check_bytes(path.stat().st_size, path.name)
        return decode(path.read_bytes(), path.name)
    except FileNotFoundError:
        raise ImageError(f"There is no file {path}.") from None
    except OSError as error:
        raise ImageError(f"{path.name} cannot be read: {error.strerror}.") from None


def decode(data: bytes, name: str) -> Picture:
    """The picture in those bytes, whatever the name's extension; of an animation the first frame.

    Transparent places become white; 16-bit and float values are scaled to 0–255. ImageError when
    the bytes hold no whole picture of FORMATS, or more than MAX_BYTES, MAX_PIXELS or (baseline JPEG)
    MAX_BASELINE_JPEG_PIXELS.
    """
    start = time.perf_counter()
    _check_bytes(len(data), name)
    try:
        source = Image.open(io.BytesIO(data), formats=FORMATS)
        kind = "JPEG" if source.format == "MPO" else str(source.format)
        width, height = source.size
        _check_pixels(source, kind, name)
        source.draft(None, _fitted(width, height))
        source.load()
        image = _shrunk(source)
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(f"{name} needs more memory than this machine has free.") from None
    except Exception:  # a damaged file can raise nearly anything inside its decoder
        raise ImageError(f"{name} is {_content(data)}.") from None
    orientation = _orientation(source)
    if orientation > 1:
        image.getexif()[ExifTags.Base.Orientation] = orientation
        ImageOps.exif_transpose(image, in_place=True)
    if orientation >= 5:
        width, height = height, width
    elapsed = 1000 * (time.perf_counter() - start)
    return Picture(name, image, width, height, kind, hashlib.sha256(data).hexdigest(), elapsed)


def _check_bytes(size: int, name: str) -> None:
    if size == 0:
        raise ImageError(f"{name} is empty.")
    if size > MAX_BYTES:
        raise ImageError(f"{name} has {size / 1e6:,.0f} MB; at most {MAX_BYTES / 1e6:.0f} MB are read.")


def _check_pixels(image: Image.Image, kind: str, name: str) -> None:
    baseline = kind == "JPEG" and not image.info.get("progressive")
    limit = MAX_BASELINE_JPEG_PIXELS if baseline else MAX_PIXELS
    if image.width * image.height > limit:
        size = f"{image.width:,}×{image.height:,}"
        raise ImageError(f"{name} has {size} pixels; at most {limit // 10**6} million are read.")


def _fitted(width: int, height: int) -> tuple[int, int]:
    """That size, scaled down to a longest side of LONGEST_SIDE where it is longer."""
    scale = min(1.0, LONGEST_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1–8; 1 where there is none or it makes no sense."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # damaged EXIF does not spoil the pixels
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _shrunk(image: Image.Image) -> Image.Image:
    """RGB on white, the longest side at most LONGEST_SIDE.

    Large pictures are converted band by band, so that one more copy of them is never in memory.
    """
    levels = _levels(image)
    factor = max(1, max(image.size) // (2 * LONGEST_SIDE))
    reduced = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    for top, band in _bands(image, factor):
        reduced.paste(_on_white(band, levels).reduce(factor), (0, top // factor))
    return reduced.resize(_fitted(*image.size), Image.Resampling.BICUBIC)


def _bands(image: Image.Image, step: int = 1) -> Iterator[tuple[int, Image.Image]]:
    """(top, band) from top to bottom, bands of whole rows, a multiple of `step` high."""
    rows = step * max(1, BAND_PIXELS // (image.width * step))
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _levels(image: Image.Image) -> tuple[float, float] | None:
    """The values that become black and white; None where the picture has 8 bits a channel already.

    16-bit integers use their whole range. 32-bit integers and floats have no agreed range: the
    smallest customary one that holds all values is taken, else their own minimum and maximum.
    """
    if image.mode.startswith("I;16"):
        return 0, 65535
    if image.mode not in ("I", "F"):
        return None
    low, high = np.inf, -np.inf
    for _, band in _bands(image):
        values = np.asarray(band, np.float64)
        values = values[np.isfinite(values)]
        low, high = values.min(initial=low), values.max(initial=high)
    for top in (255, 65535) if image.mode == "I" else (1, 255, 65535):
        if low >= 0 and high <= top:
            return 0, top
    return float(low), float(high)


def _on_white(image: Image.Image, levels: tuple[float, float] | None) -> Image.Image:
    """Any mode → RGB, transparent places white."""
    if levels:
        low, high = levels
        values = np.nan_to_num(np.asarray(image, np.float32), nan=low, posinf=high, neginf=low)
        scaled = (np.clip(values, low, high) - low) * (255 / max(high - low, 1e-12))
        image = Image.fromarray(np.rint(scaled).astype(np.uint8))
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB") or image
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _content(data: bytes) -> str:
    """What bytes that do not decode are, for a sentence: "a PDF document, not a picture …"."""
    head = data[:4096]
    for kind, start in _FORMAT_STARTS.items():
        if re.match(start, head, re.DOTALL):
            return f"a damaged or incomplete {kind} picture"
    kinds = ", ".join(_FORMAT_STARTS)
    for what, start in _OTHER_STARTS.items():
        if re.match(start, head, re.DOTALL | re.IGNORECASE):
            return f"{what}, not a picture of a kind that is read here ({kinds})"
    what = "no picture" if re.search(rb"[\x00-\x08\x0e-\x1f]", head) else "a text file, not a picture"
    return f"{what} of a kind that is read here ({kinds})"
