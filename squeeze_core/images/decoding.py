"""Bytes → an upright picture in sRGB, in this process. One opener a format, each returns a `_Source`."""

from __future__ import annotations

import hashlib
import io
import pathlib
import struct
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, cast

import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageFile,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from squeeze_core.images import containers, formats, tiff
from squeeze_core.images.colour import SRGB_PRIMARIES, code_points, stated_profile, to_srgb
from squeeze_core.images.levels import Samples, levels
from squeeze_core.images.picture import (
    LONGEST_SIDE,
    TOO_MUCH_MEMORY,
    ImageError,
    NotReadHere,
    Picture,
    check_pixels,
)

_BAND_PIXELS = 1_000_000
# Pixels a side for each one of a network's input, which is resampled from them: fewer would change its
# answers. A JPEG's own reduction loses less than the mean of whole pixels.
_SPARE, _SPARE_JPEG = 2.0, 1.5
# Modes that `to_srgb` takes.
_READY = ("L", "RGB", "CMYK")
# Pillow decodes every WebP as an animation, at 16 bytes a pixel: large ones go another way, at 3 or 4.
_LARGE_WEBP = 8_000_000


class _Pixels(Protocol):
    """A Pillow image, or `Samples`."""

    @property
    def size(self) -> tuple[int, int]: ...
    def crop(self, box: tuple[int, int, int, int]) -> Image.Image: ...


@dataclass
class _Source:
    """A picture as its file has it. `size`: as stored; `pixels` may have been reduced while decoding."""

    pixels: _Pixels
    size: tuple[int, int]
    profile: bytes | None = None
    orientation: int = 1
    frames: int = 1
    notice: str = ""


def decode_here(
    data: bytes, name: str, least_side: int | None = None, key: str | None = None, frame: int = 0
) -> Picture:
    """Decode as `images.decode` does, in this process, without limits on time and memory."""
    start = time.perf_counter()
    format_ = formats.format_of(data)
    if format_ is None:
        raise ImageError(f"{name} is {formats.description(data)}.")
    try:
        with warnings.catch_warnings():
            # What Pillow warns of (odd EXIF, odd palettes) is either harmless here or refused here.
            warnings.simplefilter("ignore")
            source = _OPENERS[format_](data, name, least_side, frame)
            image, width, height = _upright(source, least_side)
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(f"{name} {TOO_MUCH_MEMORY}.") from None
    except Exception as error:  # a damaged file can raise nearly anything inside its decoder
        said = str(error).lower()
        if "out of memory" in said:  # as some decoders say it
            raise ImageError(f"{name} {TOO_MUCH_MEMORY}.") from None
        if isinstance(error, NotReadHere) or "unsupported bmp" in said or "unknown pixel mode" in said:
            raise ImageError(f"{name} is a {format_} variant that is not supported.") from None
        raise ImageError(f"{name} is a damaged or incomplete {format_} picture.") from None
    elapsed = 1000 * (time.perf_counter() - start)
    key = key or hashlib.sha256(data).hexdigest()
    if frame:
        key = hashlib.sha256(f"{key}, {frame}".encode()).hexdigest()
    return Picture(
        name, image, width, height, format_.upper(), key, elapsed, frame, source.frames, source.notice
    )


def from_pillow(image: Image.Image) -> Picture:
    """A Pillow image that the caller holds, by the rules of files: upright, in sRGB, on white, at most
    LONGEST_SIDE. `key` is of its pixels. ImageError when it cannot be loaded or is too large."""
    start = time.perf_counter()
    name = pathlib.Path(getattr(image, "filename", "") or "picture").name
    check_pixels(*image.size, name, baseline_jpeg=True)
    try:
        image.load()
        exif = image.getexif().tobytes()
        source = _Source(image, image.size, image.info.get("icc_profile"), _orientation(exif))
        shown, width, height = _upright(source, None)
    except Exception:  # a damaged file that is decoded only now
        raise ImageError(f"{name} is a damaged or incomplete picture.") from None
    shown = shown.copy() if shown is image else shown
    key = hashlib.sha256(shown.tobytes()).hexdigest()
    elapsed = 1000 * (time.perf_counter() - start)
    return Picture(name, shown, width, height, image.format or "PILLOW", key, elapsed)


# Opening a file of one format


