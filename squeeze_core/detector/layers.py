"""The detector's network as data: SqueezeNet 1.1, a top-down neck and an anchor-free head.

Feature pyramid after Lin et al. 2017 (arXiv:1612.03144); one box per position, given as distances to
its four sides, after FCOS (Tian et al. 2019, arXiv:1904.01355). Neck and head are Fire modules too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from squeeze_core.networks.plan import PLANS, Bypass, FireShape, Layer, fire_layers, state_shapes

STRIDES = (8, 16, 32, 64)
# Input pixel at the middle of each level's first position: 3×3/2 windows; conv1's and the last two padded.
FIRST_CENTRES = (6.5, 14.5, 14.5, 14.5)
# The backbone's last maps at strides 8 and 16, which the neck reads.
BACKBONE_ENDS = ("fire5", "fire9")
# Layers of the head whose outputs, one a level, are the answers: class logits and distances.
HEADS = ("class_logits", "distances")
# A Fire module's input channels, shape and bypass; None for a pool.
Row = tuple[int, FireShape, Bypass] | None


def detector_layers(classes: int, width: int) -> list[Layer]:
    """Every layer in the order in which it runs: the backbone, which reads "pictures", neck and head.

    The backbone's Fire modules are fire2 … fire9; those of neck and head are named after the module of
    `network.Detector` that holds them, with their place where it holds several: "stride16.1/squeeze". The
    head runs once a level: "class_tower.p8.0", "box_tower.p64", "class_logits.p8", "distances.p8".
    """
    half = width // 2

    def fire(channels: int, squeeze: int, expand: int, bypass: Bypass = "none") -> Row:
        return channels, FireShape(squeeze, expand, expand), bypass

    # Further depth as simple bypass Fire modules (SqueezeNet, section 6).
    deeper, pool = fire(384, 96, 192, "simple"), None
    rows: dict[str, tuple[Row, ...]] = {
        "stride16": 2 * (fire(512, 64, 256, "simple"),),
        "stride32": (pool, fire(512, 96, 192), fire(384, 96, 192), deeper, deeper),
        "stride64": (pool, fire(384, 96, half)),
        # A level's features all pass the squeeze, so these are wider than SqueezeNet's 1 in 8.
        "merge32": (fire(384 + width, 96, half),),
        "merge16": (fire(512 + width, 128, half), fire(width, 96, half, "simple")),
        "merge8": (fire(256 + width, 96, half), fire(width, 64, half, "simple")),
        "class_tower": (fire(width, 64, half), fire(width, 64, half, "simple")),
        "box_tower": (fire(width, 48, half),),
    }
    # conv1 is padded, so that each level is exactly twice the next.
    layers = PLANS["1.1"].feature_layers("backbone", padding=1)

    def add(attribute: str, reads: str, name: str = "") -> str:
        """Append the attribute's layers and return the name of its output."""
        for number, row in enumerate(rows[attribute]):
            place = f".{number}" if len(rows[attribute]) > 1 else ""
            one, path = f"{name or attribute}{place}", f"{attribute}{place}"
            if row is None:
                layers.append(Layer(one, "max_pool", (reads,), path, padding=1))
            else:
                layers.extend(fire_layers(one, f"{path}.", reads, *row))
            reads = one
        return reads

    def merge(attribute: str, features: str, coarser: str) -> str:
        """The attribute's output for a level's features with the next level's, enlarged."""
        layers.append(Layer(f"{attribute}/input", "concat_enlarged", (features, coarser)))
        return add(attribute, f"{attribute}/input")

    stride8, stride16 = BACKBONE_ENDS
    stride16 = add("stride16", stride16)
    stride32 = add("stride32", stride16)
    p64 = add("stride64", stride32)
    p32 = merge("merge32", stride32, p64)
    p16 = merge("merge16", stride16, p32)
    p8 = merge("merge8", stride8, p16)
    for stride, level in zip(STRIDES, (p8, p16, p32, p64), strict=True):
        heads = (("class_tower", "class_logits", classes), ("box_tower", "distances", 4))
        for tower, last, outputs in heads:
            reads = add(tower, level, f"{tower}.p{stride}")
            layers.append(Layer(f"{last}.p{stride}", "conv", (reads,), last, (outputs, width, 1, 1)))
    return layers


def detector_shapes(classes: int, width: int) -> dict[str, tuple[int, ...]]:
    """Name in the state dict → shape."""
    return state_shapes(detector_layers(classes, width)) | {"level_scale": (len(STRIDES),)}


def answers(found: Mapping[str, Any], level_scale: Any, xp: Any = np) -> Any:
    """The heads' outputs as `network.Detector` returns them, float32 [N, positions, 4 + classes].

    All are arrays of `xp`: NumPy, or PyTorch, which keeps gradients.
    """
    levels = []
    for level, stride in enumerate(STRIDES):
        logits, distances = (found[f"{head}.p{stride}"] for head in HEADS)
        distances = xp.exp(xp.clip(distances * level_scale[level], None, 6)) * stride
        left, top, right, bottom = (distances[:, side : side + 1] for side in range(4))
        y, x = (xp.asarray(one, device=left.device) for one in centres(level, *left.shape[-2:]))
        y = y[:, None]
        whole = xp.concatenate([x - left, y - top, x + right, y + bottom, logits], 1)
        levels.append(whole.reshape(*whole.shape[:2], -1))
    return xp.concatenate(levels, 2).swapaxes(1, 2)


def centres(level: int, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Centres y and x of a level's positions in pixels of the input, float32 [rows] and [columns]."""
    first, stride = FIRST_CENTRES[level], STRIDES[level]
    y, x = (first + stride * np.arange(count, dtype=np.float32) for count in (rows, columns))
    return y, x


def average_flipped(answers: np.ndarray, height: int, width: int) -> np.ndarray:
    """The mean of the outputs for pictures and for their mirror images: flip augmentation at test time.

    `answers`: float32 [2N, positions, 4 + classes], of N pictures of that height and width in pixels, then
    of their mirror images, whose positions and boxes are flipped back first.
    """
    output, flipped = np.split(answers, 2)
    sizes = level_sizes(height, width)
    ends = np.cumsum([rows * columns for rows, columns in sizes])
    levels = np.split(flipped, ends[:-1], axis=1)
    turned = np.concatenate(
        [
            level.reshape(len(level), *size, -1)[:, :, ::-1].reshape(level.shape)
            for level, size in zip(levels, sizes, strict=True)
        ],
        axis=1,
    )
    turned[..., [0, 2]] = width - turned[..., [2, 0]]
    return (output + turned) / 2


def level_sizes(height: int, width: int) -> list[tuple[int, int]]:
    """Rows and columns of each level's positions."""
    return [(math.ceil(height / stride), math.ceil(width / stride)) for stride in STRIDES]
