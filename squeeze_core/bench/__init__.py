"""How long does what take here? Timings in one run, and their ratios.

A group is a function that returns rows; add a function to GROUPS to time something more.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import torch

from squeeze_core import classifier, gallery
from squeeze_core.bench import peers
from squeeze_core.bench.rows import Row, interleaved
from squeeze_core.cost import comparison, measure
from squeeze_core.cost.design_space import Choice, Design, design
from squeeze_core.cost.profile import profile
from squeeze_core.cost.roofline import least_time, measure_machine
from squeeze_core.detector import detect as detector
from squeeze_core.figures import channels as channel_figures
from squeeze_core.figures import design_space as design_figures
from squeeze_core.figures import fire_modules
from squeeze_core.figures.maps import for_screen, overlay, unit_scale
from squeeze_core.images import read
from squeeze_core.inside.channels import channel_filter
from squeeze_core.inside.trace import FireTrace, Unit, fire_trace
from squeeze_core.networks.architecture import Metaparameters
from squeeze_core.networks.catalogue import DEFAULT, Network, named
from squeeze_core.networks.engine import Engine

GPU_BATCH = 256


def bench(engine: Engine, network: Network = DEFAULT) -> Iterator[Row]:
    """Every group's rows for that SqueezeNet, as soon as each group is done."""
    for group in GROUPS:
        yield from group(engine, network)


def startup(engine: Engine, network: Network) -> list[Row]:
    """From nothing to the command line's first answer, in processes of their own."""
    sample = str(gallery.samples()[0].path)
    # The command line works without Streamlit; where it is installed, it is what the app waits for too.
    parts = [name for name in ("streamlit", "torch", "torchvision") if find_spec(name)]
    imports = [sys.executable, "-c", f"import {', '.join(parts)}"]
    first = [sys.executable, "-m", "squeeze_core", "classify", sample, "--device", engine.device.type]
    medians = interleaved([lambda: _process(imports), lambda: _process(first)], 3)
    base = f"importing {', '.join(parts[:-1])} and {parts[-1]}"
    return [
        Row(base, medians[0]),
        Row("command line start to first prediction", medians[1], ratio_to={base: medians[1] / medians[0]}),
    ]


def gpu(engine: Engine, network: Network) -> list[Row]:
    """On a CUDA GPU alone: a large batch against the device's roofline, and one picture's answer."""
    if engine.device.type != "cuda":
        return []
    loaded, size = engine.get(network), network.preprocess.size
    machine = measure_machine(engine.device)
    with torch.device("meta"):
        cost = profile(network.build(), size)
    least = 1000 * least_time(cost, machine, GPU_BATCH)
    # Pictures already in the form that the network takes: how they get there is another row.
    many = torch.randn(GPU_BATCH, 3, size, size, device=engine.device, dtype=torch.float16)
    many = many.contiguous(memory_format=torch.channels_last)
    one = torch.randn(1, 3, size, size)

    def batch() -> object:
        with torch.inference_mode():
            answers = loaded(many)
        torch.cuda.synchronize()
        return answers

    def answer() -> object:
        return engine.run(network, one).softmax(1).topk(5)

    batch(), answer()  # what comes back is recorded the second time
    taken, single = interleaved([batch, answer], 50)
    base = f"roofline of {GPU_BATCH} pictures ({machine})"
    return [
        Row(base, least),
        Row(f"forward pass, {GPU_BATCH} pictures on the GPU", taken, ratio_to={base: taken / least}),
        Row("one picture, tensor to five classes", single),
    ]


def whole_files(engine: Engine, network: Network) -> list[Row]:
    """Encoded bytes to probabilities or boxes, and the part of it that is decoding."""
    paths = [sample.path for sample in gallery.samples()]

    def decode() -> list[object]:
        return [read(path) for path in paths]

    def classify() -> list[object]:
        return list(classifier.classify(map(read, paths), engine, network))

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


def look_inside(engine: Engine, network: Network) -> list[Row]:
    """The Fire modules' activations, and drawing them as the page does (figure and its JSON)."""
    picture = gallery.samples()[0].picture()
    assert network.plan is not None
    loaded, last = engine.get(network), network.plan.fire_names[-1]
    batch = network.preprocess([picture.image]).to(engine.device)
    trace = fire_trace(picture, engine, network)

    def plain() -> object:
        with torch.inference_mode():
            return loaded(batch).cpu()

    def grids(trace: FireTrace, chosen: int = 0) -> None:
        for branch in trace.modules[last].branches:
            maps = trace.maps(last, branch)
            units = [Unit(last, branch, int(channel)) for channel in maps.order()]
            fire_modules.channel_grid(maps, units, units[chosen], columns=16).to_json()

    def another() -> None:
        branch = trace.modules[last].branches[-1]
        maps = trace.maps(last, branch)
        grids(trace, 1)
        overlay(for_screen(picture.image), unit_scale(maps.values[1:2])[0], 0.65)
        channel_figures.histogram(maps, 1).to_json()
        channel_figures.kernels(channel_filter(engine, network, Unit(last, branch, 1))).to_json()

    works = {
        "plain forward pass of one picture": plain,
        "trace of all Fire modules": lambda: fire_trace(picture, engine, network),
        f"trace, and {last}'s {sum(network.plan.fires[-1])} maps drawn": lambda: grids(
            fire_trace(picture, engine, network)
        ),
        "trace, and all modules' strips drawn": lambda: fire_modules.glance(
            fire_trace(picture, engine, network)
        ).to_json(),
        "another channel drawn, without a forward pass": another,
    }
    (base, once), *others = zip(works, interleaved(list(works.values()), 7), strict=True)
    rows = [Row(what, taken, ratio_to={base: taken / once}) for what, taken in others]
    return [Row(base, once), *rows]


def comparing(engine: Engine, network: Network) -> list[Row]:
    """That SqueezeNet beside the networks it is compared with, and counting all of them."""
    device = engine.device.type
    subjects = (network, named("efficientnet_lite0"), named("resnet18"))
    runs = [measure.runner(subject, device)[0] for subject in subjects]
    medians = interleaved([lambda run=run: run(1) for run in runs], 7)  # type: ignore[misc]
    base, *others = (f"{subject.title}, one picture" for subject in subjects)
    rows = [Row(base, medians[0])]
    for what, taken in zip(others, medians[1:], strict=True):
        rows.append(Row(what, taken, ratio_to={base: taken / medians[0]}))
    imports = [sys.executable, "-c", "import torch, torchvision"]
    compare = [sys.executable, "-m", "squeeze_core", "compare", "--json"]
    alone, everything = interleaved([lambda: _process(imports), lambda: _process(compare)], 1)
    base = "importing torch and torchvision"
    counted = Row(
        f"compare, all {len(comparison.ROW_NAMES)} rows", everything, ratio_to={base: everything / alone}
    )
    return [*rows, Row(base, alone), counted]


def design_space(engine: Engine, network: Network) -> list[Row]:
    """What moving a slider of the page Design space costs: the network built, counted and drawn."""

    def count() -> Design:
        return design.__wrapped__(Choice(Metaparameters(sr=0.25)))

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


GROUPS: tuple[Callable[[Engine, Network], list[Row]], ...] = (
    startup,
    peers.forward,
    peers.one_file,
    peers.many_files,
    gpu,
    whole_files,
    look_inside,
    comparing,
    design_space,
)


def _process(command: list[str]) -> None:
    root = Path(__file__).parents[2]
    subprocess.run(command, check=True, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
