"""The recorded study of hand-made features, and their row of the comparison."""

from __future__ import annotations

from squeeze_core.cost import comparison, handmade


def test_the_recorded_study_compares_like_with_like() -> None:
    record = handmade.study()
    assert comparison.row(handmade.NAME).parameters == (record["hog"]["features"] + 1) * 1000 == 1_765_000
    assert record["squeezenet"]["features"] == 512
    assert record["always_the_commonest_class"] < record["hog"]["top1"] < record["squeezenet"]["top1"]
