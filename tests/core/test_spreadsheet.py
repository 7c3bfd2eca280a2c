from __future__ import annotations

import codecs
import csv
import io
import zipfile

import pytest
from pptx import Presentation

from squeeze_core.figures.charts import Bar, Bars
from squeeze_core.report import pptx
from squeeze_core.spreadsheet import csv_bytes, defused


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
    data = csv_bytes(rows)
    assert data.startswith(codecs.BOM_UTF8)
    read = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert read == [
        {"file": "'=cat.png", "label": 'a, "b"', "score": "", "'@x": ""},
        {"file": "b.png", "label": "", "score": "-0.25", "'@x": ""},
    ]


def test_a_slides_chart_computes_no_name() -> None:
    """The workbook behind a chart would take a name that starts with = for a formula."""
    sheet = Presentation().slides.add_slide(Presentation().slide_layouts[6])
    bars = tuple(Bar(name, 1.0, "1", "#000000") for name in ("=1+1", "cat"))
    pptx._bars(sheet, Bars(bars, "=axis"), (0, 0, 300, 200), None)
    (chart,) = [shape.chart for shape in sheet.shapes if shape.has_chart]
    with zipfile.ZipFile(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob)) as workbook:
        cells = workbook.read("xl/worksheets/sheet1.xml").decode()
        texts = workbook.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in cells and "'=1+1" in texts and "'=axis" in texts
