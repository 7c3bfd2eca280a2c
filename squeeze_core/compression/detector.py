"""The detector in few bytes: int8, or levels with adaptive range coding, beside the half precision that is
shipped.

    python -m squeeze_core.compression.detector --data VOC_VAL --annotations VAL.json

prints bytes and mAP of each, measured on those pictures.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from squeeze_core.compression import presets
from squeeze_core.compression.presets import Preset
from squeeze_core.compression.sensitivity import Study
from squeeze_core.detector.annotations import read
from squeeze_core.detector.evaluate import evaluate
from squeeze_core.detector.pretrained import PretrainedDetector, shipped_detector
from squeeze_core.errors import UserError
from squeeze_core.networks.engine import Engine
from squeeze_core.networks.weights import sqz
from squeeze_core.networks.weights.sqz import Packed

# Those that need no study of the network's answers, in the order of their size.
PRESETS = {
    "half": presets.half(),
    "int8": presets.int8(),
    "coded 6 bits": presets.uniform(6.0),
    "coded 5 bits": presets.uniform(5.0),
}


def compress_detector(detector: PretrainedDetector, preset: Preset) -> tuple[bytes, PretrainedDetector]:
    """A .sqz file's bytes, and the detector as it is decoded from them. `preset`: one of PRESETS."""
    tensors = {
        name: Packed(np.ascontiguousarray(value.float().numpy()))
        for name, value in detector.network.state_dict().items()
    }
    study = Study(detector.network, torch.empty(0))
    for stage in preset.stages:
        tensors = dict(stage.run(tensors, study))
    metadata = {
        "labels": json.dumps(detector.labels),
        "width": str(detector.network.width),
        "size": str(detector.preprocess.size),
    }
    data = sqz.write_bytes(sqz.Sqz(tensors, metadata))
    network = copy.deepcopy(detector.network)
    network.load_state_dict(sqz.read_bytes(data).state_dict())
    key = f"detector:{hashlib.sha256(data).hexdigest()}"
    return data, replace(detector, key=key, network=network)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m squeeze_core.compression.detector", description=__doc__
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--annotations", type=Path, required=True)
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=list(PRESETS))
    options = parser.parse_args(arguments)
    torch.set_grad_enabled(False)
    engine, shipped = Engine(), shipped_detector()
    try:
        annotations = read(options.data, options.annotations, shipped.labels)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    for name in options.presets:
        data, detector = compress_detector(shipped, PRESETS[name])
        found = evaluate(annotations, engine, detector)
        print(
            json.dumps({"preset": name, "bytes": len(data), "map50": found.map50, "map": found.map}),
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
