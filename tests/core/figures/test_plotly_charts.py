"""Figures are to scale, say everything that is known of a network, and names do not lie on one another."""

from __future__ import annotations

import json
import math
from itertools import combinations

import plotly.graph_objects as go
import pytest

from squeeze_core.cost import comparison
from squeeze_core.figures import comparison_charts
from squeeze_core.figures.charts import Bar, Bars, Squares
from squeeze_core.figures.plotly_charts import figure

ROWS = tuple(comparison.row(name) for name in comparison.DEFAULT_NAMES)
EVERYBODY = tuple(comparison.row(name) for name in comparison.NAMES)
BUBBLES = comparison_charts.accuracy_bubbles(EVERYBODY, "megabytes", comparison.DEFAULT_NAMES)


def traces(made: go.Figure, kind: str) -> list:
    return [trace for trace in made.data if trace.type == kind]


@pytest.mark.parametrize("cost", ["parameters", "megabytes", "gmacs", "activation_megabytes"])
def test_bars_start_at_zero_on_a_linear_axis_and_are_not_cut_off(cost: str) -> None:
    made = figure(comparison_charts.cost_bars(ROWS, cost))  # type: ignore[arg-type]
    (bars,) = traces(made, "bar")
    low, high = made.layout.xaxis.range
    assert made.layout.xaxis.type == "linear" and low == 0 and max(bars.x) <= high
    assert bars.base is None and bars.orientation == "h"
    told = next(words for words in bars.hovertext if words.startswith("VGG16"))
    for fact in ("138 M parameters", "553 MB", "15.5 G multiply-accumulates", "71.6 % top-1"):
        assert fact in told


def test_a_logarithmic_axis_has_dots() -> None:
    made = figure(comparison_charts.cost_bars(ROWS, "parameters", log=True))
    assert not traces(made, "bar")
    (dots,) = traces(made, "scatter")
    assert dots.mode == "markers" and len(dots.x) == len(ROWS) and made.layout.xaxis.type == "log"
    low, high = made.layout.xaxis.range
    assert 10**low < min(dots.x) and max(dots.x) < 10**high


def test_each_bar_has_its_name_and_value_over_it() -> None:
    made = figure(comparison_charts.cost_bars(ROWS, "parameters"))
    words = {note.y: note.text for note in made.layout.annotations}
    assert words[0] == "SqueezeNet 1.1  <b>1.24 M</b>" and "112× larger" in words[3]
    tall = figure(
        Bars((Bar("A network of a long name", 4.8, "4.8 MB, 50 times smaller", "#D9560B"),) * 4, "")
    )
    assert "<br><b>4.8 MB" in tall.layout.annotations[-1].text and len(ROWS) == 4
    assert tall.layout.height > made.layout.height


def test_a_bars_other_value_is_a_line_at_its_place() -> None:
    bars = Bars((Bar("conv1", 2, "2", "#D9560B", 2.5), Bar("rest", 1, "1", "#D9560B")), "Time", "s")
    assert figure(bars).layout.xaxis.range[1] > 2.5
    lines = traces(figure(bars), "scatter")
    assert lines and all(list(line.x) == [2.5] and list(line.y) == [0] for line in lines)


def test_bubbles_have_areas_like_the_other_cost() -> None:
    sizes: dict[str, float] = {}
    for trace in traces(figure(BUBBLES), "scatter"):
        if trace.mode == "markers":
            names = [words.split("<br>")[0] for words in trace.hovertext]
            sizes |= dict(zip(names, trace.marker.size, strict=True))
    assert set(sizes) == {one.name for one in BUBBLES.bubbles}
    largest = max(BUBBLES.bubbles, key=lambda one: one.area)
    for one in BUBBLES.bubbles:
        if sizes[one.name] > 10:
            assert sizes[one.name] / sizes[largest.name] == pytest.approx(
                math.sqrt(one.area / largest.area)
            )


