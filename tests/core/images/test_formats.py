"""Kinds that Pillow reads wrongly or not at all: right values are known, for the files are made here."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image

from squeeze_core.images import ImageError, decode_here

# A ramp in which every channel differs, and which no wrong order of planes or rows leaves as it is.
RAMP = np.arange(8 * 6, dtype=np.uint8).reshape(6, 8) * 5
PHOTO = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], -1)


def shown(data: bytes) -> np.ndarray:
    return np.asarray(decode_here(data, "a").image)


def tiff(values: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def tagged_tiff(tags: dict[int, tuple[int, ...]], body: bytes) -> bytes:
    """A little-endian TIFF of one strip: tags of 16-bit numbers, then the samples."""
    tags |= {273: (0,), 279: (len(body),)}
    start = 8 + 2 + 12 * len(tags) + 4
    extra = b""
    entries = b""
    for tag in sorted(tags):
        values = (start + 200,) if tag == 273 else tags[tag]
        packed = struct.pack(f"<{len(values)}H", *values)
        if len(packed) > 4:
            offset, extra = start + len(extra), extra + packed
            packed = struct.pack("<I", offset)
        entries += struct.pack("<HHI", tag, 3, len(values)) + packed.ljust(4, b"\0")
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    return (head + extra).ljust(start + 200, b"\0") + body


def wide(values: np.ndarray) -> np.ndarray:
    return values.astype(np.uint16) * 257


@pytest.mark.parametrize(
    "options", [{}, {"planarconfig": "separate"}, {"compression": "lzw", "predictor": True}]
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_16_bit_colour_tiff(order: str, options: dict[str, object]) -> None:
    values = wide(PHOTO)
    if "planarconfig" in options:
        values = np.moveaxis(values, 2, 0)
    data = tiff(values, photometric="rgb", byteorder=order, **options)
    assert shown(data).tolist() == PHOTO.tolist()


@pytest.mark.parametrize("scale", [1 / 255, 1.0, 257.0])
def test_float_colour_tiff(scale: float) -> None:
    values = PHOTO.astype(np.float32) * np.float32(scale)
    values[0, 0] = 255 * scale
    expected = PHOTO.copy()
    expected[0, 0] = 255
    for options in ({}, {"compression": "zlib", "predictor": 3}):
        assert shown(tiff(values, photometric="rgb", **options)).tolist() == expected.tolist()


def test_black_may_be_the_largest_value() -> None:
    for values in (RAMP, wide(RAMP), RAMP.astype(np.float32)):
        assert shown(tiff(values, photometric="miniswhite"))[..., 0].tolist() == (255 - RAMP).tolist()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 2**31, 2**32 - 1]], np.uint32), [0, 128, 255]),
        (np.array([[0, 51, 255]], np.uint32), [0, 51, 255]),
        (np.array([[0, 13_107, 65_535]], np.uint32), [0, 51, 255]),
        (np.array([[1000, 2000, 101_000]], np.uint32), [0, 3, 255]),
        (np.array([[0, 819, 4095]], np.uint16), [0, 51, 255]),
        (np.array([[0, 51, 255]], np.uint16), [0, 51, 255]),
        (np.array([[0, 4096, 65_535]], np.uint16), [0, 16, 255]),
        (np.array([[-1024, 0, 3071]], np.int16), [0, 64, 255]),
        (np.array([[-128, -77, -26, 25, 76, 127]], np.int8), [0, 51, 102, 153, 204, 255]),
        (np.array([[-64, 0, 63]], np.int8), [64, 128, 191]),
        (np.array([[0, 51, 102, 153, 204, 255]], np.uint8).view(np.int8), [0, 51, 102, 153, 204, 255]),
        (np.array([[0.0, 0.5, 1.0]], np.float64), [0, 128, 255]),
        (np.array([[0.0, 0.5, 1.0]], np.float16), [0, 128, 255]),
    ],
)
def test_grey_samples_of_any_type(values: np.ndarray, expected: list[int]) -> None:
    assert shown(tiff(values, photometric="minisblack"))[0, :, 0].tolist() == expected


def test_12_bits_a_sample_use_all_of_their_range() -> None:
    packed = b"".join(bytes((a >> 4, (a & 15) << 4 | b >> 8, b & 255)) for a, b in ((0, 255), (2047, 4095)))
    tags = {256: (4,), 257: (1,), 258: (12,), 259: (1,), 262: (1,), 277: (1,), 278: (1,)}
    assert shown(tagged_tiff(tags, packed))[0, :, 0].tolist() == [0, 16, 127, 255]


def test_16_bit_alpha_straight_and_multiplied() -> None:
    half = np.array([[[60_000, 0, 0, 32_768]]], np.uint16)
    straight = tiff(half, photometric="rgb", extrasamples=["unassalpha"])
    assert shown(straight)[0, 0].tolist() == pytest.approx([244, 127, 127], abs=1)
    multiplied = tiff(
        (half // (2, 2, 2, 1)).astype(np.uint16), photometric="rgb", extrasamples=["assocalpha"]
    )
    assert shown(multiplied)[0, 0].tolist() == pytest.approx([244, 127, 127], abs=1)


def test_16_bit_inks() -> None:
    inks = np.array([[[65_535, 0, 0, 0], [0, 0, 0, 65_535]]], np.uint16)
    assert shown(tiff(inks, photometric="separated"))[0].tolist() == [[0, 255, 255], [0, 0, 0]]


def test_tiff_inside_compressed_as_other_formats() -> None:
    smooth = np.repeat(np.arange(0, 256, 4, dtype=np.uint8)[None], 64, 0)
    rgb = np.stack([smooth] * 3, -1)
    for compression in ("webp", "jpeg2000", "zstd", "lzma"):
        got = shown(tiff(rgb, photometric="rgb", compression=compression))
        assert np.abs(got.astype(int) - rgb).max() < 8, compression


@pytest.mark.parametrize(
    "tags",
    [
        {262: (32_803,), 258: (16,)},  # the raw mosaic of a camera
        {262: (32_845,), 258: (16, 16, 16), 277: (3,)},  # LogLuv
        {262: (3,), 258: (16,)},  # a palette of 65,536
        {262: (1,), 258: (8,), 259: (34_933,)},  # a compression that is not known
        {262: (2,), 258: (8, 16, 8), 277: (3,)},
        {262: (8,), 258: (16, 16, 16), 277: (3,)},  # 16-bit Lab
    ],
)
def test_other_kinds_of_tiff_are_not_called_damaged(tags: dict[int, tuple[int, ...]]) -> None:
    plain = {256: (4,), 257: (4,), 259: (1,), 277: (1,), 278: (4,)}
    with pytest.raises(ImageError, match=r"^scan\.tif is a TIFF variant that is not supported\.$"):
        decode_here(tagged_tiff(plain | tags, bytes(96)), "scan.tif")


def test_a_tiff_that_is_cut_off_is_damaged() -> None:
    data = tiff(wide(PHOTO), photometric="rgb")
    with pytest.raises(ImageError, match="damaged or incomplete TIFF"):
        decode_here(data[:-100], "a")


def test_bmp_with_fields_of_unusual_widths_is_refused_and_not_called_damaged() -> None:
    info = struct.pack("<IiiHHIIiiII", 124, 1, 1, 1, 32, 3, 4, 0, 0, 0, 0)
    info = (info + struct.pack("<3I", 0x3FF00000, 0x000FFC00, 0x000003FF)).ljust(124, b"\0")
    data = b"BM" + struct.pack("<IHHI", 142, 0, 0, 138) + info + bytes(4)
    with pytest.raises(ImageError, match=r"^a is a BMP variant that is not supported\.$"):
        decode_here(data, "a")


def png(width: int, depth: int, colour: int, rows: bytes, clear: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, depth, colour, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0" + rows))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"tRNS", clear) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("depth", "rows", "clear", "expected"),
    [
        (16, struct.pack(">3H", 0, 25_700, 65_535), 0, [255, 100, 255]),
        (16, struct.pack(">3H", 25_700, 25_701, 65_535), 25_701, [100, 255, 255]),
        (8, bytes((7, 8, 9)), 8, [7, 255, 9]),
        (4, bytes((0x05, 0xF0)), 5, [0, 255, 255]),
        (2, bytes((0b00_01_10_00,)), 1, [0, 255, 170]),
        (1, bytes((0b0100_0000,)), 0, [255, 255, 255]),
    ],
)
def test_the_transparent_value_of_a_grey_png(
    depth: int, rows: bytes, clear: int, expected: list[int]
) -> None:
    assert shown(png(3, depth, 0, rows, struct.pack(">H", clear)))[0, :, 0].tolist() == expected


def test_the_transparent_colour_of_a_16_bit_png_is_meant_to_the_last_bit() -> None:
    colours = [(25_700, 0, 65_535), (25_701, 0, 65_535)]
    rows = b"".join(struct.pack(">3H", *colour) for colour in colours)
    got = shown(png(2, 16, 2, rows, struct.pack(">3H", *colours[1])))[0].tolist()
    assert got == [[100, 0, 255], [255, 255, 255]]


def test_12_bit_values_of_a_16_bit_colour_png_are_visible() -> None:
    rows = struct.pack(">6H", 0, 819, 4095, 4095, 0, 1638)
    data = png(2, 16, 2, rows, b"")
    data = data.replace(png(2, 16, 2, rows, b"")[33:45], b"")  # no transparent colour after all
    assert shown(data)[0].tolist() == [[0, 51, 255], [255, 0, 102]]


def test_texts_of_a_png_are_not_read() -> None:
    image = Image.fromarray(PHOTO)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    body = b"Comment\0\0" + zlib.compress(b"A" * 30_000_000)
    text = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    data = buffer.getvalue()
    assert shown(data[:33] + text + data[33:]).tolist() == PHOTO.tolist()


def heic(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "HEIF", quality=100, chroma=444, **options)
    return buffer.getvalue()


def test_heic_is_read_upright(samples) -> None:
    photo = samples["chelsea.png"].image.resize((160, 120))
    sideways = photo.transpose(Image.Transpose.ROTATE_90)
    sideways.getexif()[ExifTags.Base.Orientation] = 6
    for data in (heic(photo), heic(sideways)):
        got = decode_here(data, "IMG_0001.HEIC")
        assert (got.format, got.width, got.height, got.image.size) == ("HEIC", 160, 120, (160, 120))
        assert np.abs(np.asarray(got.image, float) - np.asarray(photo)).mean() < 4
    clear = heic(Image.new("RGBA", (64, 64), (255, 0, 0, 0)))
    assert shown(clear)[5, 5].tolist() == [255, 255, 255]
    with pytest.raises(ImageError, match="damaged or incomplete HEIC"):
        decode_here(heic(photo)[:-500], "a")


def avif(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "AVIF", quality=100, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("encode", [avif, heic])
def test_code_points_of_avif_and_heic_are_followed(encode: Callable[[Image.Image], bytes]) -> None:
    plain = encode(Image.new("RGB", (64, 64), (200, 100, 50)))
    place = plain.index(b"colrnclx") + 8
    display_p3 = plain[:place] + struct.pack(">HH", 12, 13) + plain[place + 4 :]
    assert shown(plain)[9, 9].tolist() == pytest.approx([200, 100, 50], abs=3)
    assert shown(display_p3)[9, 9].tolist() == pytest.approx([215, 93, 31], abs=5)
