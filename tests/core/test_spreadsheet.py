from __future__ import annotations

import csv
import io

import pytest

from squeeze_core.spreadsheet import csv_text, defused


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "=cmd|'/C'!A0"]
)
def test_text_that_would_be_computed_is_text(text: str) -> None:
    assert defused(text) == f"'{text}"


@pytest.mark.parametrize("value", [-0.5, -3, None, "-0.5", "-3", "cat", "", "a=b", "1e-3", True])
def test_everything_else_stays_as_it_is(value: object) -> None:
    assert defused(value) is value


def test_the_text_reads_back_as_rows() -> None:
    rows = [{"file": "=cat.png", "label": 'a, "b"'}, {"file": "b.png", "score": -0.25, "@x": None}]
    read = list(csv.DictReader(io.StringIO(csv_text(rows))))
    assert read == [
        {"file": "'=cat.png", "label": 'a, "b"', "score": "", "'@x": ""},
        {"file": "b.png", "label": "", "score": "-0.25", "'@x": ""},
    ]