def test_the_legend_tells_the_chosen_the_others_and_the_best_apart() -> None:
    named = {trace.name: trace for trace in figure(BUBBLES).data}
    assert set(named) == set(BUBBLES.legend)
    assert named["networks chosen"].marker.symbol == "circle"
    assert named["others"].marker.symbol == "circle-open"
    assert named["best accuracy for each cost"].line.shape == "hv"


def boxes(made: go.Figure, wide: float, tall: float) -> list[tuple[float, float, float, float]]:
    """Where the names stand on a plot of that size, in pixels; 6.5 a character."""
    (x_low, x_high), (y_low, y_high) = made.layout.xaxis.range, made.layout.yaxis.range
    found = []
    for note in made.layout.annotations:
        lines = note.text.replace("<b>", "").replace("</b>", "").split("<br>")
        length, high = 6.5 * max(map(len, lines)), 14.0 * len(lines)
        x = wide * (note.x - x_low) / (x_high - x_low) + note.xshift
        y = tall * (note.y - y_low) / (y_high - y_low) + note.yshift
        left = x - length * {"left": 0, "center": 0.5, "right": 1}[note.xanchor]
        low = y - high * {"bottom": 0, "middle": 0.5, "top": 1}[note.yanchor]
        found.append((left, low, left + length, low + high))
    return found


@pytest.mark.parametrize(("wide", "tall"), [(240, 330), (500, 380), (1300, 400)])
@pytest.mark.parametrize("cost", ["megabytes", "gmacs"])
def test_names_in_the_accuracy_chart_lie_on_no_other(cost: str, wide: float, tall: float) -> None:
    small = comparison.below_a_megabyte() if cost == "megabytes" else ()
    names = (*comparison.DEFAULT_NAMES, *(row.name for row in small[:1]))
    chart = comparison_charts.accuracy_bubbles((*EVERYBODY, *small), cost, names)  # type: ignore[arg-type]
    made = figure(chart)
    for one, other in combinations(boxes(made, wide, tall), 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (one, other)
    assert all(box[0] >= -1 and box[2] <= wide + 1 for box in boxes(made, wide, tall))
    written = {note.text for note in made.layout.annotations}
    assert {f"<b>{row.title}</b>" for row in ROWS} <= written and len(written) > len(ROWS)


def test_squares_have_areas_like_their_numbers_and_the_small_ones_come_enlarged() -> None:
    chart = Squares(
        tuple(Bar(str(size), size, f"{size} MB", "#D9560B") for size in (500.0, 100.0, 5.0, 0.5))
    )
    made = figure(chart)
    for axis, count in (("x", 4), ("x2", 2)):
        shown = [trace for trace in made.data if trace.xaxis == axis]
        assert len(shown) == count
        largest = shown[0]
        for trace in shown:
            assert max(trace.x) == max(trace.y)
            share = float(trace.name.split(",")[0]) / float(largest.name.split(",")[0])
            assert (max(trace.x) / max(largest.x)) ** 2 == pytest.approx(share)
    assert made.layout.yaxis.scaleanchor == "x" and made.layout.yaxis2.scaleanchor == "x2"
    assert sum(trace.showlegend for trace in made.data) == 4


@pytest.mark.parametrize("name", ["squeezenet1_1", "vgg16"])
def test_tiles_add_up_to_the_network(name: str) -> None:
    row = comparison.row(name)
    (tiles,) = figure(comparison_charts.parameter_tiles(row)).data
    values = dict(zip(tiles.ids, tiles.values, strict=True))
    assert values["root"] == row.parameters and len(values) == len(tiles.ids)
    for parent in set(tiles.parents) - {""}:
        inside = sum(v for v, p in zip(tiles.values, tiles.parents, strict=True) if p == parent)
        assert inside == values[parent]


def test_figures_are_plain_json() -> None:
    for chart in (BUBBLES, comparison_charts.size_squares(ROWS)):
        assert json.loads(figure(chart).to_json())["data"]
