"""ICC profiles made by code (ICC.1:2010), as small as LittleCMS takes them."""

from __future__ import annotations

import struct

# Colorants of Adobe RGB (1998) and Display P3, adapted to D50, as their makers publish them.
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
DISPLAY_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))


def _profile(kind: bytes, space: bytes, pcs: bytes, tags: dict[bytes, bytes]) -> bytes:
    place = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        data += b"\0" * (-len(data) % 4)
        table += struct.pack(">4sII", name, place + len(body), len(data))
        body += data
    size = 128 + len(table) + len(body)
    head = struct.pack(">I4sI4s4s4s12x4s", size, b"test", 0x02100000, kind, space, pcs, b"acsp")
    head = head.ljust(68, b"\0") + _xyz((0.9642, 1.0, 0.8249))
    return head.ljust(128, b"\0") + table + body


def _xyz(values: tuple[float, ...]) -> bytes:
    return struct.pack(">3i", *(round(value * 65_536) for value in values))


def _gamma(gamma: float) -> bytes:
    return b"curv" + struct.pack(">IIH", 0, 1, round(gamma * 256))


def rgb(colorants: tuple[tuple[float, ...], ...], gamma: float) -> bytes:
    """A screen: red, green and blue colorants, XYZ at D50, and one gamma."""
    names = (b"rXYZ", b"gXYZ", b"bXYZ")
    tags = {name: b"XYZ \0\0\0\0" + _xyz(value) for name, value in zip(names, colorants, strict=True)}
    tags[b"wtpt"] = b"XYZ \0\0\0\0" + _xyz((0.9642, 1.0, 0.8249))
    return _profile(
        b"mntr", b"RGB ", b"XYZ ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _gamma(gamma))
    )


def grey(gamma: float) -> bytes:
    white = b"XYZ \0\0\0\0" + _xyz((0.9642, 1.0, 0.8249))
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"wtpt": white, b"kTRC": _gamma(gamma)})


def cmyk(cyan: tuple[int, int, int]) -> bytes:
    """A press whose full cyan is that Lab colour; the other inks only darken, evenly, and add up."""
    nodes = b""
    for number in range(16):
        c, m, y, k = (number >> bit & 1 for bit in (3, 2, 1, 0))
        lightness = max(0, 100 - c * (100 - cyan[0]) - 30 * m - 10 * y - 90 * k)
        a, b = (cyan[1], cyan[2]) if c and not (m or y or k) else (0, 0)
        nodes += bytes((round(lightness * 2.55), a + 128, b + 128))
    identity = struct.pack(">9i", *(65_536 * (place in (0, 4, 8)) for place in range(9)))
    straight = bytes(range(256))
    lut = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + identity + straight * 4 + nodes + straight * 3
    white = b"XYZ \0\0\0\0" + _xyz((0.9642, 1.0, 0.8249))
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"wtpt": white, b"A2B0": lut})
