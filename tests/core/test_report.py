"""The report read back: charts are charts, every figure is there, and nothing is missing offline."""

from __future__ import annotations

import html as markup
import io
import itertools
import json
import math
import re
from collections.abc import Iterable
from dataclasses import replace

import pytest
from PIL import Image
from pptx import Presentation
from pptx.enum.chart import XL_CHART_TYPE
from pptx.enum.dml import MSO_FILL
from pptx.enum.shapes import MSO_SHAPE_TYPE
from pptx.oxml.ns import qn

from squeeze_core import classifier
from squeeze_core.cost import comparison
from squeeze_core.cost.budget import Budget, judge
from squeeze_core.cost.measure import Measurement
from squeeze_core.detector.detections import Detection
from squeeze_core.figures.charts import Bubbles, Chart, Squares
from squeeze_core.figures.plotly_charts import figure
from squeeze_core.figures.style import luminance, readable
from squeeze_core.images import Picture
from squeeze_core.inside.explain import explain
from squeeze_core.networks.catalogue import DEFAULT, named
from squeeze_core.networks.engine import Engine
from squeeze_core.report import Branding, Report, findings, html, pptx, tables
from squeeze_core.report.parts import Table
from squeeze_core.report.sections import CHOICES, MAIN, USUAL, sections

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
    answers = tuple(next(classifier.classify([chelsea], engine, named(model))) for model in models)
    everybody = tuple(comparison.row(name) for name in ("squeezenet1_1", *NAMES[:3], "alexnet"))
    measured = (measurement("squeezenet1_1", 10), measurement("vgg16", 220))
    found = (Detection("cat", 7, 0.94, (20.0, 20.0, 400.0, 290.0)),)
    seen = explain(chelsea, engine, DEFAULT, "cam", answers[0].top(1)[0].index)
    rows = tuple(comparison.row(name) for name in NAMES)
    return Report(rows, everybody, measured, chelsea, answers, found, seen, Budget(16, 64))


@pytest.fixture(scope="module")
def slides(report: Report) -> list:
    return written(report)


def written(report: Report, keys: Iterable[str] = USUAL) -> list:
    return list(Presentation(io.BytesIO(pptx.write(report, keys))).slides)


def titles(slides: list) -> list[str]:
    return [one.shapes.title.text_frame.text for one in slides]


def test_squeezenet_is_always_in_the_report(report: Report) -> None:
    assert [row.name for row in report.rows] == ["squeezenet1_1", *NAMES]


def test_five_slides_say_it_and_the_rest_is_appendix(slides: list) -> None:
    said = titles(slides)
    assert said[0] == "SqueezeNet has AlexNet’s accuracy with 49× fewer parameters"
    assert said[1] == "VGG16 is as large as 112 SqueezeNets"
    assert "more accurate" in said[2] and "Egyptian cat" in said[3]
    assert (
        said[4]
        == "Within 16 MB of storage and 64 MB of memory, take SqueezeNet 1.1: nothing more accurate fits"
    )
    assert said[5] == "Appendix"
    assert any("22× faster than VGG16" in title for title in said[6:])
    words = " ".join(
        shape.text_frame.text for one in slides for shape in one.shapes if shape.has_text_frame
    )
    assert "fc6" not in words and "HOG" not in " ".join(said) and "10^" not in words


def test_every_slide_with_figures_has_its_source_on_it_and_in_the_notes(slides: list) -> None:
    for one in slides:
        texts = [shape.text_frame.text for shape in one.shapes if shape.has_text_frame]
        if any(shape.has_chart or shape.has_table for shape in one.shapes):
            assert any(text.startswith("Source: ") for text in texts)
            assert "Source: " in one.notes_slide.notes_text_frame.text
    fits = slides[4].notes_slide.notes_text_frame.text
    assert "Espressif" in fits and "STMicroelectronics" in fits
    speed = next(one for one in slides if "faster" in one.shapes.title.text_frame.text)
    words = " ".join(shape.text_frame.text for shape in speed.shapes if shape.has_text_frame)
    assert "Test CPU, 2 threads, 2026-01-31" in words and "untrained weights: VGG16" in words


