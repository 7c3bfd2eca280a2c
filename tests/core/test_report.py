"""The report read back: charts are charts, every figure is there, and nothing is missing offline."""

from __future__ import annotations

import html as markup
import io
import itertools
import json
import math
import re
import zipfile
from collections.abc import Iterable
from dataclasses import replace

import pytest
from PIL import Image
from pptx import Presentation
from pptx.enum.chart import XL_CHART_TYPE
from pptx.enum.dml import MSO_LINE
from pptx.enum.shapes import MSO_SHAPE_TYPE, PP_PLACEHOLDER
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml.ns import qn

from squeeze_core import classifier
from squeeze_core.cost import comparison
from squeeze_core.cost.budget import Budget
from squeeze_core.cost.measure import Measurement
from squeeze_core.cost.published import BOARD_SOURCE
from squeeze_core.detector.detections import Detection
from squeeze_core.figures.charts import Bubbles, Chart, Squares
from squeeze_core.figures.plotly_charts import figure
from squeeze_core.figures.style import luminance, readable
from squeeze_core.images import Picture
from squeeze_core.networks.catalogue import named
from squeeze_core.networks.engine import Engine
from squeeze_core.report import Branding, Report, findings, html, pptx, tables
from squeeze_core.report.parts import Table
from squeeze_core.report.sections import CHOICES, MAIN, USUAL, sections

FOOTER = PP_PLACEHOLDER.FOOTER
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
    rows = tuple(comparison.row(name) for name in NAMES)
    return Report(rows, everybody, measured, chelsea, answers, found, Budget(16, 64))


@pytest.fixture(scope="module")
def slides(report: Report) -> list:
    return written(report)


def written(report: Report, keys: Iterable[str] = USUAL) -> list:
    return list(Presentation(io.BytesIO(pptx.write(report, keys))).slides)


def titles(slides: list) -> list[str]:
    return [one.shapes.title.text_frame.text for one in slides]


def test_squeezenet_is_always_in_the_report(report: Report) -> None:
    assert [row.name for row in report.rows] == ["squeezenet1_1", *NAMES]


def test_four_slides_decide_and_the_rest_is_appendix(report: Report, slides: list) -> None:
    assert titles(slides)[:4] == [
        "Approve a trial of SqueezeNet in our product",
        "AlexNet’s accuracy in 1/49 of its bytes, compressed in 1/519",
        "Downloads shrink from 20 min to 25 s; speed gains less",
        "We recommend SqueezeNet where bytes decide",
    ]
    assert "22× faster than VGG16" in titles(slides)[6]
    everything = written(report, CHOICES)
    assert all(len(title.split()) <= 12 for title in titles(everything))
    for number, one in enumerate(everything):
        words = all_text(one)
        assert "Python" not in words and "PyTorch" not in words and "10^" not in words
        foot = next(shape for shape in one.placeholders if shape.placeholder_format.type == FOOTER)
        assert foot.text_frame.text.startswith("Appendix") == (number >= 4)
        assert len(one.notes_slide.notes_text_frame.text.split("\n\n")) == 2, "words to say, and sources"


def test_the_first_slide_says_what_is_asked_gained_and_lost(slides: list) -> None:
    said = all_text(slides[0])
    assert "4.94 MB" in said and "244 MB" in said and "0.47 MB" in said
    assert "23 points" in said and "ResNet50 has 80.9 %" in said
    assert "2.3×" in said and "Raspberry Pi Zero 2 W" in said and "not 49×" in said


def all_text(slide: object) -> str:
    texts = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]  # type: ignore[attr-defined]
    cells = [
        cell.text
        for shape in slide.shapes  # type: ignore[attr-defined]
        if shape.has_table
        for cell in shape.table.iter_cells()
    ]
    return "\n".join(texts + cells)


def test_no_text_is_smaller_than_12_points_but_sources(report: Report) -> None:
    for slide in written(report, CHOICES):
        for run in slide._element.iter(qn("a:rPr"), qn("a:defRPr")):
            source = "".join(run.getparent().getparent().itertext()).startswith("Source: ")
            assert source or int(run.get("sz", 1200)) >= 1200
        for shape in slide.shapes:
            if shape.has_chart:
                sizes = [int(size) for size in shape.chart._chartSpace.xpath(".//@sz")]
                assert sizes and min(sizes) >= 1200


