"""Files of several frames, pages or bands: how many there are is said, and each can be had."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import Image

from squeeze_core import images
from squeeze_core.__main__ import main
from squeeze_core.images import ImageError

COLOURS = ((255, 255, 255), (200, 0, 0), (0, 200, 0))
PLAIN = [Image.new("RGB", (40, 30), colour) for colour in COLOURS]


def saved(kind: str) -> bytes:
    buffer = io.BytesIO()
    if kind == "HEIF":
        pillow_heif.register_heif_opener()
    if kind == "deep TIFF":
        with tifffile.TiffWriter(buffer) as file:
            for picture in PLAIN:
                file.write(np.asarray(picture, np.uint16) * 257, photometric="rgb")
    else:
        PLAIN[0].save(buffer, kind, save_all=True, append_images=PLAIN[1:])
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "deep TIFF", "HEIF", "AVIF"])
def test_every_frame_can_be_had_and_the_first_says_how_many_there_are(kind: str) -> None:
    data = saved(kind)
    found = [images.decode(data, "a", frame=number) for number in range(3)]
    for number, (picture, colour) in enumerate(zip(found, COLOURS, strict=True)):
        np.testing.assert_allclose(np.asarray(picture.image).mean((0, 1)), colour, atol=6)
        assert picture.about() == f"frame {number + 1} of 3"
    assert len({picture.key for picture in found}) == 3
    with pytest.raises(ImageError):
        images.decode(data, "a", frame=3)


def test_one_frame_has_nothing_to_say() -> None:
    buffer = io.BytesIO()
    PLAIN[1].save(buffer, "GIF")
    assert images.decode(buffer.getvalue(), "a.gif").about() == ""


def test_damage_in_a_later_page_spoils_no_earlier_one_and_a_smaller_copy_is_no_page() -> None:
    half = saved("TIFF")[:5500]
    assert images.decode(half, "a.tif").image.getpixel((5, 5)) == (255, 255, 255)
    with pytest.raises(ImageError):
        images.decode(half, "a.tif", frame=2)
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        file.write(np.full((60, 80), 7, np.uint8), subifds=1)
        file.write(np.full((30, 40), 7, np.uint8), subfiletype=1)
        file.write(np.full((30, 40), 7, np.uint8), subfiletype=1)
    assert images.decode(buffer.getvalue(), "a.tif").frames == 1


def test_the_command_line_says_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.gif").write_bytes(saved("GIF"))
    assert main(["classify", str(tmp_path / "a.gif"), "--device", "cpu"]) == 0
    assert "frame 1 of 3" in capsys.readouterr().out
    assert main(["classify", str(tmp_path / "a.gif"), "--device", "cpu", "--json"]) == 0
    assert '"frames": 3' in capsys.readouterr().out


def bands(values: np.ndarray, **options: object) -> images.Picture:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, photometric="minisblack", **options)
    return images.decode(buffer.getvalue(), "a.tif")


BANDS = np.stack([np.full((30, 40), 30 * number, np.uint8) for number in range(7)])


@pytest.mark.parametrize("planar", ["separate", "contig"])
def test_of_many_bands_three_are_shown(planar: str) -> None:
    values = BANDS if planar == "separate" else np.moveaxis(BANDS, 0, 2).copy()
    picture = bands(values, planarconfig=planar)
    assert picture.image.getpixel((5, 5)) == (0, 30, 60)
    assert picture.about() == "7 bands, of which the first three are shown as red, green and blue"


def test_bands_are_shown_as_the_file_calls_them() -> None:
    items = "".join(
        f'<Item name="COLORINTERP" sample="{band}" role="colorinterp">{colour}</Item>'
        for band, colour in ((5, "Red"), (3, "Green"), (1, "Blue"), (0, "Undefined"))
    )
    told = f"<GDALMetadata>{items}</GDALMetadata>"
    picture = bands(BANDS, planarconfig="separate", extratags=[(42112, "s", 0, told, True)])
    assert picture.image.getpixel((5, 5)) == (150, 90, 30)
    assert picture.about() == "7 bands, shown as its red, green and blue"


@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_places_without_a_measurement_are_not_in_the_spread(dtype: type) -> None:
    values = np.linspace(300, 580, 30 * 40).reshape(30, 40).astype(dtype)
    values[:5] = -9999
    picture = bands(values, extratags=[(42113, "s", 0, "-9999", True)])
    shown = np.asarray(picture.image)[..., 0]
    assert (shown[:5] == 0).all() and shown[5:].min() == 0 and shown[5:].max() == 255
    assert 110 < shown[5:].mean() < 145
