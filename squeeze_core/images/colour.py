"""Conversion to sRGB from a file's ICC profile or colour code points, as browsers do it."""

from __future__ import annotations

import io
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


def stated_profile(gamma: float | None, primaries: Primaries = SRGB_PRIMARIES) -> bytes | None:
    """An ICC profile for colours that a file states by numbers: `gamma` of the values, None for sRGB's own.

    None as near to sRGB as programs that mean sRGB write it, and for primaries that no colours have.
    """
    same = max(abs(a - b) for a, b in zip(primaries, SRGB_PRIMARIES, strict=True)) < 0.005
    if same and (gamma is None or abs(gamma - 2.2) < 0.11):
        return None
    import imagecodecs  # few pictures need it

    values = np.linspace(0, 1, 4096, dtype=np.float32)
    curve = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    how = {"transferfunction": curve} if gamma is None else {"gamma": gamma}
    try:
        return imagecodecs.cms_profile("rgb", whitepoint=primaries[6:], primaries=primaries[:6], **how)
    except imagecodecs.CmsError:
        return None


def code_points(primaries: int, transfer: int) -> bytes | None:
    """The profile of H.273's code points; None for sRGB's kin and for HDR, left as they are."""
    if transfer in (16, 18):
        return None
    return stated_profile(_GAMMA_OF.get(transfer), _PRIMARIES_OF.get(primaries, SRGB_PRIMARIES))


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """An L, RGB or CMYK picture → RGB in sRGB, by its ICC profile.

    A profile that is damaged, or made for another kind of picture, is ignored. Perceptual intent with
    black point compensation.
    """
    if not profile or len(profile) > LARGEST_PROFILE:
        return image.convert("RGB")
    space = profile[16:20]
    if image.mode == "L" and space == b"RGB ":
        image = image.convert("RGB")
    if {"L": b"GRAY", "RGB": b"RGB ", "CMYK": b"CMYK"}[image.mode] != space:
        return image.convert("RGB")
    transform = _transform(profile, image.mode)
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
