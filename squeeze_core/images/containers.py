"""What AVIF, HEIC, WebP and PNG files say in their boxes and chunks, read without decoding."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_MOST_BOXES = 10_000
# Larger profiles take seconds to apply and come in no camera's or printer's files.
LARGEST_PROFILE = 8_000_000


@dataclass(frozen=True)
class IsoPicture:
    """The primary picture of an AVIF or HEIC file.

    `width`, `height`: the largest size that the file says of any frame in it, its AV1 sequence headers
    included: what the decoder may have to make room for. `crop`: left, top, right, bottom of the clean
    aperture, pixels of the picture before it is turned. `code_points`: primaries and transfer (ITU-T
    H.273), None where an ICC profile or nothing stands for them.
    """

    width: int
    height: int
    crop: tuple[int, int, int, int] | None
    code_points: tuple[int, int] | None


def iso_picture(data: bytes) -> IsoPicture:
    """ISO/IEC 23008-12 (HEIF) and AV1's binding of it. ValueError or struct.error for a damaged file."""
    meta = _find(data, 0, len(data), b"meta")
    inside = meta[0] + 4, meta[1]
    primary = struct.unpack_from(">4xH", data, _find(data, *inside, b"pitm")[0])[0]
    properties = _find(data, *inside, b"iprp")
    listed = list(_boxes(data, *_find(data, *properties, b"ipco")))
    own = [listed[i - 1] for i in _associated(data, _find(data, *properties, b"ipma"), primary) if i]
    sizes = [struct.unpack_from(">4xII", data, start) for kind, start, _ in listed if kind == b"ispe"]
    sizes += [
        size for kind, start, end in listed if kind == b"av1C" for size in _av1_sizes(data[start + 4 : end])
    ]
    for start, end in _extents(data, inside):
        sizes += _av1_sizes(data[start : min(end, start + 200)])
    size = next(
        (struct.unpack_from(">4xII", data, start) for kind, start, _ in own if kind == b"ispe"), (0, 0)
    )
    crop = next((_crop(data, start, size) for kind, start, _ in own if kind == b"clap"), None)
    nclx = next(
        (start for kind, start, _ in own if kind == b"colr" and data[start : start + 4] == b"nclx"), None
    )
    icc = any(kind == b"colr" and data[start : start + 4] in (b"prof", b"rICC") for kind, start, _ in own)
    points = None if nclx is None or icc else struct.unpack_from(">4xHH", data, nclx)
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return IsoPicture(width, height, crop, points)


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(type, start of body, end of body) of the boxes in that part, in order."""
    for _ in range(_MOST_BOXES):
        if start + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">8xQ", data, start)[0], 16
        size = size or end - start
        if size < head or start + size > end:
            raise ValueError("a box is longer than what it lies in")
        yield kind, start + head, start + size
        start += size


def _find(data: bytes, start: int, end: int, kind: bytes) -> tuple[int, int]:
    for found, first, last in _boxes(data, start, end):
        if found == kind:
            return first, last
    raise ValueError(f"no box {kind!r}")


def _associated(data: bytes, ipma: tuple[int, int], item: int) -> list[int]:
    """The numbers, from 1, of an item's properties."""
    place = ipma[0]
    version, flags, count = struct.unpack_from(">B2xBI", data, place)
    place += 8
    for _ in range(min(count, _MOST_BOXES)):
        number, many = struct.unpack_from(">IB" if version else ">HB", data, place)
        place += 5 if version else 3
        wide = flags & 1
        found = struct.unpack_from(f">{many}{'H' if wide else 'B'}", data, place)
        place += many * (2 if wide else 1)
        if number == item:
            return [index & (0x7FFF if wide else 0x7F) for index in found]
    return []


