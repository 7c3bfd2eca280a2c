"""Boxes and chunks of AVIF, HEIC, WebP and PNG files, read without decoding."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass

_MOST_CHUNKS = 10_000
# The properties of a picture stand before its data; grids of tiles have long lists of them.
_ISO_HEAD = 100_000
# Larger profiles take seconds to apply and come in no camera's or printer's files.
LARGEST_PROFILE = 8_000_000


def iso_code_points(data: bytes) -> tuple[int, int] | None:
    """Primaries and transfer (ITU-T H.273) that an AVIF or HEIC states in its first colour box, if any."""
    found = re.search(rb"colrnclx(..)(..)", data[:_ISO_HEAD], re.DOTALL)
    return (int.from_bytes(found[1], "big"), int.from_bytes(found[2], "big")) if found else None


@dataclass(frozen=True)
class WebP:
    """The head of a WebP (RFC 9649): size of the canvas in pixels, ICC profile and EXIF."""

    width: int
    height: int
    animated: bool
    profile: bytes | None
    exif: bytes | None


def webp(data: bytes) -> WebP:
    """The head of a WebP file; struct.error or IndexError when it is cut off."""
    first = data[12:16]
    if first == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return WebP((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, False, None, None)
    if first != b"VP8X":
        wide, high = struct.unpack_from("<HH", data, 26)
        return WebP(wide & 0x3FFF, high & 0x3FFF, False, None, None)
    chunks: dict[bytes, bytes] = {}
    place = 12
    for _ in range(_MOST_CHUNKS):
        if place + 8 > len(data):
            break
        kind, length = struct.unpack_from("<4sI", data, place)
        if kind in (b"ICCP", b"EXIF"):
            chunks.setdefault(kind, data[place + 8 : place + 8 + length])
        place += 8 + length + length % 2
    width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
    return WebP(width, height, bool(data[20] & 2), chunks.get(b"ICCP"), chunks.get(b"EXIF"))


def png_parts(data: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """A PNG with its pixels only, and the chunks that say how they are meant, by type.

    Left out are texts, whose size has no bound, and the animation: what stays is the still picture that
    every program shows, and a fault in a chunk that is not needed does no harm.
    """
    parts = [memoryview(data)[:8]]
    facts: dict[bytes, bytes] = {}
    place = 8
    while place + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        end = place + length + 12
        if kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            parts.append(memoryview(data)[place:end])
        elif kind in (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"eXIf"):
            facts.setdefault(kind, data[place + 8 : end - 4])
        place = end
    return b"".join(parts), facts


def png_profile(chunk: bytes, grey: bool) -> bytes | None:
    """The ICC profile in an iCCP chunk; None where it is damaged, has no end, or libpng would not take it.

    Browsers read PNG by libpng, which refuses colour profiles in grey pictures, grey ones in colour
    pictures, and intents that make no sense.
    """
    inflate = zlib.decompressobj()
    try:
        profile = inflate.decompress(chunk[chunk.index(b"\0") + 2 :], LARGEST_PROFILE)
    except (ValueError, zlib.error):
        return None
    fits = (profile[16:20] == b"GRAY") == grey and int.from_bytes(profile[64:68], "big") < 0xFFFF
    return profile if inflate.eof and fits else None
