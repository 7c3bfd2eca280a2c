"""The mean of several trained detectors' weights, which often finds more than any one of them.

    python -m squeeze_core.detector.average c.safetensors d.safetensors --out mean.safetensors

Works for detectors that were trained from one another (model soups: Wortsman et al. 2022,
arXiv:2203.05482). The result takes the last file's input size.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from squeeze_core.detector.pretrained import load_detector, save_detector
from squeeze_core.errors import UserError


def average(files: Sequence[Path], out: Path) -> None:
    """Write the mean of the detectors in `files` to `out`.

    WeightsError when a file cannot be read; UserError when they differ in classes or width.
    """
    detectors = [load_detector(file) for file in files]
    last = detectors[-1]
    for file, detector in zip(files, detectors, strict=True):
        if (detector.labels, detector.network.width) != (last.labels, last.network.width):
            raise UserError(f"{file} has other classes or another width than {files[-1]}.")
    states = [detector.network.state_dict() for detector in detectors]
    mean = {key: torch.stack([state[key] for state in states]).mean(0) for key in states[0]}
    last.network.load_state_dict(mean)
    save_detector(last.network, last.labels, last.preprocess.size, out)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m squeeze_core.detector.average", description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        average(options.files, options.out)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
