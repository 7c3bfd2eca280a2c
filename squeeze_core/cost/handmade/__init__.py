"""The classical way, for contrast: a hand-made feature and a linear classifier, nothing learnt below it.

Histograms of oriented gradients (Dalal & Triggs, CVPR 2005) by scikit-image with the paper's own
settings; one linear score a class, as scikit-learn's LinearSVC learns it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from PIL import Image

NAME = "hog_linear"
TITLE = "HOG + linear classifier"
SIDE = 64
CELL, BLOCK, ORIENTATIONS = 8, 2, 9
BLOCKS = SIDE // CELL - BLOCK + 1
FEATURES = BLOCKS * BLOCKS * BLOCK * BLOCK * ORIENTATIONS
SOURCE = "HOG of Dalal & Triggs (CVPR 2005), counted and timed here; no ImageNet accuracy is published"


def hog_features(image: Image.Image) -> np.ndarray:
    """The histogram-of-gradients description of an RGB picture: float32 [FEATURES], 0–1."""
    from skimage.feature import hog

    pixels = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    cells, blocks = (CELL, CELL), (BLOCK, BLOCK)
    return hog(pixels, ORIENTATIONS, cells, blocks, "L2-Hys", channel_axis=-1).astype(np.float32)


def scores(images: Sequence[Image.Image], weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """RGB pictures → float32 [pictures, classes], by `weights` [classes, FEATURES] and `bias` [classes]."""
    return np.stack([hog_features(image) for image in images]) @ weights.T + bias


@cache
def study() -> dict[str, Any]:
    """HOG against SqueezeNet's features on the same crops, as `tools/handmade_study.py` recorded it."""
    return json.loads(files("squeeze_core.cost.handmade").joinpath("study.json").read_text("utf-8"))