def _crop(data: bytes, start: int, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """The clean aperture; None where it leaves the picture, as ISO/IEC 23008-12, 6.5.9 has it ignored."""
    numbers = struct.unpack_from(">IIIIiIiI", data, start)
    wide, high, right, down = (n / d for n, d in zip(numbers[::2], numbers[1::2], strict=True))
    left, top = right + (size[0] - wide) / 2, down + (size[1] - high) / 2
    box = round(left), round(top), round(left + wide), round(top + high)
    inside = 0 <= box[0] < box[2] <= size[0] and 0 <= box[1] < box[3] <= size[1]
    return box if inside else None


def _extents(data: bytes, meta: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """(start, end) in the file of the first part of each item that is AV1."""
    av1 = set()
    infos = _find(data, *meta, b"iinf")
    version = data[infos[0]]
    for kind, start, _ in _boxes(data, infos[0] + (8 if version else 6), infos[1]):
        if kind == b"infe" and data[start] >= 2:
            item, name = struct.unpack_from(">I2x4s" if data[start] == 3 else ">H2x4s", data, start + 4)
            if name == b"av01":
                av1.add(item)
    place, _ = _find(data, *meta, b"iloc")
    version, sizes, bases = struct.unpack_from(">B3xBB", data, place)
    offset_size, length_size, base_size = sizes >> 4, sizes & 15, bases >> 4
    index_size = bases & 15 if version else 0
    count = struct.unpack_from(">I" if version == 2 else ">H", data, place + 6)[0]
    place += 10 if version == 2 else 8

    def number(size: int) -> int:
        nonlocal place
        place += size
        return int.from_bytes(data[place - size : place], "big")

    for _ in range(min(count, _MOST_BOXES)):
        item = number(4 if version == 2 else 2)
        method = number(2) & 15 if version else 0
        number(2)
        base = number(base_size)
        parts = []
        for _ in range(min(number(2), _MOST_BOXES)):
            number(index_size)
            parts.append((base + number(offset_size), number(length_size)))
        if item in av1 and method == 0 and parts:
            start, length = parts[0]
            yield start, start + length if length else len(data)


def _av1_sizes(data: bytes) -> list[tuple[int, int]]:
    """The largest frame of each AV1 sequence header among the OBUs at the start of `data`.

    AV1 specification, sections 5.3 and 5.5.
    """
    sizes = []
    place = 0
    while place < len(data):
        head = data[place]
        place += 2 if head & 4 else 1
        length = shift = 0
        if head & 2:
            while place < len(data) and shift < 56:
                byte = data[place]
                place += 1
                length |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    break
        else:
            length = len(data) - place
        if head >> 3 & 15 == 1:
            sizes.append(_sequence_size(_Bits(data[place : place + length])))
        place += length
    return sizes


class _Bits:
    def __init__(self, data: bytes) -> None:
        self.value, self.left = int.from_bytes(data, "big"), 8 * len(data)

    def __call__(self, count: int) -> int:
        self.left -= count
        if self.left < 0:
            raise ValueError("an AV1 sequence header is cut off")
        return self.value >> self.left & (1 << count) - 1


def _sequence_size(bits: _Bits) -> tuple[int, int]:
    bits(4)  # profile, still picture
    if bits(1):  # reduced header: no timing, one operating point
        bits(5)
    else:
        delay_bits = 0
        decoder_model = False
        if bits(1):
            bits(64)
            if bits(1):
                zeros = 0
                while zeros < 32 and not bits(1):
                    zeros += 1
                bits(zeros)
            decoder_model = bool(bits(1))
            if decoder_model:
                delay_bits = bits(5) + 1
                bits(42)
        delays = bits(1)
        for _ in range(bits(5) + 1):
            bits(12)
            if bits(5) > 7:
                bits(1)
            if decoder_model and bits(1):
                bits(2 * delay_bits + 1)
            if delays and bits(1):
                bits(4)
    wide, high = bits(4) + 1, bits(4) + 1
    return bits(wide) + 1, bits(high) + 1


@dataclass(frozen=True)
class WebP:
    """A WebP (RFC 9649): its canvas, which the decoder makes room for at once, and what it says of it."""

    width: int
    height: int
    animated: bool
    profile: bytes | None
    exif: bytes | None


def webp(data: bytes) -> WebP:
    """What a WebP's first chunks say; struct.error or IndexError when it is cut off."""
    kind = data[12:16]
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return WebP((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, False, None, None)
    if kind != b"VP8X":
        wide, high = struct.unpack_from("<HH", data, 26)
        return WebP(wide & 0x3FFF, high & 0x3FFF, False, None, None)
    chunks: dict[bytes, bytes] = {}
    place = 12
    for _ in range(_MOST_BOXES):
        if place + 8 > len(data):
            break
        kind, length = struct.unpack_from("<4sI", data, place)
        if kind in (b"ICCP", b"EXIF"):
            chunks.setdefault(kind, data[place + 8 : place + 8 + length])
        place += 8 + length + length % 2
    width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
    return WebP(width, height, bool(data[20] & 2), chunks.get(b"ICCP"), chunks.get(b"EXIF"))


def png_parts(data: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """A PNG with nothing but its pixels, and the chunks that say how they are meant, by kind.

    Left out are texts, whose size has no bound, and the animation: what stays is the still picture that
    every program shows, and a fault in a chunk that is not needed does no harm.
    """
    kept = [memoryview(data)[:8]]
    facts: dict[bytes, bytes] = {}
    place = 8
    while place + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        end = place + length + 12
        if kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            kept.append(memoryview(data)[place:end])
        elif kind in (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"eXIf"):
            facts.setdefault(kind, data[place + 8 : end - 4])
        place = end
    return b"".join(kept), facts


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