def test_charts_are_native_hold_the_numbers_and_begin_at_zero(slides: list) -> None:
    charts = [shape.chart for one in slides for shape in one.shapes if shape.has_chart]
    assert len(charts) >= 8
    bars = [chart for chart in charts if chart.chart_type == XL_CHART_TYPE.BAR_CLUSTERED]
    for chart in bars:  # a bar is as long as its number is large, and none is cut off
        axis = chart.value_axis
        assert axis.minimum_scale == 0
        assert max(chart.plots[0].series[0].values) <= axis.maximum_scale
        assert not chart._chartSpace.findall(f".//{qn('c:logBase')}")
    macs = next(one for one in slides[6:] if "multiply-accumulates" in one.shapes.title.text_frame.text)
    plot = next(shape for shape in macs.shapes if shape.has_chart).chart.plots[0]
    values = dict(zip((str(c) for c in plot.categories), plot.series[0].values, strict=True))
    assert values["VGG16"] == 15_470_264_320 and values["SqueezeNet 1.1"] == 387_747_520
    points = [point.data_label.text_frame.text for point in plot.series[0].points]
    assert "15.5 G, 40× more" in points
    # PowerPoint draws the last one on top: the smallest network.
    assert list(values.values()) == sorted(values.values(), reverse=True)
    assert {chart.value_axis.tick_labels.number_format for chart in bars} >= {'0,,," G"', '0" MB"', '0" %"'}
    shares = [chart for chart in bars if str(chart.plots[0].categories[0]) == "all others"]
    assert len(shares) == 2
    for chart in shares:
        assert list(chart.plots[0].series[0].values)[1:] == sorted(chart.plots[0].series[0].values[1:])


def test_bubbles_are_filled_where_chosen_and_all_lie_within_the_axes(report: Report, slides: list) -> None:
    (chart,) = (
        shape.chart
        for one in slides
        for shape in one.shapes
        if shape.has_chart and shape.chart.chart_type == XL_CHART_TYPE.BUBBLE
    )
    (record,) = (part for column in sections(report, ["accuracy"])[0].columns for part in column)
    assert isinstance(record, Bubbles)
    chosen = {one.name for one in record.bubbles if one.chosen}
    series = list(chart.plots[0].series)
    assert {one.name for one in series if one.format.fill.type == MSO_FILL.SOLID} == chosen
    x, y = chart.category_axis, chart.value_axis
    for one in record.bubbles:
        assert x.minimum_scale <= one.x <= x.maximum_scale and y.minimum_scale <= one.y <= y.maximum_scale
    assert x.tick_labels.number_format == '0,," MB"'


def test_squares_on_the_slide_are_to_scale(slides: list) -> None:
    squares = [
        (shape._element.xpath(".//p:cNvPr")[0].get("descr") or "", shape)
        for shape in slides[1].shapes
        if shape.shape_type == MSO_SHAPE_TYPE.AUTO_SHAPE
    ]
    large = next(shape for words, shape in squares if words.startswith("VGG16"))
    small = next(shape for words, shape in squares if words.startswith("SqueezeNet"))
    assert large.width == large.height and small.width == small.height
    assert (large.width / small.width) ** 2 == pytest.approx(138_357_544 / 1_235_496, rel=0.02)


def test_pictures_and_charts_have_text_alternatives(slides: list) -> None:
    pictures = 0
    for one in slides:
        for shape in one.shapes:
            if shape.has_chart or shape.has_table or shape.shape_type == MSO_SHAPE_TYPE.PICTURE:
                assert shape._element.xpath(".//p:cNvPr")[0].get("descr")
                pictures += shape.shape_type == MSO_SHAPE_TYPE.PICTURE
    assert pictures == 2  # detected, and looked into; charts are no pictures


def test_a_persons_own_branding(report: Report) -> None:
    branding = Branding(
        "Kleiner ist besser", "Łukasz, 研发部", "#FFD400", Image.new("RGBA", (300, 80), "navy")
    )
    dressed = replace(report, branding=branding)
    file = Presentation(io.BytesIO(pptx.write(dressed, ["finding", "scale"])))
    first = next(iter(file.slides))
    texts = [shape.text_frame.text for shape in first.shapes if shape.has_text_frame]
    assert "Kleiner ist besser" in texts and "Łukasz, 研发部" in texts
    assert any(shape.shape_type == MSO_SHAPE_TYPE.PICTURE for shape in first.shapes)
    assert file.core_properties.author == "Łukasz, 研发部"
    # Yellow for the bar; letters in it are darkened until they can be read on white.
    assert 1.05 / (luminance(readable(branding.color)) + 0.05) >= 4.5
    assert readable("#1B1F24") == "#1B1F24"
    text = html.write(replace(report, branding=branding))
    assert "<title>Kleiner ist besser</title>" in text and "Łukasz, 研发部" in text