def test_a_companys_template_gives_layout_font_and_colour(report: Report) -> None:
    branding = Branding(template=template())
    file = Presentation(io.BytesIO(pptx.write(replace(report, branding=branding))))
    assert (file.slide_width.pt, file.slide_height.pt) == (720, 540) and len(file.slides) == 8
    for slide in file.slides:
        kinds = {type_of(shape) for shape in slide.placeholders}
        assert {PP_PLACEHOLDER.TITLE, FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER} <= kinds
        assert any(
            kind in kinds for kind in (PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.CHART, PP_PLACEHOLDER.TABLE)
        )
        # Fonts and text colours are the theme's.
        assert set(slide._element.xpath(".//a:latin/@typeface")) <= {"+mn-lt"}
        assert not slide._element.xpath(".//a:rPr//a:srgbClr")
    assert file.slides[1].slide_layout.name == "Two Content"
    theme = file.slide_master.part.part_related_by(RELATIONSHIP_TYPE.THEME).blob
    assert b"DejaVu Serif" in theme and b"0055AA" in theme


def type_of(shape: object) -> object:
    return shape.placeholder_format.type  # type: ignore[attr-defined]


def template(kind: bytes = b"template.main+xml") -> bytes:
    """A .potx file with one slide, another font and another accent than python-pptx's own."""
    file, data, made = Presentation(), io.BytesIO(), io.BytesIO()
    file.slides.add_slide(file.slide_layouts[0])
    file.save(data)
    with zipfile.ZipFile(data) as archive, zipfile.ZipFile(made, "w") as copied:
        for name in archive.namelist():
            part = archive.read(name).replace(b"presentation.main+xml", kind)
            part = part.replace(b'"Calibri"', b'"DejaVu Serif"').replace(b"4F81BD", b"0055AA")
            copied.writestr(name, part)
    return made.getvalue()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"no zip", "no PowerPoint file"),
        (template()[:9000], "no PowerPoint file"),
        (template(b"template.macroEnabled.main+xml"), "macros"),
    ],
)
def test_what_is_no_template_is_refused_in_a_sentence(data: bytes, says: str) -> None:
    with pytest.raises(pptx.TemplateError, match=says):
        pptx.opened(data)


def test_every_slide_with_figures_has_its_source_on_it_and_in_the_notes(slides: list) -> None:
    for one in slides:
        texts = [shape.text_frame.text for shape in one.shapes if shape.has_text_frame]
        if any(shape.has_chart or shape.has_table for shape in one.shapes):
            assert any(text.startswith("Source: ") for text in texts)
            assert "Source: " in one.notes_slide.notes_text_frame.text
    fits = slides[5].notes_slide.notes_text_frame.text
    assert "Espressif" in fits and "STMicroelectronics" in fits
    speed = next(one for one in slides if "faster" in one.shapes.title.text_frame.text)
    words = " ".join(shape.text_frame.text for shape in speed.shapes if shape.has_text_frame)
    assert "Test CPU, 2 threads, 2026-01-31" in words and "untrained weights: VGG16" in words


