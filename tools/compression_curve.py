"""Measure compressed SqueezeNets, size against accuracy, for squeeze_core/compression/curve.json.

    python -m tools.compression_curve --data IMAGENET_SAMPLE [FILE.sqz …] [--out curve.json]

The full network, uniform steps, the default preset at several rates, the runtime's precisions and the files
given, all on the same 300 pictures, which give no inputs to any of them. A file that is chosen by these
figures has to be judged on other pictures.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import Tensor

from squeeze_core import images
from squeeze_core.accuracy import read_labels
from squeeze_core.compression.curve import Point
from squeeze_core.compression.presets import (
    DEFAULT_PRESET,
    StageResult,
    compress,
    measure,
    second_order,
    uniform,
)
from squeeze_core.compression.runtime import PRECISIONS, answers, to_onnx
from squeeze_core.compression.sensitivity import divergence
from squeeze_core.errors import UserError
from squeeze_core.networks.catalogue import DEFAULT, IMAGENET_LABELS, Network, compressed_of
from squeeze_core.networks.own import open_own_file
from squeeze_core.networks.weights import sqz
from squeeze_core.networks.weights.sqz import Packed

BITS = (5.0, 4.4, 3.8, 3.2, 2.6, 2.1)  # of entropy a weight, of uniform steps
LAMBDAS = (
    5e-9,
    1.2e-8,
    3e-8,
    4.5e-8,
    6e-8,
    8e-8,
    1.2e-7,
    2e-7,
)  # of the default preset, nats a bit
CALIBRATION = 500  # pictures, none of them judged
JUDGED = 300


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.compression_curve", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="imagenet_sample, with its labels.json")
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE", help=".sqz files of SqueezeNet 1.1")
    parser.add_argument(
        "--out",
        type=Path,
        help="write the JSON there too",
    )
    options = parser.parse_args(arguments)
    try:
        points = list(_measure(options.data, options.files))
        steps = steps_of_the_shipped_file()
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    if options.out:
        rows = {"points": [asdict(point) for point in points], "steps": [asdict(step) for step in steps]}
        document = {"on": _ON, "pictures": JUDGED, **rows}
        options.out.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    return 0


_ON = "300 pictures of 300 ImageNet classes, of its training set"


def _pictures(folder: Path) -> tuple[Tensor, Tensor, Tensor]:
    """The judged pictures, their labels, and the pictures by which levels are chosen.

    Judged are those whose file names' sha256 comes first: a choice that nobody made by hand.
    """
    truth = read_labels(folder / "labels.json", folder, IMAGENET_LABELS)
    ordered = sorted(truth, key=lambda path: hashlib.sha256(path.name.encode()).hexdigest())
    judged = set(ordered[:JUDGED])
    shown = [path for path in truth if path in judged]
    others = [path for path in truth if path not in judged][:CALIBRATION]
    return _prepared(shown), torch.tensor([truth[path] for path in shown]), _prepared(others)


def _measure(folder: Path, names: list[Path]) -> Iterator[Point]:
    held, labels, others = _pictures(folder)
    want = _answers(DEFAULT, held)

    def point(series: str, size: int, network: Network | None, got: Tensor | None = None) -> Point:
        got = _answers(network, held) if network else got
        assert got is not None
        five = got.topk(5).indices == labels[:, None]
        right, before = (answer.argmax(1) == labels for answer in (got, want))
        made = Point(
            series,
            size,
            round(100 * right.float().mean().item(), 2),
            round(100 * five.any(1).float().mean().item(), 2),
            round(divergence(want, got), 4),
            round(100 * (got.argmax(1) == want.argmax(1)).float().mean().item(), 2),
            lost=int((before & ~right).sum()),
            won=int((right & ~before).sum()),
        )
        print(json.dumps(asdict(made)), flush=True)
        return made

    yield point("fp32", DEFAULT.weights.bytes() or 0, DEFAULT)
    for file in names:
        yield point("shipped", file.stat().st_size, open_own_file(file))
    for trade_off in LAMBDAS:
        made = compress(DEFAULT, second_order(trade_off), inputs=others)
        yield point("second-order", made.bytes, made.network)
    for bits in BITS:
        made = compress(DEFAULT, uniform(bits), inputs=others)
        yield point("uniform", made.bytes, made.network)
    for precision in PRECISIONS[1:]:
        model = to_onnx(DEFAULT, precision)
        yield point(precision.name, len(model), None, answers(model, held))


def steps_of_the_shipped_file() -> list[StageResult]:
    """Its size after each stage of the default preset, written anew from its levels."""
    (small,) = compressed_of(DEFAULT)
    file = small.weights.file()
    assert file is not None
    stored = sqz.read_bytes(file.read_bytes())
    full = DEFAULT.weights.state()
    weights = {name for name, packed in stored.tensors.items() if packed.values.ndim == 4}
    plain = {
        name: replace(packed, coding="packed") if name in weights else Packed(full[name])
        for name, packed in stored.tensors.items()
    }
    fine = {name: plain[name] if name in weights else packed for name, packed in stored.tensors.items()}
    results = []
    stages = DEFAULT_PRESET.stages
    for number, tensors in enumerate((plain, fine, stored.tensors)):
        names = json.dumps([stage.name for stage in stages[: number + 1]])
        data = sqz.write_bytes(sqz.Sqz(tensors, {**stored.metadata, "stages": names}))
        results.append(measure(stages[number], tensors, len(data), 0.0))
    assert results[-1].bytes == file.stat().st_size
    return results


def _prepared(paths: list[Path]) -> Tensor:
    return torch.from_numpy(DEFAULT.preprocess([images.read(path).image for path in paths]))


@torch.inference_mode()
def _answers(network: Network, pictures: Tensor) -> Tensor:
    loaded = network.load()
    return torch.cat([loaded(part) for part in pictures.split(25)])


if __name__ == "__main__":
    sys.exit(main())