@pytest.mark.parametrize("name", ["<script>x()</script>", "<a href='//evil.example'>cat</a>", "a\x07b\x00"])
def test_names_are_text_on_slides_and_on_the_web_page(report: Report, name: str) -> None:
    answers = tuple(
        replace(answer, network=replace(answer.network, labels=(name,) * len(answer.network.labels)))
        for answer in report.answers
    )
    assert report.picture is not None
    named = replace(report, branding=Branding(name, name), answers=answers)
    named = replace(named, picture=replace(report.picture, name=name))
    text = html.write(named, ["picture"])
    body = re.sub(r"<script.*?</script>", "", text.replace(html.get_plotlyjs(), ""), flags=re.S)
    assert name not in text or "<" not in name
    assert "<a " not in body and body.count(markup.escape(name)) >= 4
    (slide,) = written(named, ["picture"])
    (chart, _) = [shape.chart for shape in slide.shapes if shape.has_chart]
    printable = name.replace("\x07", " ").replace("\x00", " ")
    assert {str(category) for category in chart.plots[0].categories} == {printable}
    assert slide.shapes.title.text_frame.text.count(printable) == 2


def test_everything_on_a_slide_is_on_the_slide(report: Report) -> None:
    for one in pptx.slides(report, CHOICES):
        for _, (left, top, width, height) in pptx.placed(one):
            assert left >= pptx.MARGIN - 1 and left + width <= pptx.WIDTH - pptx.MARGIN + 1
            assert height > 0 and top + height <= pptx.BOTTOM
        boxes = [box for _, box in pptx.placed(one)]
        for (left, top, width, height), (x, y, _, _) in itertools.pairwise(boxes):
            assert left + width <= x or top + height <= y, "no part lies over the one before it"


def test_unticked_slides_are_left_out(report: Report) -> None:
    keys = [one.key for one in pptx.slides(report, ["finding", "fits"])]
    assert keys == ["finding", "fits"]
    assert "features" not in USUAL and len(MAIN) == 5


