from __future__ import annotations

from squeeze_core.detector.pretrained import load_detector
from squeeze_core.figures import reliability


def test_the_diagram_and_its_table_hold_both_series() -> None:
    calibration = load_detector().calibration
    figure, rows = reliability.diagram(calibration), reliability.rows_of(calibration)
    drawn = [(x, y) for trace in figure.data[1:] for x, y in zip(trace.x, trace.y, strict=True)]
    bins = (*calibration.before, *calibration.after)
    assert drawn == [(100 * one.score, 100 * one.right) for one in bins]
    assert [(row["mean score"], row["right"], row["boxes"]) for row in rows] == [
        (one.score, one.right, one.boxes) for one in bins
    ]
