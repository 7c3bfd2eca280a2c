"""How long does what take here? Timings in one run, and their ratios.

A group is a function that returns rows; add a function to GROUPS to time something more.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch

from squeeze_core import classifier, gallery
from squeeze_core.cost import measure
from squeeze_core.cost import rows as zoo
from squeeze_core.cost.design_space import Choice, Design, design
from squeeze_core.cost.timing import in_turns
from squeeze_core.detector import detect as detector
from squeeze_core.figures import channels as channel_figures
from squeeze_core.figures import design_space as design_figures
from squeeze_core.figures import fire_modules
from squeeze_core.figures.maps import for_screen, overlay, unit_scale
from squeeze_core.images import read
from squeeze_core.inside.channels import channel_filter
from squeeze_core.inside.trace import FireTrace, Unit, fire_trace
from squeeze_core.networks.architecture import BRANCHES, Metaparameters
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.engine import Engine

BATCH = 8


@dataclass(frozen=True)
class Row:
    """One timing: the median, in one of two units. `ratio_to`: this time over another row's time."""

    what: str
    milliseconds: float | None = None
    images_per_second: float | None = None
    ratio_to: dict[str, float] = field(default_factory=dict)


def bench(engine: Engine) -> Iterator[Row]:
    """Every group's rows, as soon as each group is done."""
    for group in GROUPS:
        yield from group(engine)


def startup(engine: Engine) -> list[Row]:
    """From nothing to the command line's first answer, in processes of their own."""
    sample = str(gallery.samples()[0].path)
    imports = [sys.executable, "-c", "import streamlit, torch, torchvision"]
    first = [sys.executable, "-m", "squeeze_core", "classify", sample, "--device", engine.device.type]
    medians = interleaved([lambda: _process(imports), lambda: _process(first)], 3)
    base = "importing streamlit, torch and torchvision"
    return [
        Row(base, medians[0]),
        Row("command line start to first prediction", medians[1], ratio_to={base: medians[1] / medians[0]}),
    ]


def forward(engine: Engine) -> list[Row]:
    """One forward pass: memory layouts and batch sizes; ratios are of times per picture."""
    network, size = engine.get(DEFAULT), DEFAULT.preprocess.size
    batch = torch.randn(BATCH, 3, size, size, device=engine.device)
    last = batch.contiguous(memory_format=torch.channels_last)

    def run(images: torch.Tensor) -> Callable[[], object]:
        def once() -> object:
            with torch.inference_mode():
                return network(images).cpu()  # waits for a GPU

        return once

    medians = interleaved([run(batch[:1]), run(last[:1]), run(last)], 20)
    one, channels_last, eight = medians
    base = "forward pass, one picture, contiguous input"
    return [
        Row(base, one),
        Row(
            "forward pass, one picture, channels last", channels_last, ratio_to={base: channels_last / one}
        ),
        Row(
            f"forward pass, {BATCH} pictures at once, channels last",
            images_per_second=1000 * BATCH / eight,
            ratio_to={base: eight / BATCH / one},
        ),
    ]


def whole_files(engine: Engine) -> list[Row]:
    """Encoded bytes to probabilities or boxes, and the part of it that is decoding."""
    paths = [sample.path for sample in gallery.samples()]

    def decode() -> list[object]:
        return [read(path) for path in paths]

    def classify() -> list[object]:
        return list(classifier.classify(map(read, paths), engine, DEFAULT))

    def detect() -> list[object]:
        return [found.detections() for found in detector.detect(map(read, paths), engine)]

    medians = interleaved([classify, decode, detect], 5)
    all_of_it, decoding, detecting = (median / len(paths) for median in medians)
    base = "classifying a file, decoding included"
    return [
        Row(base, images_per_second=1000 / all_of_it),
        Row("decoding a file", decoding, ratio_to={base: decoding / all_of_it}),
        Row("detecting in a file, decoding included", detecting, ratio_to={base: detecting / all_of_it}),
    ]


