"""SqueezeNet 1.1 in fewer bits for a runtime, as rows of the comparison: bytes and accuracy as measured."""

from __future__ import annotations

from dataclasses import replace

from squeeze_core.compression.curve import Point, curve
from squeeze_core.cost.comparison import REFERENCE, NetworkRow, compressed_rows, row
from squeeze_core.networks.catalogue import DEFAULT, Measured

_TITLES = {
    "fp16": "SqueezeNet 1.1, float16 (ONNX)",
    "int8": "SqueezeNet 1.1, int8 per channel (ONNX)",
}


def precision_rows() -> tuple[NetworkRow, ...]:
    """One row a file, with what it loses against float32 on the curve's pictures."""
    points = {point.series: point for point in curve().points}
    return tuple(_row(points[series], title) for series, title in _TITLES.items())


def _row(point: Point, title: str) -> NetworkRow:
    full, found = row(REFERENCE), curve()
    return replace(
        full,
        name=f"{full.name}_{point.series}",
        title=title,
        top1=None,
        top5=None,
        source=f"measured against {full.title} on {found.on}",
        note="",
        network=replace(DEFAULT, compressed=DEFAULT.name),
        stored_bytes=point.bytes,
        measured=Measured(
            point.top1, point.top5, found.pictures, found.on, point.lost, point.won, point.agreement
        ),
    )


def fewer_bytes() -> tuple[NetworkRow, ...]:
    """Every file of SqueezeNet 1.1 in fewer bytes: those that are shipped, and those for a runtime."""
    return (*compressed_rows(), *precision_rows())
