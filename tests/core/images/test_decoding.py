from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile, JpegImagePlugin

from squeeze_core import images
from squeeze_core.images import LONGEST_SIDE, ImageError, decode, decode_here, picture, read


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def difference(a: Image.Image, b: Image.Image) -> float:
    """Mean absolute difference of two pictures of one size, 0–255."""
    return float(np.abs(np.asarray(a, np.float32) - np.asarray(b, np.float32)).mean())


def test_every_format_and_orientation_gives_the_upright_photograph(odd_files) -> None:
    assert len(odd_files.good) >= 35
    for name in odd_files.good:
        picture = read(odd_files.folder / name)
        assert (picture.image.mode, picture.image.size) == ("RGB", (150, 100)), name
        assert (picture.width, picture.height) == (150, 100), name
        assert difference(picture.image, odd_files.photo) < 8, name
        assert picture.name == name and len(picture.key) == 64


def test_strange_pictures_are_read(odd_files) -> None:
    for name in odd_files.strange:
        picture = read(odd_files.folder / name)
        with Image.open(odd_files.folder / name) as image:
            assert (picture.width, picture.height) == image.size, name
        assert picture.image.mode == "RGB" and max(picture.image.size) <= LONGEST_SIDE
    grey = odd_files.photo.convert("L").convert("RGB")
    for name in ("grey.jpg", "16-bit.png", "32-bit.tif", "float.tif"):
        assert difference(read(odd_files.folder / name).image, grey) < 4, name


def test_bad_files_are_refused_in_one_sentence_that_names_file_and_reason(odd_files) -> None:
    assert len(odd_files.bad) >= 45
    for name, says in odd_files.bad.items():
        with pytest.raises(ImageError) as refusal:
            read(odd_files.folder / name)
        sentence = str(refusal.value)
        assert name in sentence and says in sentence, sentence
        assert sentence.endswith(".") and "\n" not in sentence


def test_16_bits_use_the_whole_range() -> None:
    values = np.array([[0, 257, 25_700, 65_535]], np.uint16)
    assert np.asarray(decode(encoded(Image.fromarray(values)), "a.png").image)[0, :, 0].tolist() == [
        0,
        1,
        100,
        255,
    ]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.2, 1.0], [0, 51, 255]),
        ([0.0, 51.0, 255.0], [0, 51, 255]),
        ([0.0, 13_107.0, 65_535.0], [0, 51, 255]),
        ([-5.0, -4.0, 0.0], [0, 51, 255]),
        ([np.nan, 0.2, np.inf], [0, 51, 255]),
        ([-7.0, -7.0, -7.0], [0, 0, 0]),
    ],
)
def test_floats_are_scaled_not_clipped(values: list[float], expected: list[int]) -> None:
    data = encoded(Image.fromarray(np.array([values], np.float32)), "TIFF")
    assert np.asarray(decode(data, "a.tif").image)[0, :, 0].tolist() == expected


def test_large_integers_are_scaled_not_clipped() -> None:
    data = encoded(Image.fromarray(np.array([[-1000, 0, 4000]], np.int32)), "TIFF")
    assert np.asarray(decode(data, "a.tif").image)[0, :, 0].tolist() == [0, 51, 255]


