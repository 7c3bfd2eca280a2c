"""SqueezeNet 1.1's compressed files as rows of the comparison: bytes and accuracy as measured."""

from __future__ import annotations

from dataclasses import replace

from squeeze_core.compression.curve import Point, curve
from squeeze_core.cost.comparison import REFERENCE, Row, row

_TITLES = {
    "shipped": "SqueezeNet 1.1, compressed (.sqz)",
    "fp16": "SqueezeNet 1.1, float16 (ONNX)",
    "int8": "SqueezeNet 1.1, int8 per channel (ONNX)",
}


def rows() -> tuple[Row, ...]:
    """One row a file. Its accuracy is the published one, less what the file loses on our pictures."""
    full, points = row(REFERENCE), {point.series: point for point in curve().points}
    return tuple(_row(full, points[name], points["fp32"]) for name in _TITLES if name in points)


def _row(full: Row, point: Point, float32: Point) -> Row:
    assert full.top1 is not None and full.top5 is not None
    assert point.top1 is not None and point.top5 is not None
    assert float32.top1 is not None and float32.top5 is not None
    lost = float32.top1 - point.top1
    return replace(
        full,
        name=f"{full.name}_{point.series}",
        title=_TITLES[point.series],
        top1=full.top1 - lost,
        top5=full.top5 - (float32.top5 - point.top5),
        source=f"{full.source}; less {lost:.1f} points measured on {curve().on}",
        file_bytes=point.bytes,
        stored_bytes=point.bytes,
    )
