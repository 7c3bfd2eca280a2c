"""Size against accuracy of compressed SqueezeNets, as recorded in curve.json.

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
    """One network in a file of `bytes`; accuracy in percent.

    `series`: the line it belongs to. `divergence`: KL divergence from the full network's answers in nats,
    `agreement`: percent of equal first answers; `lost`, `won`: pictures that float32 alone, or this network
    alone, answers rightly; None where they were not counted.
    """

    series: str
    bytes: int
    top1: float
    top5: float
    divergence: float | None = None
    agreement: float | None = None
    lost: int | None = None
    won: int | None = None


@dataclass(frozen=True)
class Curve:
    """`on`: the pictures that they are measured on, `pictures` of them. `steps`: the
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
