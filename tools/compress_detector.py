"""The detector in few bytes: levels with adaptive range coding.

    python -m tools.compress_detector [--weights FILE] [--preset NAME] --out FILE.sqz

`evaluate detect --weights FILE.sqz` then measures the file's accuracy.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import torch

from squeeze_core.atomic_file import write_whole
from squeeze_core.compression import presets
from squeeze_core.compression.presets import Preset, packed
from squeeze_core.compression.sensitivity import Study
from squeeze_core.detector.pretrained import PretrainedDetector, describe, load_detector
from squeeze_core.errors import UserError
from squeeze_core.networks.weights import sqz

# Those that need no study of the network's answers, in the order of their size.
PRESETS = {
    "coded 6 bits": presets.uniform(6.0),
    "coded 5 bits": presets.uniform(5.0),
}


def compress_detector(detector: PretrainedDetector, preset: Preset) -> tuple[bytes, PretrainedDetector]:
    """A .sqz file's bytes, and the detector as it is decoded from them. `preset`: one of PRESETS."""
    tensors = packed(detector.network)
    study = Study(detector.network, torch.empty(0))
    for stage in preset.stages:
        tensors = dict(stage.run(tensors, study))
    description = describe(detector.labels, detector.width, detector.preprocess.size, detector.calibration)
    data = sqz.write_bytes(sqz.Sqz(tensors, description))
    key = f"detector:{hashlib.sha256(data).hexdigest()}"
    return data, replace(detector, key=key, state=sqz.read_bytes(data).state_dict())


@torch.no_grad()
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.compress_detector", description=__doc__)
    parser.add_argument("--weights", type=Path, help="a detector of your own, instead of the shipped one")
    parser.add_argument("--preset", choices=PRESETS, default="coded 6 bits")
    parser.add_argument("--out", type=Path, metavar="FILE.sqz", required=True)
    options = parser.parse_args(arguments)
    try:
        write_whole(
            options.out, compress_detector(load_detector(options.weights), PRESETS[options.preset])[0]
        )
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