def look_inside(engine: Engine) -> list[Row]:
    """The Fire modules' activations, and drawing them as the page does (figure and its JSON)."""
    picture = gallery.samples()[0].picture()
    network = engine.get(DEFAULT)
    batch = DEFAULT.preprocess([picture.image]).to(engine.device)
    trace = fire_trace(picture, engine, DEFAULT)

    def plain() -> object:
        with torch.inference_mode():
            return network(batch).cpu()

    def grids(trace: FireTrace, chosen: int = 0) -> None:
        for branch in BRANCHES:
            maps = trace.maps("fire9", branch)
            units = [Unit("fire9", branch, int(channel)) for channel in maps.order()]
            fire_modules.channel_grid(maps, units, units[chosen], columns=16).to_json()

    def another() -> None:
        maps = trace.maps("fire9", "expand3x3")
        grids(trace, 5)
        overlay(for_screen(picture.image), unit_scale(maps.values[5:6])[0], 0.65)
        channel_figures.histogram(maps, 5).to_json()
        channel_figures.kernels(channel_filter(engine, DEFAULT, Unit("fire9", "expand3x3", 5))).to_json()

    works = {
        "plain forward pass of one picture": plain,
        "trace of all Fire modules": lambda: fire_trace(picture, engine, DEFAULT),
        "trace, and fire9's 576 maps drawn": lambda: grids(fire_trace(picture, engine, DEFAULT)),
        "trace, and all modules' strips drawn": lambda: fire_modules.glance(
            fire_trace(picture, engine, DEFAULT)
        ).to_json(),
        "another channel drawn, without a forward pass": another,
    }
    (base, once), *others = zip(works, interleaved(list(works.values()), 7), strict=True)
    rows = [Row(what, taken, ratio_to={base: taken / once}) for what, taken in others]
    return [Row(base, once), *rows]


def comparison(engine: Engine) -> list[Row]:
    """SqueezeNet beside the networks it is compared with, and counting all of them."""
    device = engine.device.type
    names = ("squeezenet1_1", "efficientnet_lite0", "resnet18")
    runs = [measure.runner(name, device)[0] for name in names]
    medians = interleaved([lambda run=run: run(1) for run in runs], 7)  # type: ignore[misc]
    base = f"{zoo.title(names[0])}, one picture"
    rows = [Row(base, medians[0])]
    for name, taken in zip(names[1:], medians[1:], strict=True):
        rows.append(Row(f"{zoo.title(name)}, one picture", taken, ratio_to={base: taken / medians[0]}))
    imports = [sys.executable, "-c", "import torch, torchvision"]
    compare = [sys.executable, "-m", "squeeze_core", "compare", "--json"]
    alone, everything = interleaved([lambda: _process(imports), lambda: _process(compare)], 1)
    base = "importing torch and torchvision"
    counted = Row(
        f"compare, all {len(zoo.ROW_NAMES)} rows", everything, ratio_to={base: everything / alone}
    )
    return [*rows, Row(base, alone), counted]


def design_space(engine: Engine) -> list[Row]:
    """What moving a slider of the page Design space costs: the network built, counted and drawn."""

    def count() -> Design:
        return design(Choice(Metaparameters(sr=0.25)))

    def draw() -> None:
        built = count()
        design_figures.strip(built).to_json()
        design_figures.published_designs(built).to_json()

    counted, drawn = interleaved([count, draw], 7)
    base = "building and counting one design"
    return [
        Row(base, counted),
        Row("one design, its figures drawn", drawn, ratio_to={base: drawn / counted}),
    ]


GROUPS: tuple[Callable[[Engine], list[Row]], ...] = (
    startup,
    forward,
    whole_files,
    look_inside,
    comparison,
    design_space,
)


def interleaved(works: list[Callable[[], object]], rounds: int) -> list[float]:
    """Median milliseconds of each work; in turns, so that a slow moment of the machine hits all alike."""
    return [statistics.median(taken) for taken in in_turns(works, rounds)]


def _process(command: list[str]) -> None:
    root = Path(__file__).parents[1]
    subprocess.run(command, check=True, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
