"""Damaged files by the thousand: each is read, or refused in a sentence, and soon.

    python tests/mutations.py --count 20000 --seed 0

Pictures of every kind, weights, compressed networks, detectors and annotations are made by code, then
bits flipped, bytes overwritten, cut, repeated or swapped, sizes and counts replaced by extremes. A file's
damage depends on the seed and its number alone: `--only 1234` repeats one.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import struct
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pillow_heif
import tifffile
import torch
from PIL import Image, ImageCms

from squeeze_core import images
from squeeze_core.compression.presets import compress, uniform
from squeeze_core.cost.design_space import Choice
from squeeze_core.detector import annotations
from squeeze_core.detector.network import Detector
from squeeze_core.detector.pretrained import load_detector, save_detector
from squeeze_core.errors import UserError
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import Network
from squeeze_core.networks.own import UNPUBLISHED, open_own, to_safetensors
from squeeze_core.networks.plan import Metaparameters
from squeeze_core.networks.preprocess import Preprocess
from squeeze_core.networks.torch_network import numpy_arrays
from squeeze_core.networks.weights import OwnFile
from tools.compress_detector import PRESETS, compress_detector

SECONDS = 8.0


@dataclass(frozen=True)
class Outcome:
    """`said`: "read", what was refused, or the traceback's last line."""

    number: int
    name: str
    said: str
    sound: bool
    seconds: float


@cache
def pictures() -> tuple[tuple[str, bytes], ...]:
    """(name, bytes): a small picture of every kind that is read."""
    rng = np.random.default_rng(0)
    smooth = Image.fromarray(rng.integers(0, 255, (6, 8, 3), np.uint8)).resize((80, 60))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x112], exif[0x10F] = 6, "maker"
    facts = {"icc_profile": profile, "exif": exif}
    frames = {"save_all": True, "append_images": [smooth.rotate(90), smooth.rotate(180)]}
    files = []

    def save(name: str, image: Image.Image = smooth, kind: str = "", **options: object) -> None:
        buffer = io.BytesIO()
        image.save(buffer, kind or name.rpartition(".")[2].upper(), **options)
        files.append((name, buffer.getvalue()))

    def tiff(name: str, values: np.ndarray, **options: object) -> None:
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, values, **options)
        files.append((name, buffer.getvalue()))

    save("baseline.jpeg", **facts)
    save("progressive.jpeg", progressive=True)
    save("inks.jpeg", smooth.convert("CMYK"))
    save("grey.jpeg", smooth.convert("L"), restart_marker_blocks=2)
    save("colour.png", **facts)
    save("palette.png", smooth.quantize(16), transparency=3)
    save("wide.png", Image.fromarray(rng.integers(0, 65_535, (20, 30), np.uint16)), transparency=7)
    save("animated.png", **frames)
    save("lossy.webp", **facts)
    save("lossless.webp", smooth.convert("RGBA"), lossless=True)
    save("animated.webp", **frames)
    save("animated.gif", **frames)
    save("plain.bmp")
    save("palette.bmp", smooth.quantize(16))
    save("deflate.tiff", compression="tiff_deflate", **facts)
    save("jpeg.tiff", compression="jpeg")
    save("fax.tiff", smooth.convert("1"), compression="group4")
    wide = np.asarray(smooth, np.uint16) * 257
    tiff("wide.tiff", wide, photometric="rgb", compression="lzw", predictor=True)
    tiff("planes.tiff", np.moveaxis(wide, 2, 0).copy(), photometric="rgb", planarconfig="separate")
    tiff("float.tiff", wide.astype(np.float32), photometric="rgb", compression="zlib", predictor=3)
    save("plain.avif", **facts)
    save("clear.avif", smooth.convert("RGBA"))
    pillow_heif.register_heif_opener()
    save("phone.heic", kind="HEIF", **facts)
    return tuple(files)


