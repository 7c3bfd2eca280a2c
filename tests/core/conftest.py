"""The odd and the broken files that strangers bring, made from one photograph."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image, ImageCms

from squeeze_core.images import Picture
from squeeze_core.networks.engine import Engine

T = Image.Transpose
# How a camera that was held that way would have stored an upright picture.
STORED = {2: T.FLIP_LEFT_RIGHT, 3: T.ROTATE_180, 4: T.FLIP_TOP_BOTTOM, 5: T.TRANSPOSE}
STORED |= {6: T.ROTATE_90, 7: T.TRANSVERSE, 8: T.ROTATE_270}


@dataclass(frozen=True)
class OddFiles:
    """`good`: files that hold `photo`. `strange`: files with a picture of their own. `bad`: file
    name → what the refusal must say."""

    folder: Path
    photo: Image.Image
    good: tuple[str, ...]
    strange: tuple[str, ...]
    bad: dict[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.good, *self.strange, *self.bad)


@pytest.fixture
def pretended_gpu() -> Engine:
    """An engine whose device takes tensors as a GPU does, on any machine."""
    engine = Engine("cpu")
    engine.device = "meta"
    return engine


@pytest.fixture
def full_gpu(pretended_gpu: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The same with memory for the weights, but for no convolution."""
    forward = torch.nn.Conv2d.forward

    def without_memory(layer: torch.nn.Conv2d, x: torch.Tensor) -> torch.Tensor:
        if x.device.type == "meta":
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(layer, x)

    monkeypatch.setattr(torch.nn.Conv2d, "forward", without_memory)
    return pretended_gpu


@pytest.fixture(scope="session")
def odd_files(tmp_path_factory: pytest.TempPathFactory, chelsea: Picture) -> OddFiles:
    folder = tmp_path_factory.mktemp("odd")
    photo = chelsea.image.resize((150, 100))
    good, strange = _good(folder, photo), _strange(folder, photo)
    return OddFiles(folder, photo, good, strange, _bad(folder))


def png_header(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + _chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _good(folder: Path, photo: Image.Image) -> tuple[str, ...]:
    made = []

    def save(name: str, image: Image.Image = photo, **options: object) -> None:
        image.save(folder / name, **options)
        made.append(name)

    for name in ("plain.png", "plain.bmp", "plain.tif", "plain.webp", "plain.avif", "plain.jpg"):
        save(name, quality=95)
    save("plain.gif", photo.quantize(256))
    save("palette.png", photo.quantize(256))
    save("progressive.jpg", quality=95, progressive=True)
    save("cmyk.jpg", photo.convert("CMYK"), quality=95)
    save("cmyk.tif", photo.convert("CMYK"))
    save("two-pictures.mpo", save_all=True, append_images=[Image.new("RGB", photo.size)], quality=95)
    for name in ("animated.gif", "animated.webp", "animated.png", "pages.tif"):
        save(name, save_all=True, append_images=[Image.new("RGB", photo.size)], quality=95)
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    save("lab.tif", ImageCms.profileToProfile(photo, srgb, lab, outputMode="LAB"))
    opaque = photo.convert("RGBA")
    save("rgba.png", opaque)
    save("rgba.webp", opaque, lossless=True)
    save("rgba.avif", opaque, quality=95)
    for orientation in range(1, 9):
        turn = STORED.get(orientation)
        stored = photo if turn is None else photo.transpose(turn)
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        save(f"exif-{orientation}.jpg", stored, exif=exif, quality=95)
        if orientation in (3, 6):
            for kind in ("png", "webp", "tif", "avif"):
                save(f"exif-{orientation}.{kind}", stored, exif=exif, quality=95)
    save("damaged-exif.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12garbage", quality=95)
    wide = np.asarray(photo, ">u2") * 257
    rows = b"".join(b"\0" + row.tobytes() for row in wide)
    body = _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    (folder / "16-bit-colour.png").write_bytes(png_header(*photo.size, depth=16) + body)
    (folder / "a-png.jpg").write_bytes((folder / "plain.png").read_bytes())
    (folder / "no-extension").write_bytes((folder / "plain.jpg").read_bytes())
    return (*made, "16-bit-colour.png", "a-png.jpg", "no-extension")


def _strange(folder: Path, photo: Image.Image) -> tuple[str, ...]:
    grey = photo.convert("L")
    strange = {
        "grey.jpg": grey,
        "one-bit.png": grey.convert("1"),
        "16-bit.png": Image.fromarray(np.asarray(grey, np.uint16) * 257),
        "32-bit.tif": grey.convert("I"),
        "float.tif": grey.convert("F"),
        "1x1.png": Image.new("RGB", (1, 1), "red"),
        "1x1.gif": Image.new("L", (1, 1)),
        "strip.png": photo.resize((10000, 40)),
        "column.jpg": photo.resize((1, 3000)),
    }
    for name, image in strange.items():
        image.save(folder / name)
    return tuple(strange)


def _bad(folder: Path) -> dict[str, str]:
    bad = {}

    def write(name: str, data: bytes, says: str) -> None:
        (folder / name).write_bytes(data)
        bad[name] = says

    jpeg = (folder / "plain.jpg").read_bytes()
    for part in range(20):
        size = max(3, len(jpeg) * part // 20)
        write(f"cut-{part:02}.jpg", jpeg[:size], "damaged or incomplete JPEG")
    for kind, name in (("PNG", "png"), ("WebP", "webp"), ("GIF", "gif"), ("BMP", "bmp"), ("TIFF", "tif")):
        data = (folder / f"plain.{name}").read_bytes()
        write(f"half.{name}", data[: len(data) // 2], f"damaged or incomplete {kind}")
        write(f"start.{name}", data[:20], f"damaged or incomplete {kind}")
    avif = (folder / "plain.avif").read_bytes()
    write("half.avif", avif[: len(avif) // 2], "damaged or incomplete AVIF")
    flipped = bytearray((folder / "plain.png").read_bytes())
    flipped[len(flipped) // 2] ^= 0xFF
    write("flipped-bit.png", bytes(flipped), "damaged or incomplete PNG")
    write("huge-header.png", png_header(20_000, 20_000), "damaged or incomplete PNG")
    write("huge.png", png_header(20_000, 20_000) + _chunk(b"IDAT", b""), "20,000×20,000 pixels")
    bmp = struct.pack(
        "<2sIHHIIiiHHIIiiII", b"BM", 54, 0, 0, 54, 40, 20_000, 20_000, 1, 24, 0, 0, 0, 0, 0, 0
    )
    write("huge.bmp", bmp, "20,000×20,000 pixels")
    write("empty.png", b"", "is empty")
    svg = b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="http://www.w3.org/2000/svg"/>'
    write("drawing.svg", svg, "SVG drawing")
    write("drawing.png", b"<svg><rect/></svg>", "SVG drawing")
    write("paper.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF document")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("plain.jpg", jpeg)
    write("pictures.zip", archive.getvalue(), "zip archive")
    write("archive.jpg", archive.getvalue(), "zip archive")
    write("page.jpg", b"<!DOCTYPE html><html>404<svg ></svg></html>", "web page")
    write("phone.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC picture")
    write("notes.png", "Größe: 3 Äpfel".encode(), "text file")
    write("noise.jpg", np.random.default_rng(0).bytes(4000), "not in a supported format")
    (folder / "folder.jpg").mkdir()
    return bad | {"folder.jpg": "is a folder", "missing.jpg": "There is no file"}
