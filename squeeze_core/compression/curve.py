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
from squeeze_core.compression.presets import compress, second_order, uniform
from squeeze_core.compression.sensitivity import divergence
from squeeze_core.errors import UserError
from squeeze_core.networks.catalogue import DEFAULT, Network
from squeeze_core.networks.own import open_own_file

BITS = (5.0, 4.4, 3.8, 3.2, 2.6, 2.1)  # of entropy a weight, of uniform steps
PRICES = (6e-8, 1e-7, 1.8e-7, 3e-7)  # of the default preset, nats a bit
_CALIBRATION = 256  # pictures, none of them kept for choosing


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
    """`on`: which pictures the points of no source are measured on."""

    on: str
    points: tuple[Point, ...]


@cache
def curve() -> Curve:
    """What comes with the package."""
    document = json.loads((files("squeeze_core.compression") / "curve.json").read_text("utf-8"))
    return Curve(document["on"], tuple(Point(**row) for row in document["points"]))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m squeeze_core.compression.curve", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="imagenet_sample, with its labels.json")
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE", help=".sqz files of SqueezeNet 1.1")
    parser.add_argument("--out", type=Path, help="write the JSON there as well")
    options = parser.parse_args(arguments)
    try:
        points = list(_measure(options.data, options.files))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    if options.out:
        document = {"on": _ON, "points": [asdict(point) for point in points]}
        options.out.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    return 0


_ON = "300 pictures of 300 ImageNet classes, not seen in choosing the levels"


def _measure(folder: Path, names: list[Path]) -> Iterator[Point]:
    truth = read_labels(folder / "labels.json", folder)
    kept = kept_for_choosing([path.name for path in truth])
    shown = [path for path in truth if path.name in kept]
    labels = torch.tensor([truth[path] for path in shown])
    held = _prepared(shown)
    others = _prepared([path for path in truth if path.name not in kept][:_CALIBRATION])
    want = _answers(DEFAULT, held)

    def point(series: str, size: int, network: Network) -> Point:
        got = _answers(network, held)
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


def _prepared(paths: list[Path]) -> Tensor:
    return torch.cat([DEFAULT.preprocess([images.read(path).image]) for path in paths])


@torch.inference_mode()
def _answers(network: Network, pictures: Tensor) -> Tensor:
    loaded = network.load()
    return torch.cat([loaded(part) for part in pictures.split(25)])


if __name__ == "__main__":
    sys.exit(main())
