"""The take-away, read back: charts are charts, every figure is there, and nothing is missing offline."""

from __future__ import annotations

import io
import json
import math

import pytest
from pptx import Presentation
from pptx.enum.chart import XL_CHART_TYPE
from pptx.enum.shapes import MSO_SHAPE_TYPE
from pptx.oxml.ns import qn

from squeeze_core import classifier
from squeeze_core.cost import rows as zoo
from squeeze_core.cost.measure import Measurement
from squeeze_core.images import Picture
from squeeze_core.networks.engine import Engine
from squeeze_core.report import Report, collect, findings, html, pptx, tables

NAMES = ("vgg16", "resnet50", "efficientnet_lite0", "hog_linear")


def measurement(name: str, milliseconds: float) -> Measurement:
    return Measurement(
        name,
        "Test CPU, 2 threads",
        milliseconds,
        milliseconds,
        milliseconds,
        9,
        70.0,
        8,
        30_000_000,
        name == "squeezenet1_1",
        "2026-01-31",
        "Python 3, PyTorch 2",
    )


@pytest.fixture(scope="module")
def report(engine: Engine, chelsea: Picture) -> Report:
    models = ("squeezenet1_1", "efficientnet_lite0")
    answers = tuple(next(classifier.classify([chelsea], engine, model)) for model in models)
    field = tuple(zoo.row(name) for name in ("squeezenet1_1", *NAMES[:3], "alexnet"))
    measured = (measurement("squeezenet1_1", 10), measurement("vgg16", 220))
    return collect(tuple(zoo.row(name) for name in NAMES), field, measured, chelsea, answers)


@pytest.fixture(scope="module")
def slides(report: Report) -> list:
    return list(Presentation(io.BytesIO(pptx.write(report))).slides)


def test_squeezenet_is_always_in_the_report(report: Report) -> None:
    assert [row.name for row in report.rows] == ["squeezenet1_1", *NAMES]


def test_titles_state_findings_and_every_chart_slide_has_a_source(slides: list) -> None:
    titles = [slide.shapes.title.text_frame.text for slide in slides]
    assert "SqueezeNet 1.1 needs 112× fewer parameters than VGG16" in titles
    assert any("Egyptian cat" in title for title in titles)
    assert any("22× faster than VGG16" in title for title in titles)
    for slide in slides:
        texts = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
        if any(shape.has_chart for shape in slide.shapes):
            assert any(text.startswith("Source: ") for text in texts)
    speed = next(slide for slide in slides if "faster" in slide.shapes.title.text_frame.text)
    words = " ".join(shape.text_frame.text for shape in speed.shapes if shape.has_text_frame)
    assert "Test CPU, 2 threads, 2026-01-31" in words and "untrained weights: VGG16" in words


def test_charts_are_native_and_hold_the_numbers(slides: list) -> None:
    shapes = [shape for slide in slides for shape in slide.shapes]
    charts = [shape.chart for shape in shapes if shape.has_chart]
    assert len(charts) >= 8
    sizes = charts[0].plots[0]
    by_name = dict(zip((str(c) for c in sizes.categories), sizes.series[0].values, strict=True))
    vgg = next(value for name, value in by_name.items() if name.startswith("VGG16"))
    assert vgg == pytest.approx(138.357544)
    bars = [chart for chart in charts if chart.chart_type == XL_CHART_TYPE.BAR_CLUSTERED]
    for chart in bars:  # as long as their numbers are large
        assert chart.value_axis.minimum_scale == 0
        assert not chart._chartSpace.findall(f".//{qn('c:logBase')}")
    # One picture: the person's own. Charts are none.
    assert sum(shape.shape_type == MSO_SHAPE_TYPE.PICTURE for shape in shapes) == 1


def test_pictures_and_charts_have_text_alternatives(slides: list) -> None:
    for slide in slides:
        for shape in slide.shapes:
            if shape.has_chart or shape.shape_type == MSO_SHAPE_TYPE.PICTURE:
                assert shape._element.xpath(".//p:cNvPr")[0].get("descr")


def test_html_is_self_contained(report: Report) -> None:
    text = html.write(report)
    assert text.count("plotly.js v") == 1
    body = text[text.index("<body>") :]
    assert "<script src" not in text and "http://" not in body and "https://" not in body
    assert 'src="data:image/jpeg;base64,' in body
    assert "138,357,544" in body and "Test CPU, 2 threads" in body


def test_json_and_csv_rows_keep_exact_figures_and_sources(report: Report) -> None:
    document = json.loads(json.dumps(tables.document(report), allow_nan=False))
    rows = {row["Network"]: row for row in document["networks"]}
    assert rows["VGG16"]["Parameters"] == 138_357_544 and rows["VGG16"]["ms (batch 1)"] == 220
    assert rows["ResNet50"]["ms (batch 1)"] is None
    assert "ResNet50_Weights" in rows["ResNet50"]["Accuracy from"]
    assert document["answers"][0]["predictions"][0]["label"] == "Egyptian cat"
    assert any("2^20" in line for line in document["sources"])


def test_findings_follow_the_numbers() -> None:
    rows = [zoo.row(name) for name in ("squeezenet1_1", "vgg16")]
    assert findings.cost(rows, "gmacs") == "SqueezeNet 1.1 needs 44× fewer multiply-accumulates than VGG16"
    assert [findings.cost(rows[:1], kind) for kind in ("parameters", "megabytes", "gmacs")] == [
        "SqueezeNet 1.1 needs 1.24 M parameters",
        "SqueezeNet 1.1 needs 4.94 MB of parameters",
        "SqueezeNet 1.1 needs 349 M multiply-accumulates",
    ]
    small = [zoo.row("mobilenet_v3_small")]
    assert findings.cost(small, "gmacs").startswith("None of these networks needs more")
    field = [zoo.row(name) for name in ("squeezenet1_1", "mobilenet_v3_small", "vgg16")]
    dominated = findings.accuracy(rows, field, "gmacs")
    assert dominated == (
        "MobileNet V3 Small needs fewer multiply-accumulates than SqueezeNet 1.1 and is more accurate"
    )
    assert (
        findings.accuracy(rows, field, "megabytes")
        == "VGG16 buys 13 points of accuracy with 112× the bytes"
    )


def test_a_report_of_squeezenet_alone_without_picture_or_measurements_works() -> None:
    alone = collect((), tuple(zoo.row(name) for name in ("squeezenet1_1", "vgg16")))
    assert len(Presentation(io.BytesIO(pptx.write(alone))).slides) >= 7
    assert "1,235,496" in html.write(alone)
    assert math.isclose(tables.rows(alone)[0]["Top-1 (%)"], 58.178)
