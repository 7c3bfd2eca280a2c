from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from squeeze_core.detector.pretrained import load_detector
from squeeze_core.figures import reliability


def test_page_and_document_show_the_same_points() -> None:
    calibration = load_detector().calibration
    drawn = reliability.diagram(calibration).data[-1]
    assert list(drawn.x) == [row.score for row in calibration.after]
    svg = ElementTree.fromstring(reliability.svg(calibration))
    line = svg.findall("{*}polyline")[-1]
    points = np.array([point.split(",") for point in line.attrib["points"].split()], float)
    assert np.allclose((points[:, 0] - 60) / reliability.SIDE, drawn.x, atol=0.002)
    assert np.allclose(1 - (points[:, 1] - 20) / reliability.SIDE, drawn.y, atol=0.002)


def test_rows_hold_both_series() -> None:
    calibration = load_detector().calibration
    rows = reliability.rows_of(calibration)
    assert len(rows) == len(calibration.before) + len(calibration.after)
