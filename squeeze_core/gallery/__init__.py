"""Sample pictures, so that every task has something real to work on before anyone brings their own."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from squeeze_core.images import Picture, decode

FOLDER = Path(str(files("squeeze_core.gallery")))

_SCIKIT_IMAGE = "scikit-image 0.26, skimage/data"
_AS_JPEG = "; here as a JPEG of quality 92"


@dataclass(frozen=True)
class Sample:
    """One sample picture: `file` name in FOLDER, `alt` a description for people who cannot see it,
    `limits` what the networks cannot say of it."""

    file: str
    title: str
    alt: str
    source: str
    licence: str
    limits: str = ""

    @property
    def path(self) -> Path:
        return FOLDER / self.file

    def picture(self) -> Picture:
        """The decoded picture, known by its bytes: somebody may bring the same."""
        return decode(self.path.read_bytes(), self.file)


SAMPLES = (
    Sample(
        "chelsea.png",
        "Chelsea the cat",
        "The face of a tabby cat with green eyes, close up",
        f"{_SCIKIT_IMAGE}/chelsea.png; by Stéfan van der Walt",
        "CC0",
    ),
    Sample(
        "coffee.jpg",
        "A cup of coffee",
        "Espresso in a red cup on a red saucer with a spoon, on a wooden table, from above",
        f"{_SCIKIT_IMAGE}/coffee.png; by Rachel Michetti, courtesy of Pikolo Espresso Bar{_AS_JPEG}",
        "CC0",
    ),
    Sample(
        "motorcycle_left.jpg",
        "A motorcycle in a garage",
        "A red motorcycle from the side, parked in a garage before shelves of boxes",
        f"{_SCIKIT_IMAGE}/motorcycle_left.png; Middlebury 2014 stereo benchmark{_AS_JPEG}",
        "as distributed with scikit-image; cite Scharstein et al., GCPR 2014",
    ),
    Sample(
        "camera.png",
        "A photographer",
        "A man in a dark coat looking into a camera on a tripod, on a lawn, in black and white",
        f"{_SCIKIT_IMAGE}/camera.png; by Lav Varshney",
        "CC0",
    ),
    Sample(
        "astronaut.jpg",
        "Eileen Collins",
        "A smiling astronaut in an orange space suit, helmet at hand, before a flag and a space shuttle",
        f"{_SCIKIT_IMAGE}/astronaut.png; NASA Great Images{_AS_JPEG}",
        "public domain (NASA)",
        "None of ImageNet's 1,000 classes is an astronaut, so that any name is wrong; the detector "
        "finds the person.",
    ),
    Sample(
        "china.jpg",
        "A pavilion in China",
        "A red pavilion of four tiers with upturned roofs above trees and a lake",
        "scikit-learn 1.9, sklearn/datasets/images/china.jpg; by danielbuechele, flickr.com",
        "CC BY 2.0",
        "None of ImageNet's 1,000 classes is a pavilion, and none of the detector's 20 a building.",
    ),
)


def samples() -> tuple[Sample, ...]:
    """Every sample, the one for a first visitor first."""
    return SAMPLES
