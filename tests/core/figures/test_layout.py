"""Drawn lengths and areas are in the ratio of the numbers, and names do not lie on one another."""

from __future__ import annotations

import math
from itertools import combinations

import pytest

from squeeze_core.cost import comparison
from squeeze_core.cost.compressed import File
from squeeze_core.cost.published import TABLE_2
from squeeze_core.figures import comparison_charts
from squeeze_core.figures.charts import Bars, Square, Squares
from squeeze_core.figures.drawing import Circle, Drawing, Rect, Text, text_width, wrapped
from squeeze_core.figures.layout import draw
from squeeze_core.figures.svg import svg

ROWS = tuple(comparison.row(name) for name in comparison.DEFAULT_NAMES)
EVERYBODY = tuple(comparison.row(name) for name in comparison.NAMES)


def shapes(drawing: Drawing) -> list[Rect]:
    return [item for item in drawing.items if isinstance(item, Rect) and item.value is not None]


@pytest.mark.parametrize("width", [350, 470, 960])
@pytest.mark.parametrize("cost", ["parameters", "megabytes", "gmacs", "activation_megabytes"])
def test_bars_are_as_long_as_their_numbers_are_large(width: float, cost: str) -> None:
    found = shapes(draw(comparison_charts.cost_bars(ROWS, cost), width))  # type: ignore[arg-type]
    longest = max(found, key=lambda bar: bar.width)
    assert len(found) == 4 and longest.width > 0.4 * width
    for bar in found:
        assert bar.width / longest.width == pytest.approx((bar.value or 0) / (longest.value or 1), rel=1e-6)


def test_a_logarithmic_axis_has_dots() -> None:
    drawing = draw(comparison_charts.cost_bars(ROWS, "parameters", log=True), 960)
    assert not shapes(drawing)
    assert len([item for item in drawing.items if isinstance(item, Circle)]) == len(ROWS)


@pytest.mark.parametrize("width", [350, 960])
def test_squares_have_areas_like_their_numbers(width: float) -> None:
    chart = comparison_charts.size_squares(ROWS, [File("File", 420_000, 57.0, 80.0, "")])
    found = shapes(draw(chart, width))
    assert len(found) == 5 + 2  # the two smallest again, closer
    for group in (found[:5], found[5:]):
        for square in group:
            assert square.width == square.height
            share = (square.value or 0) / (group[0].value or 1)
            assert square.width**2 / group[0].width ** 2 == pytest.approx(share)


def test_one_square_alone_is_drawn() -> None:
    drawing = draw(Squares((Square("SqueezeNet 1.1", 4.9e6, "4.9 MB", "#D9560B"),), ""), 350)
    assert shapes(drawing)[0].width > 300


@pytest.mark.parametrize("name", ["squeezenet1_1", "vgg16"])
def test_tiles_fill_their_area_in_proportion(name: str) -> None:
    chart = comparison_charts.parameter_tiles(name, name, comparison.row(name).profile())
    drawing = draw(chart, 470)
    outer = [item for item in shapes(drawing) if item.tip.split(":")[0] in {t.name for t in chart.tiles}]
    total = sum(tile.value for tile in chart.tiles)
    for tile in outer:
        area = tile.width * tile.height / (drawing.width * drawing.height)
        assert area == pytest.approx((tile.value or 0) / total)
        assert tile.x + tile.width <= drawing.width + 1e-6
    assert len(outer) == len(chart.tiles)


def boxes(drawing: Drawing) -> list[tuple[float, float, float, float]]:
    found = []
    for item in drawing.items:
        if isinstance(item, Text):
            wide = text_width(item.text, item.size, item.bold)
            left = item.x - {"start": 0, "middle": wide / 2, "end": wide}[item.anchor]
            found.append((left, item.y - 0.75 * item.size, left + wide, item.y))
    return found


@pytest.mark.parametrize("width", [350, 560, 960])
def test_names_in_the_accuracy_chart_lie_on_nothing(width: float) -> None:
    chart = comparison_charts.accuracy_bubbles(EVERYBODY, "megabytes", comparison.DEFAULT_NAMES)
    drawing = draw(chart, width)
    for one, other in combinations(boxes(drawing), 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (one, other)
    assert all(box[0] >= 0 and box[2] <= width + 1 for box in boxes(drawing))
    written = {item.text for item in drawing.items if isinstance(item, Text)}
    assert {row.title for row in ROWS} <= written
    if width == 960:
        assert {row.title for row in EVERYBODY} <= written
    # Each says all of it when it is pointed at.
    text = svg(drawing)
    assert text.count("<title>") == len(EVERYBODY)
    assert 'aria-label="VGG16: 71.6% top-1; Size' in text


def test_bubbles_have_areas_like_the_other_cost() -> None:
    chart = comparison_charts.accuracy_bubbles(EVERYBODY, "megabytes", comparison.DEFAULT_NAMES)
    circles = [item for item in draw(chart, 960).items if isinstance(item, Circle) and item.radius > 5]
    largest = max(circles, key=lambda circle: circle.radius)
    for circle in circles:
        share = math.sqrt((circle.value or 0) / (largest.value or 1))
        assert circle.radius / largest.radius == pytest.approx(share)


def test_names_and_values_keep_inside_at_every_width() -> None:
    chart = comparison_charts.published_bars(TABLE_2)
    assert isinstance(chart, Bars)
    for width in (350, 560, 960):
        assert all(box[0] >= -1 and box[2] <= width + 1 for box in boxes(draw(chart, width)))


def test_words_are_broken_where_the_line_ends() -> None:
    lines = wrapped("What does small cost, and what does it save?", 20, 150)
    assert len(lines) > 1 and all(text_width(line, 20) <= 150 for line in lines)
    assert "".join(wrapped("x" * 90, 20, 150)) == "x" * 90
    assert all(text_width(line, 20) <= 150 for line in wrapped("压缩" * 20, 20, 150))
