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
from functools import partial
from pathlib import Path

import numpy as np

from squeeze_core import images
from squeeze_core.accuracy import read_labels
from squeeze_core.compression.curve import Point
from squeeze_core.compression.pictures import Pictures, gather, logits
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
from squeeze_core.images.sources import Source
from squeeze_core.networks.catalogue import DEFAULT, IMAGENET_LABELS, Network, compressed_of
from squeeze_core.networks.onnx_runtime import open_session
from squeeze_core.networks.own import open_own_file
from squeeze_core.networks.weights import sqz

BITS = (5.0, 4.4, 3.8, 3.2, 2.6, 2.1)  # of entropy a weight, of uniform steps
# Of the default preset, nats a bit.
LAMBDAS = (5e-9, 1.2e-8, 3e-8, 4.5e-8, 6e-8, 8e-8, 1.2e-7, 2e-7, 3.6e-7)
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


def in_order(folder: Path) -> dict[Path, int]:
    """Picture → class index, by the sha256 of the files' names: an order that nobody made by hand. The
    first JUDGED are for choices."""
    truth = read_labels(folder / "labels.json", folder, IMAGENET_LABELS)
    ordered = sorted(truth, key=lambda path: hashlib.sha256(path.name.encode()).hexdigest())
    return {path: truth[path] for path in ordered}


def gathered(network: Network, truth: dict[Path, int], places: slice) -> Pictures:
    """The pictures at those places, as the network sees them, with their labels."""
    paths = list(truth)[places]
    sources = [Source(path, partial(images.read, path)) for path in paths]
    return gather(network, sources, [truth[path] for path in paths])[0]


def _measure(folder: Path, names: list[Path]) -> Iterator[Point]:
    truth = in_order(folder)
    held = gathered(DEFAULT, truth, slice(JUDGED))
    calibrating = gathered(DEFAULT, truth, slice(JUDGED, JUDGED + CALIBRATION))
    others = DEFAULT.preprocess.array(calibrating.views)
    assert held.truth is not None
    labels, want = held.truth, logits(DEFAULT, held)

    def point(series: str, size: int, got: np.ndarray) -> Point:
        five = (np.argsort(got)[:, -5:] == labels[:, None]).any(1)
        right, before = (answer.argmax(1) == labels for answer in (got, want))
        made = Point(
            series,
            size,
            round(100 * float(right.mean()), 2),
            round(100 * float(five.mean()), 2),
            round(divergence(want, got), 4),
            round(100 * float((got.argmax(1) == want.argmax(1)).mean()), 2),
            int((before & ~right).sum()),
            int((right & ~before).sum()),
        )
        print(json.dumps(asdict(made)), flush=True)
        return made

    yield point("fp32", DEFAULT.weights.bytes() or 0, want)
    for file in names:
        yield point("shipped", file.stat().st_size, logits(open_own_file(file), held))
    for trade_off in LAMBDAS:
        made = compress(DEFAULT, second_order(trade_off), inputs=others)
        yield point("second-order", made.bytes, logits(made.network, held))
    for bits in BITS:
        made = compress(DEFAULT, uniform(bits), inputs=others)
        yield point("uniform", made.bytes, logits(made.network, held))
    for series, precision in (("fp16", "float16"), ("int8", "int8")):
        model = to_onnx(DEFAULT, PRECISIONS[precision])
        yield point(series, len(model), answers(open_session(model), held, DEFAULT.preprocess))


def steps_of_the_shipped_file() -> list[StageResult]:
    """Its size after each stage of the default preset, written anew from its levels."""
    small = compressed_of(DEFAULT)[0]
    file = small.weights.file()
    assert file is not None
    stored = sqz.read_bytes(file.read_bytes())
    weights = {name for name, packed in stored.tensors.items() if packed.values.ndim == 4}
    fine = {
        name: replace(packed, coding="packed") if name in weights else packed
        for name, packed in stored.tensors.items()
    }
    results = []
    stages = DEFAULT_PRESET.stages
    for number, tensors in enumerate((fine, stored.tensors)):
        names = json.dumps([stage.name for stage in stages[: number + 1]])
        data = sqz.write_bytes(sqz.Sqz(tensors, {**stored.metadata, "stages": names}))
        results.append(measure(stages[number], tensors, len(data), 0.0))
    assert results[-1].bytes == file.stat().st_size
    return results


if __name__ == "__main__":
    sys.exit(main())
