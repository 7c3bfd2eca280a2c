"""Figures hold the numbers they are drawn from, in real units."""

from __future__ import annotations

import pytest

from squeeze_core.cost import published
from squeeze_core.cost import rows as zoo
from squeeze_core.cost.design_space import Choice, design
from squeeze_core.cost.units import COSTS, amount, ratio
from squeeze_core.figures import comparison, design_space
from squeeze_core.figures.comparison import pareto
from squeeze_core.figures.style import color_of

ROWS = tuple(zoo.row(name) for name in zoo.DEFAULT_NAMES)


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (1_235_496, "", "1.24 M"),
        (138_357_544, "", "138 M"),
        (999_900_000, "", "1 G"),
        (4_941_984, "B", "4.94 MB"),
        (0.0142, "s", "14.2 ms"),
        (100_000, "", "100 k"),
        (0, "B", "0 B"),
    ],
)
def test_amounts_read_as_people_say_them(value: float, unit: str, words: str) -> None:
    assert amount(value, unit) == words


def test_ratios_go_both_ways() -> None:
    axis = COSTS["parameters"]
    assert ratio(138_357_544, 1_235_496, axis) == "112× larger"
    assert ratio(1_235_496, 138_357_544, axis) == "112× smaller"
    assert ratio(5, 5, axis) == ""


@pytest.mark.parametrize("log", [True, False])
def test_bars_carry_values_ratios_and_colours(log: bool) -> None:
    figure = comparison.cost_bars(ROWS, "parameters", log)
    bars = figure.data[0]
    assert bars.x[0] == 138_357_544 and bars.x[-1] == 1_235_496
    assert "VGG16" in bars.text[0] and "112× larger" in bars.text[0]
    written = [annotation.text for annotation in figure.layout.annotations]
    assert "SqueezeNet 1.1" in written and "<b>1.24 M</b>" in written
    # A bar on a logarithmic axis would have no zero to start from.
    assert bars.type == ("scatter" if log else "bar")
    assert log or figure.layout.xaxis.range[0] == 0
    assert list(bars.y) == [0, 1, 2, 3]  # SqueezeNet, the smallest, is drawn on top
    assert bars.marker.color[-1] == color_of("squeezenet1_1")
    assert "100 M" in figure.layout.xaxis.ticktext
    assert (figure.layout.xaxis.type == "log") == log


def test_rows_without_a_figure_are_left_out_and_none_at_all_is_refused() -> None:
    hog = zoo.row("hog_linear")
    assert len(comparison.cost_bars((*ROWS, hog), "gmacs").data[0].x) == len(ROWS)
    with pytest.raises(ValueError, match="No row"):
        comparison.cost_bars((hog,), "gmacs")


def test_pareto_front_has_no_dominated_network() -> None:
    field = [zoo.row(name) for name in ("squeezenet1_1", "alexnet", "vgg16", "resnet50", "resnet18")]
    assert [row.name for row in pareto(field, "megabytes")] == ["squeezenet1_1", "resnet18", "resnet50"]


def test_treemap_areas_add_up_to_the_network() -> None:
    cost = zoo.network("vgg16").profile()
    tree = comparison.parameter_treemap("vgg16", "VGG16", cost).data[0]
    values = dict(zip(tree.ids, tree.values, strict=True))
    tops = [name for name, parent in zip(tree.ids, tree.parents, strict=True) if parent == "VGG16"]
    assert sum(values[name] for name in tops) == cost.parameters == 138_357_544
    assert values["fc6"] == 102_764_544
    assert values["conv5"] == values["conv5_1"] + values["conv5_2"] + values["conv5_3"]


def test_the_papers_table_keeps_the_papers_unit() -> None:
    figure = comparison.published_bars(published.TABLE_2)
    assert "MiB" in figure.layout.xaxis.title.text
    assert figure.layout.xaxis.range[0] == 0 and figure.layout.xaxis.type != "log"
    assert max(figure.data[0].x) == 240 and "510×" in figure.data[0].text[0]


def test_strip_stacks_every_parameter_once() -> None:
    built = design(Choice(bypass="complex"))
    figure = design_space.strip(built)
    total = sum(sum(trace.y) for trace in figure.data if trace.type == "bar")
    assert total == built.cost.parameters
    assert "Bypass 1×1" in [trace.name for trace in figure.data]


def test_the_line_stands_at_this_networks_size() -> None:
    figure = design_space.published_designs(design(Choice()))
    assert figure.layout.shapes[0].x0 == pytest.approx(4.762, abs=1e-3)
    assert "4.76 MiB" in figure.layout.annotations[0].text
