"""Timings of the start, the network and whole files, each with its ratios to others in the same run.

A group is a function that returns rows; add a function to GROUPS to time something more.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import torch

from squeeze_core import classifier, gallery
from squeeze_core.cost.timing import in_turns
from squeeze_core.detector import detect as detector
from squeeze_core.images import read
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import DEFAULT, Network
from squeeze_core.networks.engine import Engine
from squeeze_core.networks.onnx_runtime import open_session
from squeeze_core.networks.torch_network import TorchNetwork, to_onnx

GPU_BATCH = 256
FORWARD = (2, 25)  # turns of a forward pass, and runs in each


@dataclass(frozen=True)
class Timing:
    """The median of one timing, in one of two units. `ratio_to`: this time over another row's time."""

    what: str
    milliseconds: float | None = None
    images_per_second: float | None = None
    ratio_to: dict[str, float] = field(default_factory=dict)


def bench(engine: Engine, network: Network = DEFAULT) -> Iterator[Timing]:
    """The rows of every group for that SqueezeNet, as soon as each group is done."""
    for group in GROUPS:
        yield from group(engine, network)


def interleaved(works: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Median milliseconds of each work; in turns, so that a slow moment of the machine hits all alike."""
    return [statistics.median(taken) for taken in in_turns(works, rounds)]


def in_blocks(works: Collection[Callable[[], object]], blocks: int, runs: int) -> list[float]:
    """Median milliseconds of each work, in turns of `runs` runs in a row.

    The first run of each turn is not counted: it pays for caches that another work has filled.
    """
    turns = [[in_turns([work], runs)[0] for work in works] for _ in range(blocks)]
    return [statistics.median(chain(*taken)) for taken in zip(*turns, strict=True)]


def compared(title: str, works: Iterable[str], taken: Sequence[float]) -> list[Timing]:
    """A row for each work; those whose names begin with "ours" have ratios to all others."""
    medians = {f"{title}: {name}": milliseconds for name, milliseconds in zip(works, taken, strict=True)}
    ours = f"{title}: ours"
    rows = []
    for name, milliseconds in medians.items():
        others = [other for other in medians if name.startswith(ours) and other != name]
        rows.append(Timing(name, milliseconds, None, {o: milliseconds / medians[o] for o in others}))
    return rows


def forward_works(engine: Engine, network: Network) -> dict[str, Callable[[], object]]:
    """One picture through the network: by PyTorch, by ONNX Runtime alone, and by the engine."""
    size = network.preprocess.size
    one = torch.randn(1, 3, size, size)
    last = one.contiguous(memory_format=torch.channels_last)
    plain, ordered = network.load(), network.load().to(memory_format=torch.channels_last)
    session = open_session(to_onnx(network.load(), size).SerializeToString())
    loaded = engine.get(network)
    untaped = torch.inference_mode()
    works: dict[str, Callable[[], object]] = {
        "PyTorch, channels last": partial(untaped(ordered.forward), last),
        "PyTorch": partial(untaped(plain.forward), one),
        "ONNX Runtime alone": lambda: session.run(None, {"pictures": one.numpy()}),
        "ours": lambda: engine.run(network, one.numpy()),
    }
    if isinstance(plain, SqueezeNet):
        works["ours, all parts"] = lambda: loaded.parts(one.numpy())
    return works


PLAIN = """
import sys, onnxruntime, numpy as np
from PIL import Image
picture = Image.open(sys.argv[1]).convert("RGB").resize((227, 227), Image.Resampling.BILINEAR)
pixels = (np.asarray(picture, np.float32) / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
session = onnxruntime.InferenceSession(sys.argv[2])
answers = session.run(None, {"pictures": pixels.transpose(2, 0, 1)[None].astype(np.float32)})[0][0]
print(np.argsort(answers)[-5:])
"""
SCRIPT = "import sys, squeeze_core as sq; print(sq.classify(sq.read(sys.argv[1])).top(5))"


def startup(engine: Engine, network: Network) -> list[Timing]:
    """From nothing to the first answer, in processes of their own: by a plain script, and by ours."""
    sample, python = str(gallery.samples()[0].path), sys.executable
    command, here = [python, "-m", "squeeze_core"], ["--device", engine.device]
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "plain.onnx"
        model.write_bytes(to_onnx(DEFAULT.load(), DEFAULT.preprocess.size).SerializeToString())
        works = {
            "ONNX Runtime, NumPy and Pillow alone": [python, "-c", PLAIN, sample, str(model)],
            "ours, two lines of Python": [python, "-c", SCRIPT, sample],
            "ours, classify": [*command, "classify", sample, *here],
            "ours, detect": [*command, "detect", sample, *here],
            "ours, activations": [*command, "activations", sample, "--out", folder, *here],
        }
        taken = interleaved([partial(_process, work) for work in works.values()], 5)
    return compared("start to first answer", works, taken)


def forward(engine: Engine, network: Network) -> list[Timing]:
    """One picture through the network, as the engine and as others run it."""
    works = forward_works(engine, network)
    return compared("one picture, forward pass", works, in_blocks(works.values(), *FORWARD))


def gpu(engine: Engine, network: Network) -> list[Timing]:
    """On a CUDA GPU alone: a large batch, and one picture's answer."""
    if engine.device != "cuda":
        return []
    loaded, size = engine.get(network), network.preprocess.size
    assert isinstance(loaded, TorchNetwork)
    # Pictures already in the form that the network takes: how they get there is another row.
    many = torch.randn(GPU_BATCH, 3, size, size, device=engine.device, dtype=torch.float16)
    many = many.contiguous(memory_format=torch.channels_last)
    one = torch.randn(1, 3, size, size).numpy()

    def batch() -> object:
        with torch.inference_mode():
            answers = loaded.answer(many)
        torch.cuda.synchronize()
        return answers

    def answer() -> object:
        return np.argsort(engine.run(network, one)[0])[-5:]

    batch(), answer()  # the second call records the CUDA graph
    taken, single = interleaved([batch, answer], 50)
    return [
        Timing(f"forward pass, {GPU_BATCH} pictures on the GPU", taken),
        Timing("one picture, tensor to five classes", single),
    ]


def whole_files(engine: Engine, network: Network) -> list[Timing]:
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
        Timing(base, images_per_second=1000 / all_of_it),
        Timing("decoding a file", decoding, ratio_to={base: decoding / all_of_it}),
        Timing("detecting in a file, decoding included", detecting, ratio_to={base: detecting / all_of_it}),
    ]


GROUPS: tuple[Callable[[Engine, Network], list[Timing]], ...] = (startup, forward, gpu, whole_files)


def _process(command: list[str]) -> None:
    root = Path(__file__).parents[1]
    subprocess.run(command, check=True, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
