"""Size against accuracy: what was measured, and how to measure it again.

    python -m squeeze_core.compression.curve --data IMAGENET_SAMPLE [FILE.sqz …] [--out curve.json]

measures the full network, uniform steps, the default preset at several prices and the files given, on the
pictures that the retraining keeps for choosing, and writes them all. `points` reads what comes with the
package; a figure from elsewhere carries its source.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import torch
from torch import Tensor

from squeeze_core import images
from squeeze_core.accuracy import read_labels
from squeeze_core.compression.augment import kept_for_choosing
from squeeze_core.compression.presets import StageResult, by_hand, compress, second_order, uniform
from squeeze_core.compression.runtime import PRECISIONS, answers, to_onnx
from squeeze_core.compression.sensitivity import divergence
from squeeze_core.errors import UserError
from squeeze_core.networks.catalogue import DEFAULT, Network
from squeeze_core.networks.own import open_own_file

BITS = (5.0, 4.4, 3.8, 3.2, 2.6, 2.1)  # of entropy a weight, of uniform steps
PRICES = (5e-9, 1.2e-8, 3e-8, 4.5e-8, 6e-8, 8e-8, 1.2e-7, 2e-7)  # of the default preset, nats a bit
_CALIBRATION = 500  # pictures, none of them kept for choosing


@dataclass(frozen=True)
class Point:
    """One network in a file of `bytes`; accuracy in percent, None where it is not published.

    `series`: what is drawn as one line. `divergence`: nats from the full network's answers, None where
    it is not our network. `source`: of a figure that is not measured here; "" for ours.
    """

    series: str
    bytes: int
    top1: float | None
    top5: float | None
    divergence: float | None = None
    agreement: float | None = None
    source: str = ""


@dataclass(frozen=True)
class Curve:
    """`on`: which pictures the points of no source are measured on. `steps`: what each stage of the preset
    "by-hand" leaves of SqueezeNet 1.1."""

    on: str
    points: tuple[Point, ...]
    steps: tuple[StageResult, ...]


@cache
def curve() -> Curve:
    """What comes with the package."""
    document = json.loads((files("squeeze_core.compression") / "curve.json").read_text("utf-8"))
    points = tuple(Point(**row) for row in document["points"])
    return Curve(document["on"], points, tuple(StageResult(**row) for row in document["steps"]))


# What others publish and this code cannot measure; on other pictures, so never joined to ours.
PUBLISHED = (
    Point(
        "authors",
        675_763,
        57.5,
        80.3,
        source="SqueezeNet 1.0 in 8 bits: github.com/forresti/SqueezeNet and arXiv:1602.07360, Table 2",
    ),
    Point("paper", 492_831, 57.5, 80.3, source="0.47 MB in 6 bits, never published: Table 2"),
    Point(
        "MobileNet",
        2_000_000,
        50.6,
        None,
        source="MobileNet v1 0.25, 0.5 M parameters in float32: arXiv:1704.04861, Table 7",
    ),
)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m squeeze_core.compression.curve", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="imagenet_sample, with its labels.json")
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE", help=".sqz files of SqueezeNet 1.1")
    parser.add_argument("--out", type=Path, help="write the JSON there as well")
    options = parser.parse_args(arguments)
    try:
        points = list(_measure(options.data, options.files))
        steps = compress(DEFAULT, by_hand(), inputs=_pictures(options.data)[2]).stages
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    if options.out:
        rows = {"points": [asdict(point) for point in points], "steps": [asdict(step) for step in steps]}
        document = {"on": _ON, **rows}
        options.out.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    return 0


_ON = "300 pictures of 300 ImageNet classes, not seen in choosing the levels"


def _pictures(folder: Path) -> tuple[Tensor, Tensor, Tensor]:
    """The pictures kept for choosing, their labels, and the pictures that the levels may be chosen by."""
    truth = read_labels(folder / "labels.json", folder)
    kept = kept_for_choosing([path.name for path in truth])
    shown = [path for path in truth if path.name in kept]
    others = [path for path in truth if path.name not in kept][:_CALIBRATION]
    return _prepared(shown), torch.tensor([truth[path] for path in shown]), _prepared(others)


def _measure(folder: Path, names: list[Path]) -> Iterator[Point]:
    held, labels, others = _pictures(folder)
    want = _answers(DEFAULT, held)

    def point(series: str, size: int, network: Network | None, got: Tensor | None = None) -> Point:
        got = _answers(network, held) if network else got
        assert got is not None
        five = got.topk(5).indices == labels[:, None]
        made = Point(
            series,
            size,
            round(100 * five[:, 0].float().mean().item(), 2),
            round(100 * five.any(1).float().mean().item(), 2),
            round(divergence(want, got), 4),
            round(100 * (got.argmax(1) == want.argmax(1)).float().mean().item(), 2),
        )
        print(json.dumps(asdict(made)), flush=True)
        return made

    yield point("fp32", DEFAULT.weights.bytes() or 0, DEFAULT)
    for file in names:
        yield point("shipped", file.stat().st_size, open_own_file(file))
    for price in PRICES:
        made = compress(DEFAULT, second_order(price), inputs=others)
        yield point("second-order", made.bytes, made.network)
    for bits in BITS:
        made = compress(DEFAULT, uniform(bits), inputs=others)
        yield point("uniform", made.bytes, made.network)
    for precision in PRECISIONS[1:]:
        model = to_onnx(DEFAULT, precision)
        yield point(precision.name, len(model), None, answers(model, held))


def _prepared(paths: list[Path]) -> Tensor:
    return torch.cat([DEFAULT.preprocess([images.read(path).image]) for path in paths])


@torch.inference_mode()
def _answers(network: Network, pictures: Tensor) -> Tensor:
    loaded = network.load()
    return torch.cat([loaded(part) for part in pictures.split(25)])


if __name__ == "__main__":
    sys.exit(main())
