"""The classical way, for contrast: a hand-made feature and a linear classifier, nothing learnt below it.

Histograms of oriented gradients (Dalal & Triggs, CVPR 2005) and one linear score a class, as
`tools/handmade_study.py` computes them.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

NAME = "hog_linear"
TITLE = "HOG + linear classifier"
SOURCE = "HOG of Dalal & Triggs (CVPR 2005), counted here; no ImageNet accuracy is published"


@cache
def study() -> dict[str, Any]:
    """HOG against SqueezeNet's features on the same crops, as `tools/handmade_study.py` recorded it."""
    return json.loads(files("squeeze_core.cost.handmade").joinpath("study.json").read_text("utf-8"))
