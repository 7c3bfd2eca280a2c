"""Kinds that Pillow reads wrongly or not at all: right values are known, for the files are made here."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image

from squeeze_core.images import ImageError, containers, decode_here, picture

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
    with pytest.raises(ImageError, match=r"^scan\.tif is a kind of TIFF that is not read here\.$"):
        decode_here(tagged_tiff(plain | tags, bytes(96)), "scan.tif")


def test_a_tiff_that_is_cut_off_is_damaged() -> None:
    data = tiff(wide(PHOTO), photometric="rgb")
    with pytest.raises(ImageError, match="damaged or incomplete TIFF"):
        decode_here(data[:-100], "a")


def bitfields(masks: tuple[int, ...], pixels: list[int], bits: int, header: int = 124) -> bytes:
    body = struct.pack(f"<{len(pixels)}{'H' if bits == 16 else 'I'}", *pixels)
    body += b"\0" * (-len(body) % 4)
    info = struct.pack("<IiiHHIIiiII", header, len(pixels), 1, 1, bits, 3, len(body), 0, 0, 0, 0)
    info = (info + struct.pack(f"<{len(masks)}I", *masks)).ljust(header, b"\0")
    return b"BM" + struct.pack("<IHHI", 14 + header + len(body), 0, 0, 14 + header) + info + body


def test_bmp_with_fields_of_any_width() -> None:
    masks = (0x3FF00000, 0x000FFC00, 0x000003FF)
    data = bitfields(masks, [0x3FF00000, 0x0007FC00, 0x000003FF], 32)
    assert shown(data)[0].tolist() == [[255, 0, 0], [0, 127, 0], [0, 0, 255]]
    data = bitfields((0x0F00, 0x00F0, 0x000F, 0xF000), [0xFF00, 0x00F0], 16)
    assert shown(data)[0].tolist() == [[255, 0, 0], [255, 255, 255]]


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


def with_property(data: bytes, box: bytes) -> bytes:
    """An AVIF whose picture has one property more."""
    grown = bytearray(data)
    properties = data.index(b"ipco") - 4
    size = struct.unpack_from(">I", data, properties)[0]
    count = len(list(containers._boxes(data, properties + 8, properties + size)))
    associations = data.index(b"ipma") - 4
    many = associations + 18  # after version, flags, count and the item's number
    assert data[associations + 8] == 0 and data[associations + 15] == 1, "one item, as Pillow writes it"
    end = many + 1 + data[many]
    grown[many] += 1
    grown[end:end] = bytes((0x80 | count + 1,))
    grown[properties + size : properties + size] = box
    more = len(box) + 1
    for kind, by in ((b"ipco", len(box)), (b"ipma", 1), (b"iprp", more), (b"meta", more)):
        place = data.index(kind) - 4
        place += len(box) if kind == b"ipma" else 0
        struct.pack_into(">I", grown, place, struct.unpack_from(">I", grown, place)[0] + by)
    start = struct.pack(">I", data.index(b"mdat") + 4)
    return bytes(grown).replace(start, struct.pack(">I", data.index(b"mdat") + 4 + more), 1)


def test_the_clean_aperture_of_an_avif_is_cut_out() -> None:
    image = Image.new("RGB", (100, 80), "red")
    image.paste("blue", (20, 10, 80, 50))
    # Sizes and the middle's distance from the picture's middle, as fractions: 60×40, 0 right, 10 up.
    clap = struct.pack(">I4s8i", 40, b"clap", 60, 1, 40, 1, 0, 1, -10, 1)
    got = decode_here(with_property(avif(image), clap), "a")
    assert (got.width, got.height) == (60, 40)
    inside = np.asarray(got.image, int)[2:-2, 2:-2]  # its edges have some of the red beside them
    assert np.abs(inside - (0, 0, 255)).max() < 12
    outside = struct.pack(">I4s8i", 40, b"clap", 60, 1, 40, 1, 0, 1, -30, 1)
    assert decode_here(with_property(avif(image), outside), "a").width == 100


def test_the_pixel_limit_of_an_avif_holds_for_the_frame_that_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(picture, "MAX_PIXELS", 10_000)
    data = avif(Image.new("RGB", (128, 128)))
    place = data.index(b"ispe") + 8
    lying = data[:place] + struct.pack(">II", 64, 64) + data[place + 8 :]
    for claim in (data, lying):
        with pytest.raises(ImageError, match="a has 128×128 pixels"):
            decode_here(claim, "a")
