from __future__ import annotations

from squeeze_core.detector import peers
from squeeze_core.detector.pretrained import NAME, load_detector


def test_rows_hold_what_was_measured_and_what_is_cited() -> None:
    rows = {row.name: row for row in peers.rows()}
    assert next(iter(rows)) == NAME and {"yolox_nano", "tiny_ssd", "ssd300"} <= rows.keys()
    for row in rows.values():
        assert row.source and 30 < row.map50 < 90
        if row.measured:
            assert row.parameters and row.bytes and set(row.milliseconds or ()) == {"1", "2"}
    assert rows[NAME].parameters == sum(p.numel() for p in load_detector().network.parameters())
