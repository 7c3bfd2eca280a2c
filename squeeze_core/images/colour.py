"""Conversion to sRGB from a file's ICC profile or colour code points, as browsers do it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from PIL import Image, ImageCms

from squeeze_core.images.containers import LARGEST_PROFILE

_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
# Red, green, blue and white, CIE x and y of each in turn.
Primaries = tuple[float, ...]
SRGB_PRIMARIES: Primaries = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
# By the code points of ITU-T H.273, tables 2 and 3, which AVIF, HEIC and PNG (cICP) share.
_PRIMARIES_OF: dict[int, Primaries] = {
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290),  # BT.2020
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.3127, 0.3290),  # Display P3
}
_GAMMA_OF = {4: 2.2, 5: 2.8, 8: 1.0}


@dataclass(frozen=True)
class Encoding:
    """Colours by numbers instead of a profile: `gamma` of the values (None: sRGB's own curve)."""

    gamma: float | None = None
    primaries: Primaries = SRGB_PRIMARIES

    @property
    def is_srgb(self) -> bool:
        """As near to sRGB as programs that mean sRGB write it."""
        same = max(abs(a - b) for a, b in zip(self.primaries, SRGB_PRIMARIES, strict=True)) < 0.005
        return same and (self.gamma is None or abs(self.gamma - 2.2) < 0.11)


def code_points(primaries: int, transfer: int) -> Encoding | None:
    """The encoding of H.273's code points; None for sRGB's kin and for HDR, left as they are."""
    if transfer in (16, 18):
        return None
    encoding = Encoding(_GAMMA_OF.get(transfer), _PRIMARIES_OF.get(primaries, SRGB_PRIMARIES))
    return None if encoding.is_srgb else encoding


def to_srgb(image: Image.Image, colours: bytes | Encoding | None) -> Image.Image:
    """An L, RGB or CMYK picture → RGB in sRGB. `colours`: an ICC profile, an encoding, or nothing said.

    A profile that is damaged, or made for another kind of picture, is ignored. Perceptual intent with
    black point compensation.
    """
    if isinstance(colours, Encoding):
        try:
            return _from_encoding(image.convert("RGB"), colours)
        except (ZeroDivisionError, np.linalg.LinAlgError):  # primaries that no colours have
            return image.convert("RGB")
    if not colours or len(colours) > LARGEST_PROFILE:
        return image.convert("RGB")
    space = colours[16:20]
    if image.mode == "L" and space == b"RGB ":
        image = image.convert("RGB")
    if {"L": b"GRAY", "RGB": b"RGB ", "CMYK": b"CMYK"}[image.mode] != space:
        return image.convert("RGB")
    transform = _transform(colours, image.mode)
    return image.convert("RGB") if transform is None else transform.apply(image)


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From that profile to sRGB; None where it would change nothing, or the profile is damaged."""
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
        intent = ImageCms.Intent.PERCEPTUAL
        transform = ImageCms.ImageCmsTransform(opened, _SRGB, mode, "RGB", intent, flags=flags)
        samples = _samples(mode)
        before, after = samples.convert("RGB").tobytes(), transform.apply(samples).tobytes()
    except Exception:  # LittleCMS and Pillow name no errors
        return None
    same = max(abs(a - b) for a, b in zip(before, after, strict=True)) <= 2
    return None if same else transform


def _samples(mode: str) -> Image.Image:
    """A row of colours all over that mode's space."""
    steps = (0, 24, 64, 128, 192, 255)
    values = [bytes(colour) for colour in product(steps, repeat=len(Image.new(mode, (1, 1)).getbands()))]
    return Image.frombytes(mode, (len(values), 1), b"".join(values))


def _from_encoding(image: Image.Image, encoding: Encoding) -> Image.Image:
    values = np.arange(256) / 255
    if encoding.gamma is None:
        linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    else:
        linear = values**encoding.gamma
    light = linear.astype(np.float32)[np.asarray(image)]
    if encoding.primaries != SRGB_PRIMARIES:
        matrix = np.linalg.inv(_rgb_to_xyz(SRGB_PRIMARIES)) @ _rgb_to_xyz(encoding.primaries)
        light = np.clip(light @ matrix.T.astype(np.float32), 0, 1)
    srgb = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return Image.fromarray(np.rint(srgb * 255).astype(np.uint8))


def _rgb_to_xyz(primaries: Primaries) -> np.ndarray:
    """Linear RGB → XYZ relative to white D65 [3, 3], by Bradford adaptation where white is another."""
    corners = np.array(
        [(x / y, 1, (1 - x - y) / y) for x, y in zip(primaries[::2], primaries[1::2], strict=True)]
    )
    rgb, white = corners[:3].T, corners[3]
    matrix = rgb * np.linalg.solve(rgb, white)
    x, y = SRGB_PRIMARIES[6:]
    d65 = np.array([x / y, 1, (1 - x - y) / y])
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    scale = np.diag((bradford @ d65) / (bradford @ white))
    return np.linalg.inv(bradford) @ scale @ bradford @ matrix