def test_transparent_places_become_white() -> None:
    red = Image.new("RGBA", (2, 1), (255, 0, 0, 255))
    red.putpixel((1, 0), (0, 0, 0, 0))
    palette = Image.new("P", (2, 1))
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.putpixel((1, 0), 1)
    expected = [[255, 0, 0], [255, 255, 255]]
    for data in (encoded(red), encoded(red, "WEBP", lossless=True), encoded(red, "TIFF")):
        assert np.asarray(decode(data, "a").image)[0].tolist() == expected
    for kind in ("PNG", "GIF"):
        assert np.asarray(decode(encoded(palette, kind, transparency=1), "a").image)[0].tolist() == expected
    half = Image.new("LA", (1, 1), (0, 128))
    assert np.asarray(decode(encoded(half), "a").image)[0, 0].tolist() == [127, 127, 127]
    keyed = encoded(Image.new("RGB", (1, 1), (9, 8, 7)), transparency=(9, 8, 7))
    assert np.asarray(decode(keyed, "a").image)[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_large_pictures_are_reduced_and_remember_their_size(kind: str) -> None:
    gradient = Image.linear_gradient("L").convert("RGB")
    exif = Image.Exif()
    exif[0x112] = 6
    picture = decode(encoded(gradient.resize((6000, 4500)), kind, exif=exif), "large")
    assert (picture.width, picture.height) == (4500, 6000)
    assert picture.image.size == (960, 1280)
    upright = gradient.transpose(Image.Transpose.ROTATE_270).resize((960, 1280))
    assert difference(picture.image, upright) < 2


def test_a_large_jpeg_is_decoded_at_reduced_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    load = JpegImagePlugin.JpegImageFile.load
    monkeypatch.setattr(
        JpegImagePlugin.JpegImageFile, "load", lambda image: loaded.append(image.size) or load(image)
    )
    large = decode_here(encoded(Image.new("RGB", (8000, 100)), "JPEG"), "a.jpg")
    assert set(loaded) == {(2000, 25)} and (large.width, large.height) == (8000, 100)


def test_too_many_bytes_are_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "film.jpg"
    with file.open("wb") as opened:
        opened.truncate(images.MAX_BYTES + 1)
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("it was read"))
    with pytest.raises(ImageError, match=r"film\.jpg has 100 MB; at most 100 MB"):
        read(file)


@pytest.mark.parametrize(
    "kind", ["PNG", "WEBP", "lossless", "AVIF", "TIFF", "BMP", "GIF", "HEIF", "JPEG", "progressive"]
)
def test_pixel_limits_are_checked_before_decoding(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variant = {"progressive": "JPEG", "lossless": "WEBP"}
    data = encoded(Image.new("RGB", (64, 64)), variant.get(kind, kind), **{kind: True})
    baseline = kind == "JPEG"
    monkeypatch.setattr(picture, "MAX_PIXELS", 0 if baseline else 4096)
    monkeypatch.setattr(picture, "MAX_BASELINE_JPEG_PIXELS", 4096 if baseline else 0)
    assert decode_here(data, "small").width == 64
    monkeypatch.setattr(picture, "MAX_PIXELS", 4095)
    monkeypatch.setattr(picture, "MAX_BASELINE_JPEG_PIXELS", 4095)
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("it was decoded"))
    with pytest.raises(ImageError, match="big has 64×64 pixels"):
        decode_here(data, "big")


def test_a_device_is_refused() -> None:
    with pytest.raises(ImageError, match="null is a device"):
        read(Path("/dev/null"))


def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    file = tmp_path / "secret.png"
    file.write_bytes(b"x")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ImageError, match=r"secret\.png cannot be read: Permission denied\."):
        read(file)


@pytest.mark.parametrize(("suffix", "spare"), [("png", 2), ("jpg", 1.5)])
def test_for_a_network_enough_pixels_are_left_to_resample(
    suffix: str, spare: float, tmp_path: Path
) -> None:
    path = tmp_path / f"large.{suffix}"
    Image.new("RGB", (1400, 1120)).save(path)
    side = min(images.read(path, 100).image.size)
    assert 100 * spare <= side < 300
    assert images.read(path).image.size == (1280, 1024)


def test_without_posix_s_signals_pictures_are_decoded_in_this_process(tmp_path: Path) -> None:
    """As on Windows."""
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    code = (
        "import signal; del signal.SIGBUS; from squeeze_core import images; images._IN_PROCESSES = False; "
        f"print(images.read({str(tmp_path / 'a.png')!r}).width)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).stdout == b"30\n"