def test_a_new_section_is_in_every_file(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    from squeeze_core.report import sections as module
    from squeeze_core.report.parts import Section, Words

    entry = module._Entry(
        "extra",
        "Extra",
        False,
        lambda report: Section("One more", ((Words(("Here",)),),), "Us"),
    )
    monkeypatch.setattr(module, "_ENTRIES", [*module._ENTRIES, entry])
    assert titles(written(report, ["extra"])) == ["One more"]
    assert "<h2>One more</h2>" in html.write(report, ["extra"])


def test_the_web_page_asks_for_nothing_and_embeds_the_charts(report: Report) -> None:
    text = html.write(report, CHOICES)
    assert len(text.encode()) < 7_000_000
    assert text.count("plotly.js v") == 1 and "default-src 'none'" in text
    assert not re.findall(r"<(?:script|img|iframe|link)[^>]+(?:src|href)=\"(?!data:)", text)
    assert 'src="data:image/jpeg;base64,' in text
    assert "138,357,544" in text and "Test CPU, 2 threads" in text
    found = re.findall(r'<script type="application/json">(.*?)</script>', text)
    charts = [part for one in sections(report, CHOICES) for column in one.columns for part in column]
    records = [part for part in charts if isinstance(part, Chart)]
    assert len(found) == len(records) >= 10
    for record, made in zip(records, found, strict=True):
        assert json.loads(made) == json.loads(figure(record).to_json())
        assert "<" not in made
    tables_of_charts = [
        one
        for one in sections(report, CHOICES)
        if one.rows and not any(isinstance(part, Table) for column in one.columns for part in column)
    ]
    assert text.count("<summary>Table</summary>") == len(tables_of_charts) >= 5


def test_rows_keep_exact_figures_and_sources(report: Report) -> None:
    rows = {row["Network"]: row for row in tables.rows(report)}
    assert rows["VGG16"]["Parameters"] == 138_357_544 and rows["VGG16"]["ms (median)"] == 220
    assert rows["ResNet50"]["ms (median)"] is None
    assert "ResNet50_Weights" in rows["ResNet50"]["Accuracy from"]
    assert tables.answers(report.answers)[0]["Class"] == "Egyptian cat"


def test_findings_follow_the_numbers() -> None:
    rows = [comparison.row(name) for name in ("squeezenet1_1", "vgg16")]
    assert findings.cost(rows, "gmacs") == "SqueezeNet 1.1 needs 40× fewer multiply-accumulates than VGG16"
    assert [findings.cost(rows[:1], kind) for kind in ("parameters", "megabytes", "gmacs")] == [
        "SqueezeNet 1.1 needs 1.24 M parameters",
        "SqueezeNet 1.1 needs 4.94 MB",
        "SqueezeNet 1.1 needs 388 M multiply-accumulates",
    ]
    small = [comparison.row("mobilenet_v3_small")]
    assert findings.cost(small, "gmacs").startswith("None of these networks needs more")
    everybody = [comparison.row(name) for name in ("squeezenet1_1", "mobilenet_v3_small", "vgg16")]
    dominated = findings.accuracy(rows, everybody, "gmacs")
    assert dominated == (
        "MobileNet V3 Small needs fewer multiply-accumulates than SqueezeNet 1.1 and is more accurate"
    )
    assert (
        findings.accuracy(rows, everybody, "megabytes")
        == "VGG16 is 14 points more accurate with 112× the bytes"
    )
    assert findings.room(rows) == "VGG16 is as large as 112 SqueezeNets"
    everybody.append(comparison.row("shufflenet_v2_x0_5"))  # cheaper still, and less accurate
    assert findings.accuracy(rows, everybody, "gmacs") == dominated


def test_advice_follows_the_budget() -> None:
    everybody = [comparison.row(name) for name in ("squeezenet1_1", "mobilenet_v2", "vgg16")]

    def advice(budget: Budget) -> str:
        return findings.advice(judge(everybody, budget, {}), budget)

    assert (
        advice(Budget()) == "Without any limit, take MobileNet V2; where every byte counts, SqueezeNet 1.1"
    )
    assert (
        advice(Budget(flash_mb=5))
        == "Within 5 MB of storage, take SqueezeNet 1.1: nothing more accurate fits"
    )
    assert advice(Budget(flash_mb=1)).startswith("Within 1 MB of storage, none of these 3 networks fits")
    budget = Budget(flash_mb=20)
    assert findings.reasons(judge(everybody, budget, {}), budget) == (
        "2 of 3 networks fit; the most accurate is MobileNet V2: 72.2 % top-1 as published.",
        "SqueezeNet 1.1 is 2.8× smaller and gives up 15 points of accuracy.",
        "SqueezeNet 1.1 takes 25 % of the storage given.",
    )


def test_a_report_of_squeezenet_alone_without_picture_or_measurements_works() -> None:
    alone = Report((), tuple(comparison.row(name) for name in ("squeezenet1_1", "vgg16")))
    assert {section.key for section in sections(alone)} == set(CHOICES) - {"picture", "speed"}
    assert len(written(alone)) >= 7
    assert "1,235,496" in html.write(alone)
    assert math.isclose(tables.rows(alone)[0]["Top-1 published (%)"], 57.5)


def test_a_compressed_file_stands_beside_its_uncompressed_self_on_the_same_pictures(report: Report) -> None:
    (scale,) = sections(report, ["scale"])
    squares = scale.columns[0][0]
    assert isinstance(squares, Squares) and squares.squares[-1].value == 471_330
    words = str(scale.columns[1][0])
    assert "SqueezeNet 1.1, compressed: 0.47 MB, 10.5 times smaller." in words
    assert "Top-1 62.7 % uncompressed and 62.7 % compressed: +0.0 points (−2.9 to +2.9)" in words
    assert written(report, ["scale"])
    (row,) = (row for row in tables.rows(report) if row["Network"] == "SqueezeNet 1.1, compressed")
    assert row["Top-1 published (%)"] is None
    assert (row["Top-1 measured (%)"], row["Top-5 measured (%)"]) == (62.67, 80.67)
    assert row["MB to store (10⁶ bytes)"] == 0.47
