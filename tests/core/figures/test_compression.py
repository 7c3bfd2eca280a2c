"""The figures of compression hold the recorded numbers, in their order and with their signs."""

from __future__ import annotations

import numpy as np
import pytest

from squeeze_core.compression.curve import PUBLISHED, curve
from squeeze_core.compression.histogram import Histogram
from squeeze_core.cost.comparison import compressed_rows
from squeeze_core.figures import compression

SHIPPED = compressed_rows()[0]


def test_the_curve_holds_every_point_with_its_sign_and_interval() -> None:
    traces = {trace.name: trace for trace in compression.size_accuracy(curve(), SHIPPED).data}
    (full,) = (one for one in curve().points if one.series == "fp32")
    ours = traces["Second-order levels (ours)"]
    points = {
        one.bytes / 1e3: one.top1 - full.top1 for one in curve().points if one.series == "second-order"
    }
    assert list(ours.x) == sorted(ours.x) and ours.mode == "lines+markers"
    assert list(ours.y) == pytest.approx([points[size] for size in ours.x])
    (star,) = (trace for trace in traces.values() if trace.marker.symbol == "star")
    assert SHIPPED.measured is not None and SHIPPED.measured.difference is not None
    change, low, high = SHIPPED.measured.difference
    assert list(star.y) == [change] and list(star.x) == pytest.approx([472.563])
    assert change - star.error_y.arrayminus[0] == pytest.approx(low)
    assert change + star.error_y.array[0] == pytest.approx(high)
    assert traces["Paper’s 6-bit row"].mode == "markers" and list(traces["Paper’s 6-bit row"].y) == [0]


def test_the_curves_table_is_complete_and_begins_with_the_largest_file() -> None:
    rows = compression.curve_rows(curve(), SHIPPED)
    sizes = [row["Bytes"] for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    assert {one.bytes for one in PUBLISHED} < set(sizes) and 472_563 in sizes


def test_a_layers_levels_stand_under_its_weights() -> None:
    levels = np.array([-0.5, 0.0, 0.25])
    found = Histogram(np.array([-1.0, 0.0, 1.0]), np.array([3, 4]), levels, np.array([1, 5, 1]), 2.0, 1.5)
    weights, values = compression.layer_levels(found).data
    assert list(weights.x) == [-0.5, 0.5] and list(weights.y) == [3, 4]
    assert list(values.x) == [-0.5, 0, 0.25] and list(values.y) == [1, 5, 1]
    assert values.width == pytest.approx(0.6 * 0.25) and values.yaxis == "y2"