def test_charts_are_native_hold_the_numbers_and_begin_at_zero(report: Report) -> None:
    slides = written(report, CHOICES)
    charts = [shape.chart for one in slides for shape in one.shapes if shape.has_chart]
    assert len(charts) >= 8
    bars = [chart for chart in charts if chart.chart_type == XL_CHART_TYPE.BAR_CLUSTERED]
    for chart in bars:  # a bar is as long as its number is large, and none is cut off
        axis = chart.value_axis
        assert axis.minimum_scale == 0
        assert max(chart.plots[0].series[0].values) <= axis.maximum_scale
        assert not chart._chartSpace.findall(f".//{qn('c:logBase')}")
    macs = next(one for one in slides[4:] if "multiply-accumulates" in one.shapes.title.text_frame.text)
    plot = next(shape for shape in macs.shapes if shape.has_chart).chart.plots[0]
    values = dict(zip((str(c) for c in plot.categories), plot.series[0].values, strict=True))
    assert values["VGG16"] == 15_470_264_320 and values["SqueezeNet 1.1"] == 387_747_520
    points = [point.data_label.text_frame.text for point in plot.series[0].points]
    assert "15.5 G, 40× more" in points
    # PowerPoint draws the last one on top: the smallest network.
    assert list(values.values()) == sorted(values.values(), reverse=True)
    assert {chart.value_axis.tick_labels.number_format for chart in bars} >= {'0,,," G"', "0 %"}
    shares = [chart for chart in bars if str(chart.plots[0].categories[0]) == "all others"]
    assert len(shares) == 2
    for chart in shares:
        assert list(chart.plots[0].series[0].values)[1:] == sorted(chart.plots[0].series[0].values[1:])


def test_the_accuracy_chart_has_names_line_and_all_networks_within_its_axes(
    report: Report, slides: list
) -> None:
    (chart,) = (
        shape.chart
        for one in slides
        for shape in one.shapes
        if shape.has_chart and shape.chart.chart_type.name.startswith("XY_SCATTER")
    )
    (record,) = (part for column in sections(report, ["accuracy"])[0].columns for part in column)
    assert isinstance(record, Bubbles)
    line, *points = chart.plots[0].series
    assert line.format.line.dash_style == MSO_LINE.ROUND_DOT
    drawn = {one.name: one for one in points}
    for one in record.bubbles:
        fill = drawn[one.name].marker.format.fill.fore_color.rgb
        assert (str(fill) == one.color.lstrip("#").upper()) == one.chosen
    named = {one.name for one in points if one._element.xpath(".//c:dLbl")}
    assert {one.name for one in record.bubbles if one.chosen} <= named
    assert {"SqueezeNet 1.1, compressed", "SqueezeNet, Deep Compression, 6 bit (published)"} <= drawn.keys()
    x, y = chart.category_axis, chart.value_axis
    for one in record.bubbles:
        assert x.minimum_scale <= one.x <= x.maximum_scale and y.minimum_scale <= one.y <= y.maximum_scale
    assert x.tick_labels.number_format == '[<1000000]0," kB";0,," MB"'


def test_pictures_and_charts_have_text_alternatives(report: Report) -> None:
    pictures = 0
    for one in written(report, CHOICES):
        for shape in one.shapes:
            picture = bool(shape._element.xpath("./p:blipFill"))
            if shape.has_chart or shape.has_table or picture:
                assert shape._element.xpath(".//p:cNvPr")[0].get("descr")
                pictures += picture
    assert pictures == 1  # charts are no pictures


def test_a_persons_own_branding(report: Report) -> None:
    logo = Image.new("RGBA", (300, 80), "navy")
    branding = Branding("Kleiner ist besser", "Łukasz, 研发部", "#FFD400", logo, "Start now", "sign it.")
    dressed = replace(report, branding=branding)
    file = Presentation(io.BytesIO(pptx.write(dressed, ["decision", "recommendation"])))
    first, last = file.slides
    assert first.shapes.title.text_frame.text == "Start now"
    assert "Łukasz, 研发部 · Kleiner ist besser" in all_text(first) and "Next step: sign it." in all_text(
        last
    )
    assert any(shape.shape_type == MSO_SHAPE_TYPE.PICTURE for shape in first.shapes)
    assert file.core_properties.author == "Łukasz, 研发部"
    # Yellow for the bar; letters in it are darkened until they can be read on white.
    assert 1.05 / (luminance(readable(branding.color)) + 0.05) >= 4.5
    assert readable("#1B1F24") == "#1B1F24"
    text = html.write(replace(report, branding=branding))
    assert "<title>Kleiner ist besser · SqueezeNet 1.1</title>" in text and "Łukasz, 研发部" in text


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


