"""Samples of any number type → 8 bits, by one rule that says which values are black and white."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

# The whites that programs use, smallest first, by number type; 12-bit cameras fill 16-bit samples.
_WHITES = {
    "uint8": (255,),
    "int8": (127,),
    "int16": (255, 4095, 32_767),
    "uint16": (255, 4095, 65_535),
    "int32": (255, 65_535),
    "uint32": (255, 65_535, 2**32 - 1),
    "float": (1, 255, 65_535),
}


def levels(values: np.ndarray, bits: int = 0, nodata: float | None = None) -> tuple[float, float]:
    """The values that become black and white.

    A picture that states its `bits` a sample, where that is not what its number type has, uses all
    of them. Else black is 0 and white the smallest customary white that no value exceeds: for
    16-bit samples 255, 4,095 or 65,535, for floats 1, 255 or 65,535. Where a value is below 0 or
    above every customary white, and for 32-bit samples far below it, the picture's own smallest and
    largest value are taken, except that signed 8-bit samples then use −128 to 127. They are taken as well
    for measurements, which state a value for `nodata` that is none of them.
    """
    if bits:
        return 0, 2**bits - 1
    name = "float" if values.dtype.kind == "f" else values.dtype.name
    low, high = _extremes(values, nodata)
    for white in _WHITES.get(name, ()) if nodata is None or name == "uint8" else ():
        if low >= 0 and high <= white and not (white > 65_535 and high < white / 16):
            return 0, white
    return (-128, 127) if name == "int8" else (low, high)


def _extremes(values: np.ndarray, nodata: float | None) -> tuple[float, float]:
    """The smallest and the largest finite value; row by row, so that no copy of all is made."""
    if values.dtype.kind != "f" and nodata is None:
        return float(values.min()), float(values.max())
    low, high = np.inf, -np.inf
    for row in values:
        finite = row[np.isfinite(row) & (row != nodata)].astype(np.float64)
        low, high = float(finite.min(initial=low)), float(finite.max(initial=high))
    return (low, high) if low <= high else (0.0, 0.0)


def scaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """uint8 of the same shape: `low` becomes 0, `high` 255, not-a-number 0."""
    if values.dtype == np.uint8 and (low, high) == (0, 255):
        return values
    if values.dtype == np.uint16:  # looked up, which is ten times quicker
        return _scaled(np.arange(65_536), low, high)[values]
    return _scaled(values, low, high)


def _scaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    wide = values.astype(np.float32)
    np.clip(wide, low, high, out=wide)
    wide[np.isnan(wide)] = low
    wide -= low
    wide *= 255 / max(high - low, 1e-12)
    return np.rint(wide, out=wide).astype(np.uint8)


@dataclass(frozen=True)
class Samples:
    """Decoded samples that Pillow has no mode for; it is read like a Pillow image, band by band.

    `values`: [height, width, channels] of any number type. `mode`: the Pillow mode of those channels
    at 8 bits. `black`, `white`: as `levels` gives them. `clear`: the value of every channel, one
    number each, that means transparent. `premultiplied`: the colours are multiplied by alpha.
    """

    values: np.ndarray
    mode: str
    black: float
    white: float
    inverted: bool = False
    clear: tuple[int, ...] | None = None
    premultiplied: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return self.values.shape[1], self.values.shape[0]

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        """That part (left, top, right, bottom) at 8 bits a channel; transparency as alpha."""
        left, top, right, bottom = box
        part = self.values[top:bottom, left:right]
        bytes_ = scaled(part, self.black, self.white)
        if self.inverted:
            bytes_ = 255 - bytes_
        if self.premultiplied:  # on white at once
            colours, alpha = bytes_[..., :-1].astype(np.uint16), bytes_[..., -1:]
            bytes_ = np.minimum(colours + (255 - alpha), 255).astype(np.uint8)
            return _image(bytes_, self.mode.removesuffix("A"))
        image = _image(bytes_, self.mode)
        if self.clear is not None:
            opaque = (part != np.array(self.clear, part.dtype)).any(-1)
            image.putalpha(Image.fromarray(opaque.astype(np.uint8) * 255))
        return image


def _image(values: np.ndarray, mode: str) -> Image.Image:
    height, width, _ = values.shape
    return Image.frombytes(mode, (width, height), values.tobytes())


def as_meant(values: np.ndarray) -> np.ndarray:
    """Signed 8-bit samples, read as unsigned where that is the smoother picture.

    Some programs mark unsigned bytes as signed; read as they say, every value over 127 would turn black.
    """
    unsigned = values.view(np.uint8)

    def roughness(samples: np.ndarray) -> int:
        return int(np.abs(np.diff(samples.astype(np.int16), axis=1)).sum())

    return unsigned if roughness(unsigned) < roughness(values) else values