@cache
def networks() -> tuple[tuple[str, bytes], ...]:
    """Weights as people keep them, of a SqueezeNet and of a detector so small that each file is."""
    torch.manual_seed(0)
    plan = Choice(Metaparameters(base_e=16, incr_e=8, sr=0.25), stem="1.1").plan()
    state = SqueezeNet(plan, 3).state_dict()
    labels = ("red", "green", "blue")
    weights = OwnFile("own", 1, numpy_arrays(state))
    own = Network("own", "Own", "", weights, Preprocess(64), labels, UNPUBLISHED, plan=plan)
    checkpoint = io.BytesIO()
    torch.save({"state_dict": state, "epoch": 3}, checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "detector.safetensors"
        save_detector(Detector(2, 8).eval(), ("red", "blue"), 64, file)
        detector, _ = compress_detector(load_detector(file), PRESETS["coded 6 bits"])
        return (
            ("own.safetensors", to_safetensors(own)),
            ("own.pth", checkpoint.getvalue()),
            ("own.sqz", compress(own, uniform()).data),
            ("detector.safetensors", file.read_bytes()),
            ("detector.sqz", detector),
        )


@cache
def lists() -> tuple[tuple[str, bytes], ...]:
    """Annotations of the picture cat.png, 60 by 40, in the three forms that are read."""
    box = {"id": 1, "image_id": 1, "category_id": 2, "bbox": [9, 2, 30, 20], "area": 600, "iscrowd": 0}
    coco = {
        "images": [{"id": 1, "file_name": "cat.png", "width": 60, "height": 40}],
        "annotations": [box, box | {"id": 2, "bbox": [1.5, 2, 70, 9]}],
        "categories": [{"id": 2, "name": "cat"}, {"id": 5, "name": "hat"}],
    }
    voc = (
        "<annotation><filename>cat.png</filename><size><width>60</width><height>40</height></size><object>"
        "<name>cat</name><bndbox><xmin>9</xmin><ymin>2</ymin><xmax>39</xmax><ymax>22</ymax></bndbox></object>"
        "</annotation>"
    )
    yolo = "path: .\ntrain: images\nval: images\nnames: {0: cat, 1: hat}\n"
    return (
        ("coco.json", json.dumps(coco).encode()),
        ("cat.xml", voc.encode()),
        ("data.yaml", yolo.encode()),
        ("cat.txt", b"0 0.4 0.3 0.5 0.5\n1 0.2 0.2 0.1 0.1\n"),
    )


@cache
def whole_files() -> tuple[tuple[str, bytes], ...]:
    """(name, bytes): what is damaged; each group is taken as often as there are files in it."""
    return (*pictures(), *networks(), *lists())


def read_picture(name: str, data: bytes) -> None:
    image = images.decode(data, name).image
    assert image.mode == "RGB" and max(image.size) <= images.LONGEST_SIDE


def read_network(name: str, data: bytes) -> None:
    open_own(data, name).load()


def read_detector(name: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes(data)
        load_detector(file)


def read_list(name: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "images").mkdir()
        (root / "labels").mkdir()
        kind = name.partition("-")[2]
        for whole_name, whole in lists():
            place = root / "labels" if whole_name == "cat.txt" else root
            (place / whole_name).write_bytes(data if kind == whole_name else whole)
        for place in (root, root / "images"):
            Image.new("RGB", (60, 40)).save(place / "cat.png")
        sources = {"coco.json": root / kind, "cat.xml": root}
        annotations.read(root, sources.get(kind, root / "data.yaml"))


READERS: dict[str, Callable[[str, bytes], None]] = (
    {name: read_detector for name in ("detector.safetensors", "detector.sqz")}
    | {name: read_network for name in ("own.safetensors", "own.pth", "own.sqz")}
    | {name: read_list for name in ("coco.json", "cat.xml", "data.yaml", "cat.txt")}
)


def damaged(number: int, seed: int) -> tuple[str, bytes]:
    """File `number` of that seed."""
    rng = random.Random(seed << 32 | number)
    name, whole = rng.choice(whole_files())
    if name.endswith(".sqz") and rng.random() < 0.7:
        return f"{number}-{name}", resealed(rng, whole)
    return f"{number}-{name}", harmed(rng, whole)


def harmed(rng: random.Random, whole: bytes) -> bytes:
    data = bytearray(whole)
    # Half of the damage in the first 200 bytes, where headers are.
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        place = rng.randrange(min(len(data), rng.choice((200, len(data)))))
        length = rng.choice((1, 2, 4, 8, 64))
        match rng.randrange(7):
            case 0:
                data[place] ^= 1 << rng.randrange(8)
            case 1:
                data[place : place + length] = rng.randbytes(length)
            case 2:
                extreme = rng.choice(
                    (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFF, rng.getrandbits(32))
                )
                data[place : place + 4] = struct.pack(rng.choice("<>") + "I", extreme)
            case 3:
                del data[place : place + length]
            case 4:
                data[place:place] = data[place : place + rng.choice((length, 1000))]
            case 5:
                del data[place + 8 :]
            case 6:
                other = rng.choice(whole_files())[1]
                start = rng.randrange(len(other))
                data[place : place + length] = other[start : start + length]
        if len(data) < 4:
            break
    return bytes(data)


def resealed(rng: random.Random, whole: bytes) -> bytes:
    """A .sqz file damaged by somebody who knows it: lengths and checksums fit."""
    head = struct.Struct("<8sII")
    magic, length, _ = head.unpack_from(whole)
    text, parts = zlib.decompress(whole[head.size : head.size + length]), whole[head.size + length :]
    if rng.random() < 0.5:
        text = harmed(rng, text)
    else:
        document = json.loads(text)
        row = rng.choice(document["tensors"])
        start = sum(one[4] for one in document["tensors"][: document["tensors"].index(row)])
        part = harmed(rng, parts[start : start + row[4]])
        parts = parts[:start] + part + parts[start + row[4] :]
        row[4:] = len(part), zlib.crc32(part)
        text = json.dumps(document).encode()
    text = zlib.compress(text)
    return head.pack(magic, len(text), zlib.crc32(text)) + text + parts


def outcome(number: int, seed: int) -> Outcome:
    """What becomes of one file."""
    name, data = damaged(number, seed)
    start = time.monotonic()
    reader = READERS.get(name.partition("-")[2], read_picture)
    try:
        reader(name, data)
        said, sound = "read", True
    except UserError as error:
        sentence = str(error)
        said = sentence.splitlines()[0].partition(name)[2].strip() or sentence
        # What is wrong with annotations is a list, a line each.
        sound = bool(sentence) and (
            reader is read_list or (sentence.endswith(".") and "\n" not in sentence)
        )
    except Exception as error:
        said, sound = f"{type(error).__name__}: {error}", False
    seconds = time.monotonic() - start
    return Outcome(number, name, said, sound and seconds < SECONDS, seconds)


def outcomes(numbers: range, seed: int) -> Iterator[Outcome]:
    """What becomes of many, several at a time."""
    whole_files()
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        yield from threads.map(lambda number: outcome(number, seed), numbers)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, metavar="NUMBER")
    options = parser.parse_args()
    numbers = range(options.count) if options.only is None else range(options.only, options.only + 1)
    said: Counter[str] = Counter()
    wrong = slowest = 0.0
    for found in outcomes(numbers, options.seed):
        kind = found.said if len(found.said) < 60 else found.said[:60] + "…"
        said[
            " ".join("…" if any(c.isdigit() or c == "/" for c in word) else word for word in kind.split())
        ] += 1
        slowest = max(slowest, found.seconds)
        if not found.sound:
            wrong += 1
            print(f"{found.name}: {found.said} ({found.seconds:.1f} s)")
    for sentence, count in said.most_common():
        print(f"{count:7,}  {sentence}")
    print(f"{len(numbers):,} files, {wrong:,.0f} wrong, the slowest {slowest:.1f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