def _plain(
    plugin: type[ImageFile.ImageFile], data: bytes, name: str, least_side: int | None, frame: int = 0
) -> _Source:
    """A file that Pillow decodes; its size is checked first.

    The plugin's own class is called: `Image.open` refuses and warns by a global limit, in words of its own.
    """
    image = plugin(io.BytesIO(data))
    size = image.size
    baseline = plugin is JpegImagePlugin.JpegImageFile and not image.info.get("progressive")
    check_pixels(*size, name, baseline)
    image.draft(None, _fitted(*size, least_side, _SPARE_JPEG))
    if frame:
        image.seek(frame)
        size = image.size
        check_pixels(*size, name)
    image.load()
    profile, exif = image.info.get("icc_profile"), image.info.get("exif")
    return _Source(image, size, profile, _orientation(exif), _frames(plugin, data))


def _frames(plugin: type[ImageFile.ImageFile], data: bytes) -> int:
    """The number of a file's frames, 1 where a damaged rest does not say it; `_tiff` counts its own."""
    if plugin is TiffImagePlugin.TiffImageFile:
        return 1
    try:
        return getattr(plugin(io.BytesIO(data)), "n_frames", 1)
    except Exception:
        return 1


def _webp(data: bytes, name: str, least_side: int | None, frame: int) -> _Source:
    facts = containers.webp(data)
    size = facts.width, facts.height
    check_pixels(*size, name)
    if facts.animated or size[0] * size[1] < _LARGE_WEBP:
        return _plain(WebPImagePlugin.WebPImageFile, data, name, least_side, frame)
    import imagecodecs  # few pictures need it

    values = imagecodecs.webp_decode(data)
    pixels = Samples(values, "RGBA" if values.shape[2] == 4 else "RGB", 0, 255)
    return _Source(pixels, size, facts.profile, _orientation(facts.exif))


def _png(data: bytes, name: str, least_side: int | None, frame: int) -> _Source:
    plain, facts = containers.png_parts(data)
    source = _plain(PngImagePlugin.PngImageFile, plain, name, least_side)
    image = cast("Image.Image", source.pixels)
    clear = image.info.get("transparency")
    depth = data[24]
    if depth == 16 and image.mode == "RGB":
        # Pillow keeps the upper eight bits: too few for 12-bit values, and to find a transparent colour.
        if clear is not None or image.point(lambda value: value >> 4).getbbox() is None:
            source.pixels = _png_samples(plain)
    elif image.mode == "L" and depth < 8 and isinstance(clear, int):
        image.info["transparency"] = clear * 255 // ((1 << depth) - 1)  # as Pillow scaled the pixels
    source.profile = _png_colours(facts, grey=data[25] in (0, 4))
    source.orientation = _orientation(facts.get(b"eXIf"))
    return source


def _png_samples(data: bytes) -> Samples:
    """Every bit of a 16-bit colour PNG."""
    import imagecodecs  # few pictures need it

    values = np.asarray(imagecodecs.png_decode(data))
    black, white = levels(values[..., :3])
    if values.shape[2] == 3:
        return Samples(values, "RGB", black, white)
    opaque = values[..., 3] > 0
    return Samples(np.where(opaque[..., None], values, 65_535)[..., :3], "RGB", black, white)


def _png_colours(facts: dict[bytes, bytes], grey: bool) -> bytes | None:
    """The profile of the first of cICP, iCCP, sRGB, or gAMA with cHRM: the order of PNG's third edition."""
    if len(cicp := facts.get(b"cICP", b"")) == 4:
        return code_points(cicp[0], cicp[1])
    if profile := containers.png_profile(facts.get(b"iCCP", b""), grey):
        return profile
    gamma = int.from_bytes(facts.get(b"gAMA", b"")[:4], "big")
    if b"sRGB" in facts or not gamma:
        return None
    primaries = SRGB_PRIMARIES
    if len(chrm := facts.get(b"cHRM", b"")) == 32:
        stated = tuple(value / 100_000 for value in struct.unpack(">8I", chrm))
        primaries = *stated[2:], *stated[:2]  # the file has white first
    return stated_profile(100_000 / gamma, primaries)


def _heic(data: bytes, name: str, least_side: int | None, frame: int) -> _Source:
    from pillow_heif import HeifImageFile  # its libraries take a moment to load

    return _iso(HeifImageFile, data, name, least_side, frame)


def _iso(
    plugin: type[ImageFile.ImageFile], data: bytes, name: str, least_side: int | None, frame: int
) -> _Source:
    source = _plain(plugin, data, name, least_side, frame)
    points = containers.iso_code_points(data)
    if points and source.profile is None:
        source.profile = code_points(*points)
    return source


