"""Size against accuracy of compressed SqueezeNets, as recorded in curve.json or published elsewhere.

`tools/compression_curve.py` measures the record again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from squeeze_core.compression.steps import StageResult

RECORD = Path(__file__).with_name("curve.json")


@dataclass(frozen=True)
class Point:
    """One network in a file of `bytes`; accuracy in percent, None where it is not published.

    `series`: the line it belongs to. `divergence`: KL divergence from the full network's answers in nats,
    `agreement`: percent of equal first answers; `lost`, `won`: pictures that float32 alone, or this network
    alone, answers rightly; None where they were not counted.
    `source`: where a published figure comes from; "" for those measured here.
    """

    series: str
    bytes: int
    top1: float | None
    top5: float | None
    divergence: float | None = None
    agreement: float | None = None
    source: str = ""
    lost: int | None = None
    won: int | None = None


@dataclass(frozen=True)
class Curve:
    """`on`: the pictures that points without a source are measured on, `pictures` of them. `steps`: the
    sizes of SqueezeNet 1.1 after each stage that the shipped file went through."""

    on: str
    pictures: int
    points: tuple[Point, ...]
    steps: tuple[StageResult, ...]


@cache
def curve() -> Curve:
    """The recorded measurements: curve.json beside this file."""
    document = json.loads(RECORD.read_text("utf-8"))
    points = tuple(Point(**row) for row in document["points"])
    return Curve(
        document["on"], document["pictures"], points, tuple(StageResult(**row) for row in document["steps"])
    )


# Published by others and measured on other pictures, so never joined to ours by a line.
PUBLISHED = (
    Point(
        "authors",
        675_763,
        57.5,
        80.3,
        source="SqueezeNet 1.0 in 8 bits: github.com/forresti/SqueezeNet and arXiv:1602.07360, Table 2",
    ),
    Point("paper", 492_831, 57.5, 80.3, source="0.47 MB in 6 bits, never published: Table 2"),
    Point(
        "MobileNet",
        2_000_000,
        50.6,
        None,
        source="MobileNet v1 0.25, 0.5 M parameters in float32: arXiv:1704.04861, Table 7",
    ),
)
