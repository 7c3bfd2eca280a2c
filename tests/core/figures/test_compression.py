"""The figures of compression hold the recorded numbers, in their order and with their signs."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from squeeze_core.accuracy import share
from squeeze_core.compression.curve import curve
from squeeze_core.compression.fit import Fitted, Size
from squeeze_core.compression.pictures import Judged, Pictures
from squeeze_core.cost.comparison import compressed_rows
from squeeze_core.figures import compression

SHIPPED = compressed_rows()


def test_the_recorded_sizes_are_drawn_with_their_intervals() -> None:
    rows = compression.recorded_rows(curve(), SHIPPED)
    traces = {trace.name: trace for trace in compression.answers_by_size(rows).data}
    ours = traces["Second-order levels"]
    points = {one.bytes / 1e3: one.agreement for one in curve().points if one.series == "second-order"}
    assert list(ours.x) == sorted(points) and ours.mode == "lines+markers"
    assert list(ours.y) == pytest.approx([points[size] for size in ours.x], abs=0.05)
    star = traces["Shipped files, on other pictures"]
    assert list(star.x) == [471.33, 496.077] and star.mode == "markers"
    for number, file in enumerate(SHIPPED):
        assert file.measured is not None and file.measured.same_first_answer is not None
        same = share(file.measured.same_first_answer, file.measured.pictures)
        assert star.y[number] == pytest.approx(same.value, abs=0.05)
        assert star.y[number] - star.error_y.arrayminus[number] == pytest.approx(same.low, abs=0.06)
        assert star.y[number] + star.error_y.array[number] == pytest.approx(same.high, abs=0.06)


def test_the_sizes_of_ones_own_network_are_drawn_with_their_intervals() -> None:
    pictures = Pictures(("",) * 10, (np.zeros((2, 2, 3), np.uint8),) * 10)

    def judged(changed: int) -> Judged:
        before = np.tile([2.0, 0.0], (10, 1))
        after = before.copy()
        after[:changed] = [0.0, 2.0]
        return Judged(pictures, before, after)

    made = SimpleNamespace(bytes=3000)
    fitted = Fitted(made, judged(1), (Size(1e-6, 2000, judged(4)), Size(1e-8, 9000, judged(0))), 10)
    rows = compression.fitted_rows(fitted)
    tried, file = compression.answers_by_size(rows).data
    assert list(tried.x) == [2, 9] and list(tried.y) == [60, 100]
    assert list(file.x) == [3] and list(file.y) == [90] and file.marker.symbol == "star"
    assert file.y[0] - file.error_y.arrayminus[0] == pytest.approx(59.6, abs=0.1)
    assert [row["File"] for row in rows] == ["Sizes tried", "Your file", "Sizes tried"]
    assert not compression.fitted_rows(Fitted(made, None, (), 0))