def _tiff(data: bytes, name: str, least_side: int | None, frame: int) -> _Source:
    pages = tiff.pages(data)
    number, found = pages[frame]
    check_pixels(*tiff.size(found), name)
    if not tiff.for_pillow(found):
        pixels, notice = tiff.samples(data, found, number)
        orientation = found.get(tiff.ORIENTATION, (1,))[0]
        profile = found.get(tiff.PROFILE)
        return _Source(pixels, tiff.size(found), profile, orientation, len(pages), notice)
    # Upright already: Pillow turns a TIFF while loading it.
    source = _plain(TiffImagePlugin.TiffImageFile, data, name, least_side, number)
    source.frames = len(pages)
    return source


_OPENERS: dict[str, Callable[[bytes, str, int | None, int], _Source]] = {
    "JPEG": partial(_plain, JpegImagePlugin.JpegImageFile),
    "PNG": _png,
    "WebP": _webp,
    "GIF": partial(_plain, GifImagePlugin.GifImageFile),
    "BMP": partial(_plain, BmpImagePlugin.BmpImageFile),
    "TIFF": _tiff,
    "AVIF": partial(_iso, AvifImagePlugin.AvifImageFile),
    "HEIC": _heic,
}


def _orientation(exif: bytes | None) -> int:
    """EXIF orientation 1–8; 1 where there is none or it makes no sense."""
    if not exif:
        return 1
    try:
        read = Image.Exif()
        read.load(exif)
        orientation = read.get(ExifTags.Base.Orientation)
    except Exception:  # damaged EXIF does not spoil the pixels
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


# From what the file has to what is shown


def _fitted(width: int, height: int, least_side: int | None, spare: float = _SPARE) -> tuple[int, int]:
    """That size, scaled down to a longest side of LONGEST_SIDE where it is longer.

    With `least_side` further, as long as the shorter side keeps `spare` times as many pixels.
    """
    scale = min(1.0, LONGEST_SIDE / max(width, height))
    if least_side:
        scale = min(scale, spare * least_side / min(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _upright(source: _Source, least_side: int | None) -> tuple[Image.Image, int, int]:
    """The picture as it is shown, and the upright original's width and height.

    Large pictures are converted band by band, so that one more copy of them is never in memory, and
    their colours once they are small.
    """
    pixels, (width, height) = source.pixels, source.size
    target = _fitted(width, height, least_side)
    spare = 1 if least_side else 2  # what the screen shows is resampled from twice as many pixels
    across, down = (
        max(1, side // (spare * shown)) for side, shown in zip(pixels.size, target, strict=True)
    )
    reduced = _reduced(pixels, across, down)
    if max(reduced.size) > LONGEST_SIDE:
        reduced = reduced.resize(
            _fitted(*reduced.size, None) if least_side else target, Image.Resampling.HAMMING
        )
    image = to_srgb(reduced, source.profile)
    if source.orientation > 1:
        image.getexif()[ExifTags.Base.Orientation] = source.orientation
        ImageOps.exif_transpose(image, in_place=True)
    if source.orientation >= 5:
        width, height = height, width
    return image, width, height


def _reduced(pixels: _Pixels, across: int, down: int) -> Image.Image:
    """L, RGB or CMYK on white, each pixel the mean of `across` × `down`."""
    if isinstance(pixels, Image.Image) and pixels.mode in _READY and not pixels.has_transparency_data:
        return pixels.reduce((across, down)) if across * down > 1 else pixels
    if isinstance(pixels, Image.Image) and pixels.mode.startswith("I"):  # 16 bits
        values, clear = np.asarray(pixels)[..., None], pixels.info.get("transparency")
        pixels = Samples(values, "L", *levels(values), clear=(clear,) if isinstance(clear, int) else None)
    width, height = pixels.size
    rows = down * max(1, _BAND_PIXELS // (width * down))
    bands = []
    for top in range(0, height, rows):
        band = pixels.crop((0, top, width, min(top + rows, height)))
        bands.append(_on_white(band).reduce((across, down)))
    reduced = Image.new(bands[0].mode, (bands[0].width, sum(band.height for band in bands)))
    for place, band in enumerate(bands):
        reduced.paste(band, (0, place * rows // down))
    return reduced


def _on_white(image: Image.Image) -> Image.Image:
    """Any mode of 8 bits → L, RGB or CMYK, transparent places white."""
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB") or image
    if image.has_transparency_data:
        grey = image.mode in ("L", "LA")
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        return image.convert("L" if grey else "RGB")
    return image if image.mode in _READY else image.convert("L" if image.mode == "1" else "RGB")
