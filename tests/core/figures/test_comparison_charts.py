"""Figures hold the numbers they are drawn from, in real units."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import save

from squeeze_core.colours import ACCENT
from squeeze_core.cost import comparison
from squeeze_core.cost.design_space import Choice, design
from squeeze_core.cost.measure import Measurement
from squeeze_core.cost.units import COSTS, amount, log_ticks, ratio
from squeeze_core.figures import comparison_charts, design_space
from squeeze_core.figures.comparison_charts import pareto, speed_bars
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import named
from squeeze_core.networks.own import open_own_file
from squeeze_core.networks.plan import PLANS

ROWS = tuple(comparison.row(name) for name in comparison.DEFAULT_NAMES)


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
    assert [ratio(times, 1, axis) for times in (1.5, 3.4, 12.4)] == [
        "1.50× larger",
        "3.4× larger",
        "12× larger",
    ]


def test_ticks_of_a_logarithmic_axis_are_powers_of_ten_and_between_few_of_them_2_and_5() -> None:
    assert log_ticks(1, 50) == pytest.approx([1, 2, 5, 10, 20, 50])
    assert log_ticks(1, 20_000) == pytest.approx([1, 10, 100, 1000, 10_000])


@pytest.mark.parametrize("log", [True, False])
def test_bars_carry_values_ratios_and_colours(log: bool) -> None:
    chart = comparison_charts.cost_bars(ROWS, "parameters", log)
    assert [bar.value for bar in chart.bars] == sorted(bar.value for bar in chart.bars)
    first, last = chart.bars[0], chart.bars[-1]
    assert (first.name, first.value, first.label) == ("SqueezeNet 1.1", 1_235_496, "1.24 M")
    assert (last.name, last.value, last.label) == ("VGG16", 138_357_544, "138 M, 112× larger")
    assert first.color == ACCENT and last.color == named("vgg16").colour
    assert "100 M" in [words for _, words in chart.ticks]
    assert (chart.range[0] > 0) == log and "VGG16 138 M" in chart.alt


def test_rows_without_a_figure_are_left_out_and_none_at_all_is_refused() -> None:
    hog = comparison.row("hog_linear")
    assert len(comparison_charts.cost_bars((*ROWS, hog), "gmacs").bars) == len(ROWS)
    with pytest.raises(ValueError, match="No row"):
        comparison_charts.cost_bars((hog,), "gmacs")


def test_pareto_front_has_no_dominated_network() -> None:
    field = [comparison.row(name) for name in ("squeezenet1_1", "alexnet", "vgg16", "resnet50", "resnet18")]
    assert [row.name for row in pareto(field, "megabytes")] == ["squeezenet1_1", "resnet18", "resnet50"]


def test_tiles_add_up_to_the_network() -> None:
    cost = comparison.row("vgg16").profile()
    tiles = {tile.name: tile for tile in comparison_charts.parameter_tiles(comparison.row("vgg16")).tiles}
    assert sum(tile.value for tile in tiles.values()) == cost.parameters == 138_357_544
    assert tiles["fully connected 1"].value == 102_764_544
    assert (
        "parameters sit: fully connected 1 74 %, fully connected 2 12 %"
        in comparison_charts.parameter_tiles(comparison.row("vgg16")).alt
    )
    assert tiles["conv5"].value == sum(part.value for part in tiles["conv5"].inside)
    assert [part.name for part in tiles["conv5"].inside] == ["conv5_1", "conv5_2", "conv5_3"]


def test_squares_keep_squeezenet_and_leave_out_what_would_hide_another() -> None:
    names = [square.name for square in comparison_charts.size_squares(ROWS).squares]
    assert names == ["VGG16", "ResNet50", "ResNet18", "SqueezeNet 1.1"]
    near = tuple(comparison.row(name) for name in ("squeezenet1_1", "vgg16", "vgg19", "shufflenet_v2_x0_5"))
    assert [square.name for square in comparison_charts.size_squares(near).squares] == [
        "VGG19",
        "SqueezeNet 1.1",
    ]


def test_a_users_network_is_drawn_as_large_as_its_file_and_has_no_ratio_across_classes(
    tmp_path: Path,
) -> None:
    file = tmp_path / "my classes"
    file.write_bytes(small_squeezenet())
    own = comparison.row(open_own_file(file))
    assert own.colour == ACCENT
    chart = comparison_charts.cost_bars((*ROWS, own), "megabytes")
    (bar,) = (bar for bar in chart.bars if bar.name == own.title)
    assert bar.value == file.stat().st_size and "×" not in bar.label and bar.color == ACCENT
    assert any("×" in bar.label for bar in chart.bars)


def small_squeezenet() -> bytes:
    """A SqueezeNet 1.1 of ten classes with random weights, as a .safetensors file."""
    return save(SqueezeNet(PLANS["1.1"], 10).state_dict())


def test_strip_stacks_every_parameter_once() -> None:
    built = design(Choice(bypass="complex"))
    figure = design_space.strip(built)
    total = sum(sum(trace.y) for trace in figure.data if trace.type == "bar")
    assert total == built.cost.parameters
    assert "Bypass 1×1" in [trace.name for trace in figure.data]
    low, high = figure.layout.yaxis.range
    tallest = max(sum(module.parameters.values()) for module in built.modules)
    assert low == 0 and 1.1 * tallest < high < 1.3 * tallest, "the number above it has room"


def test_the_line_stands_at_this_networks_size() -> None:
    figure = design_space.published_designs(design(Choice()))
    assert figure.layout.shapes[0].x0 == pytest.approx(4.994, abs=1e-3)
    assert "4.99 MB" in figure.layout.annotations[0].text


def test_a_measured_time_shows_how_far_its_runs_spread() -> None:
    when = ("2026-11-26", "PyTorch")
    steady = Measurement("resnet18", "CPU", 40.0, 38.5, 51.0, 20, 30.0, 8, None, True, *when)
    slow = replace(steady, name="vgg16", milliseconds=900.0, fastest=880.0, slowest=1250.0)
    bars = speed_bars([steady, slow], ROWS, "milliseconds").bars
    assert [bar.label for bar in bars] == ["40 ms (38.5–51 ms)", "900 ms (880 ms–1.25 s)"]
    (rate, _) = speed_bars([steady, slow], ROWS, "images_per_second").bars
    assert "–" not in rate.label


def test_of_two_networks_at_one_cost_the_less_accurate_is_not_on_the_front() -> None:
    good = comparison.row("resnet18")
    assert comparison_charts.pareto([replace(good, top1=60.0), good], "gmacs") == [good]
    (bubble,) = comparison_charts.accuracy_bubbles([good], "megabytes", ()).bubbles
    assert (bubble.x, bubble.area) == (1e6 * good.megabytes, good.gmacs)
