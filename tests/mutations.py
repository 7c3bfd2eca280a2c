"""Damaged files by the thousand: each must give a picture or one sentence, and soon.

    python tests/mutations.py --count 20000 --seed 0

Files are made by code, then bits flipped, bytes overwritten, cut, repeated or swapped, sizes and counts
replaced by extremes. A file's damage depends on the seed and its number alone: `--only 1234` repeats one.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
import pillow_heif
import tifffile
from PIL import Image, ImageCms

from squeeze_core import images

SECONDS = 8.0


@dataclass(frozen=True)
class Outcome:
    """`said`: "picture", what was refused, or the traceback's last line."""

    number: int
    name: str
    said: str
    sound: bool
    seconds: float


@cache
def whole_files() -> tuple[tuple[str, bytes], ...]:
    """(name, bytes): a small file of every kind that is read."""
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


def damaged(number: int, seed: int) -> tuple[str, bytes]:
    """File `number` of that seed."""
    rng = random.Random(seed << 32 | number)
    name, whole = rng.choice(whole_files())
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
    return f"{number}-{name}", bytes(data)


def outcome(number: int, seed: int) -> Outcome:
    """What becomes of one file."""
    name, data = damaged(number, seed)
    start = time.monotonic()
    try:
        picture = images.decode(data, name)
        said, sound = (
            "picture",
            picture.image.mode == "RGB" and max(picture.image.size) <= images.LONGEST_SIDE,
        )
    except images.ImageError as error:
        sentence = str(error)
        said = sentence.removeprefix(name).strip()
        sound = sentence.startswith(name) and sentence.endswith(".") and "\n" not in sentence
    except Exception as error:
        said, sound = f"{type(error).__name__}: {error}", False
    seconds = time.monotonic() - start
    return Outcome(number, name, said, sound and seconds < SECONDS, seconds)


def outcomes(numbers: range, seed: int) -> Iterator[Outcome]:
    """What becomes of many, several at a time."""
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
        said[" ".join("…" if any(c.isdigit() for c in word) else word for word in kind.split())] += 1
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
