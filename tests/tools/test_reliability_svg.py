from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from squeeze_core.detector.pretrained import load_detector
from tools import reliability_svg


def test_the_curve_has_a_point_for_each_bin() -> None:
    calibration = load_detector().calibration
    line = ElementTree.fromstring(reliability_svg.svg(calibration)).findall("{*}polyline")[-1]
    points = np.array([point.split(",") for point in line.attrib["points"].split()], float)
    score, right = (points[:, 0] - 60) / 400, 1 - (points[:, 1] - 20) / 400
    assert np.allclose(score, [row.score for row in calibration.after], atol=0.002)
    assert np.allclose(right, [row.right for row in calibration.after], atol=0.002)