def test_everything_on_a_slide_is_on_the_slide_and_nothing_lies_over_another(report: Report) -> None:
    for template_ in (None, template()):
        dressed = replace(report, branding=Branding(template=template_))
        file = Presentation(io.BytesIO(pptx.write(dressed, CHOICES)))
        for one in file.slides:
            boxes = []
            for shape in one.shapes:
                left, top = shape.left, shape.top
                right, bottom = left + shape.width, top + shape.height
                assert left >= 0 <= top and right <= file.slide_width and bottom <= file.slide_height
                boxes.append((left, top, right, bottom))
            for a, b in itertools.combinations(boxes, 2):
                apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
                assert apart, one.shapes.title.text_frame.text


def test_unticked_slides_are_left_out(report: Report) -> None:
    keys = [one.key for one in pptx.slides(report, ["fits", "decision"])]
    assert keys == ["decision", "fits"]
    assert len(MAIN) == 4 and set(MAIN) < set(USUAL) < set(CHOICES)


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
    assert len(found) == len(records) >= 9
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
        "MobileNet V3 Small is more accurate than SqueezeNet 1.1 with fewer multiply-accumulates"
    )
    assert (
        findings.accuracy(rows, everybody, "megabytes")
        == "VGG16 is 14 points more accurate with 112× the bytes"
    )
    assert findings.room(rows) == "VGG16 is as large as 112 SqueezeNets"
    assert findings.worth(rows) == "57.5 % top-1 instead of VGG16’s 71.6 %, in 1/112 of the bytes"
    assert findings.worth(rows[:1]) == "57.5 % top-1 in 4.94 MB"
    everybody.append(comparison.row("shufflenet_v2_x0_5"))  # cheaper still, and less accurate
    assert findings.accuracy(rows, everybody, "gmacs") == dominated


def test_the_alternative_follows_the_budget(report: Report) -> None:
    def said(budget: Budget) -> str:
        (section,) = sections(replace(report, budget=budget), ["recommendation"])
        return str(section.columns)

    assert "Without any limit, ResNet50 is more accurate: 80.9 % in 102 MB." in said(Budget())
    assert "more accurate" not in said(Budget(flash_mb=5))
    (section,) = sections(replace(report, budget=Budget(flash_mb=1)), ["fits"])
    assert section.title == "2 of 9 networks fit; SqueezeNet 1.1, compressed is the most accurate"


def test_speed_is_measured_where_both_were_measured_and_published_elsewhere(report: Report) -> None:
    assert findings.speed_gain(()) == (
        pytest.approx(2.27, abs=0.01),
        "on a Raspberry Pi Zero 2 W, as published",
        BOARD_SOURCE,
    )
    both = (measurement("squeezenet1_1", 10), measurement("alexnet", 35))
    assert findings.speed_gain(both)[:2] == (3.5, "on this machine, measured")
    (slide,) = sections(replace(report, measurements=both), ["decision"])
    assert (
        "Time: median here, Test CPU, 2 threads, 2026-01-31." in slide.source and "ncnn" not in slide.source
    )


def test_a_report_of_squeezenet_alone_without_picture_or_measurements_works() -> None:
    alone = Report((), tuple(comparison.row(name) for name in ("squeezenet1_1", "vgg16")))
    assert {section.key for section in sections(alone)} == set(CHOICES) - {"picture", "speed"}
    assert len(written(alone)) == 7
    assert "1,235,496" in html.write(alone)
    assert math.isclose(tables.rows(alone)[0]["Top-1 published (%)"], 57.5)


def test_a_compressed_file_stands_beside_its_uncompressed_self_on_the_same_pictures(report: Report) -> None:
    (scale,) = sections(report, ["scale"])
    squares = scale.columns[0][0]
    assert isinstance(squares, Squares) and squares.squares[-1].value == 471_330
    words = str(scale.columns[1][0])
    assert "Top-1 62.7 % uncompressed and 62.7 % compressed: +0.0 points (−2.9 to +2.9)" in words
    assert written(report, ["scale"])
    (row,) = (row for row in tables.rows(report) if row["Network"] == "SqueezeNet 1.1, compressed")
    assert row["Top-1 published (%)"] is None
    assert (row["Top-1 measured (%)"], row["Top-5 measured (%)"]) == (62.67, 80.67)
    assert row["MB to store (10⁶ bytes)"] == 0.47
