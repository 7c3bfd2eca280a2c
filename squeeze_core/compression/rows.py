"""SqueezeNet 1.1's compressed files as rows of the comparison: bytes and accuracy as measured."""

from __future__ import annotations

from dataclasses import replace

from squeeze_core.compression.curve import curve
from squeeze_core.cost.rows import REFERENCE, Row, row

_TITLES = {
    "shipped": "SqueezeNet 1.1, compressed (.sqz)",
    "fp16": "SqueezeNet 1.1, float16 (ONNX)",
    "int8": "SqueezeNet 1.1, int8 per channel (ONNX)",
}


def rows() -> tuple[Row, ...]:
    """One row a file. Its accuracy is the published one, less what the file loses on our pictures."""
    full, points = row(REFERENCE), {point.series: point for point in curve().points}
    return tuple(_row(full, name, points[name].bytes, _lost(name)) for name in _TITLES if name in points)


def _lost(series: str) -> tuple[float, float]:
    """Points of top-1 and top-5 that it has less than float32 on the same pictures."""
    points = {point.series: point for point in curve().points}
    one, full = points[series], points["fp32"]
    assert None not in (one.top1, one.top5, full.top1, full.top5)
    return full.top1 - one.top1, full.top5 - one.top5  # type: ignore[operator]


def _row(full: Row, series: str, size: int, lost: tuple[float, float]) -> Row:
    assert full.top1 is not None and full.top5 is not None
    return replace(
        full,
        name=f"{full.name}_{series}",
        title=_TITLES[series],
        top1=full.top1 - lost[0],
        top5=full.top5 - lost[1],
        source=f"{full.source}; less {lost[0]:.1f} points measured on {curve().on}",
        file_bytes=size,
        stored_bytes=size,
    )
