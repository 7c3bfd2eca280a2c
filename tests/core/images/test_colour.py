"""Right values come from the standards' own formulas (IEC 61966-2-1, Adobe RGB (1998), SMPTE EG 432-1)."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from squeeze_core.images import decode_here
from squeeze_core.images.colour import code_points, to_srgb
from tests.core.images.profiles import ADOBE_RGB, DISPLAY_P3, cmyk, grey, rgb

ADOBE = rgb(ADOBE_RGB, 2.2)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def first_pixel(data: bytes) -> list[int]:
    return np.asarray(decode_here(data, "a").image)[0, 0].tolist()


def png_with(chunks: dict[bytes, bytes], image: Image.Image) -> bytes:
    data = encoded(image, "PNG")
    extra = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks.items()
    )
    return data[:33] + extra + data[33:]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_an_embedded_profile_is_converted_whatever_the_kind_of_file(kind: str) -> None:
    image = Image.new("RGB", (64, 64), (176, 102, 58))
    data = encoded(image, kind, icc_profile=ADOBE, quality=100)
    assert first_pixel(data) == pytest.approx([198, 102, 52], abs=4)
    assert first_pixel(encoded(image, kind, quality=100)) == pytest.approx([176, 102, 58], abs=4)


def test_a_wide_gamut_screen_a_grey_and_a_press_profile() -> None:
    p3 = encoded(Image.new("RGB", (4, 4), (128, 128, 128)), "PNG", icc_profile=rgb(DISPLAY_P3, 1.0))
    assert first_pixel(p3) == pytest.approx([188, 188, 188], abs=1)
    p3 = encoded(Image.new("RGB", (4, 4), (100, 150, 120)), "PNG", icc_profile=rgb(DISPLAY_P3, 1.0))
    assert first_pixel(p3) == pytest.approx([159, 203, 181], abs=1)
    linear = encoded(Image.new("L", (4, 4), 55), "JPEG", icc_profile=grey(1.0), quality=100)
    assert first_pixel(linear) == pytest.approx([128, 128, 128], abs=2)
    press = cmyk(cyan=(60, -10, -20))
    inks = Image.new("CMYK", (4, 4), (255, 0, 0, 0))
    for kind in ("JPEG", "TIFF"):
        assert first_pixel(encoded(inks, kind, icc_profile=press, quality=100)) == pytest.approx(
            [106, 151, 179], abs=3
        )
        assert first_pixel(encoded(inks, kind, quality=100)) == pytest.approx([0, 255, 255], abs=2)


def test_a_grey_picture_with_a_screen_profile_takes_its_curve() -> None:
    image = Image.new("L", (4, 4), 55)
    data = encoded(image, "TIFF", icc_profile=rgb(DISPLAY_P3, 1.0))
    assert first_pixel(data) == pytest.approx([128, 128, 128], abs=1)


def test_profiles_of_png_that_libpng_refuses_are_ignored() -> None:
    grey_picture, colours = Image.new("L", (4, 4), 55), Image.new("RGB", (4, 4), (55, 55, 55))
    fits = encoded(grey_picture, "PNG", icc_profile=grey(1.0))
    assert first_pixel(fits) == pytest.approx([128, 128, 128], abs=1)
    swapped = bytearray(grey(1.0))
    swapped[64:68] = bytes((1, 0, 0, 0))  # the intent, in the wrong order of bytes
    for image, profile in (
        (grey_picture, rgb(DISPLAY_P3, 1.0)),
        (colours, grey(1.0)),
        (grey_picture, swapped),
    ):
        assert first_pixel(encoded(image, "PNG", icc_profile=bytes(profile))) == [55, 55, 55]


@pytest.mark.parametrize(
    "profile", [b"A" * 200, ADOBE[:300], grey(1.0), cmyk((60, -10, -20)), b"A" * 9_000_000]
)
def test_a_damaged_or_foreign_profile_is_ignored(profile: bytes) -> None:
    image = Image.new("RGB", (4, 4), (10, 200, 30))
    assert first_pixel(encoded(image, "PNG", icc_profile=profile)) == [10, 200, 30]
    assert to_srgb(image, profile).getpixel((0, 0)) == (10, 200, 30)


def test_a_profile_that_does_not_end_is_ignored() -> None:
    bomb = b"icc\0\0" + zlib.compress(b"A" * 20_000_000)
    assert first_pixel(png_with({b"iCCP": bomb}, Image.new("RGB", (2, 2), (10, 200, 30)))) == [10, 200, 30]


def test_transparent_places_are_white_under_a_profile_too() -> None:
    clear = Image.new("RGBA", (4, 4), (176, 102, 58, 0))
    assert first_pixel(encoded(clear, "PNG", icc_profile=ADOBE)) == [255, 255, 255]


GAMMA = b"gAMA"
LINEAR = struct.pack(">I", 100_000)
P3 = struct.pack(">8I", 31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000)


@pytest.mark.parametrize(
    ("chunks", "stored", "shown"),
    [
        ({GAMMA: LINEAR}, (55, 0, 255), [128, 0, 255]),
        ({GAMMA: struct.pack(">I", 55_556)}, (128, 128, 128), [146, 146, 146]),
        ({GAMMA: struct.pack(">I", 45_455)}, (55, 100, 200), [55, 100, 200]),
        ({GAMMA: LINEAR, b"cHRM": P3}, (100, 150, 120), [159, 203, 181]),
        ({GAMMA: LINEAR, b"sRGB": b"\0"}, (55, 0, 255), [55, 0, 255]),
        ({GAMMA: LINEAR, b"cICP": bytes((1, 13, 0, 1))}, (55, 0, 255), [55, 0, 255]),
        ({b"cICP": bytes((12, 13, 0, 1))}, (200, 100, 50), [215, 93, 31]),
        ({b"cICP": bytes((1, 8, 0, 1))}, (55, 0, 255), [128, 0, 255]),
        ({b"cHRM": P3}, (200, 100, 50), [200, 100, 50]),
        ({GAMMA: bytes(4)}, (55, 0, 255), [55, 0, 255]),
        ({GAMMA: LINEAR, b"cHRM": bytes(32)}, (55, 0, 255), [55, 0, 255]),
    ],
)
def test_png_says_its_colours_by_numbers(
    chunks: dict[bytes, bytes], stored: tuple[int, int, int], shown: list[int]
) -> None:
    data = png_with(chunks, Image.new("RGB", (2, 2), stored))
    assert first_pixel(data) == pytest.approx(shown, abs=1)


def test_a_profile_stands_above_gamma() -> None:
    data = encoded(Image.new("RGB", (2, 2), (176, 102, 58)), "PNG", icc_profile=ADOBE)
    data = data[:33] + png_with({GAMMA: LINEAR}, Image.new("RGB", (1, 1)))[33:49] + data[33:]
    assert first_pixel(data) == pytest.approx([198, 102, 52], abs=1)


def test_code_points_of_srgb_and_of_high_dynamic_range_change_nothing() -> None:
    assert code_points(1, 13) is code_points(9, 16) is code_points(9, 18) is None


@pytest.mark.parametrize(("transfer", "gamma"), [(4, 2.2), (5, 2.8), (8, 1.0)])
def test_code_points_have_the_gamma_of_the_standards_table(transfer: int, gamma: float) -> None:
    """H.273, table 3."""
    shown = to_srgb(Image.new("RGB", (2, 2), (128, 128, 128)), code_points(9, transfer))
    light = (128 / 255) ** gamma
    grey_level = 255 * (1.055 * light ** (1 / 2.4) - 0.055)
    assert shown.getpixel((0, 0)) == pytest.approx((grey_level,) * 3, abs=1)
