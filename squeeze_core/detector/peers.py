"""Other small detectors, as measured by `tools/detector_peers.py` (peers.json) or as published."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECORD = Path(__file__).with_name("peers.json")


@dataclass(frozen=True)
class DetectorRow:
    """One detector's figures. `milliseconds`: threads → from a decoded picture to boxes.

    `map50`, `map`: percent; measured on the pictures that `rows` names, or as `source` published them for
    VOC 2007's test set, of which some count differently. None where it is not published.
    """

    name: str
    title: str
    parameters: int | None
    bytes: int | None
    map50: float
    map: float | None
    milliseconds: dict[str, float] | None
    source: str
    measured: bool


# As published for VOC 2007's test set after training on VOC 2007 and 2012, about twice our pictures.
CITED = (
    DetectorRow("tiny_ssd", "Tiny SSD", 1_130_000, 2_300_000, 61.3, None, None,
        "Wong et al., 2018, arXiv:1802.06488", False),
    DetectorRow("tiny_yolo_v2", "Tiny YOLO v2", None, 60_500_000, 57.1, None, None,
        "Wong et al., 2018, arXiv:1802.06488", False),
    DetectorRow("ssd300", "SSD300", None, None, 74.3, None, None,
        "Liu et al., ECCV 2016, arXiv:1512.02325", False),
)  # fmt: skip


def record() -> dict[str, Any]:
    """The recorded measurements: "on" (the pictures), "machine" and "rows"."""
    return json.loads(RECORD.read_text("utf-8"))


def rows() -> tuple[DetectorRow, ...]:
    """Ours first, then the peers measured beside it, then published figures."""
    return (*(DetectorRow(**row) for row in record()["rows"]), *CITED)
