"""Average the weights of several trained detectors; the mean often finds more than any one of them.

    python -m tools.average_detectors c.safetensors d.safetensors --out mean.safetensors

Works for detectors that were trained from one another (model soups: Wortsman et al. 2022,
arXiv:2203.05482). The result sees pictures at the last file's input side, or at `--size`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from squeeze_core.detector.pretrained import check_side, load_detector, save_detector
from squeeze_core.errors import UserError


def average(files: Sequence[Path], out: Path, size: int | None = None) -> None:
    """Write the mean of the detectors in `files` to `out`; `size`: its input side, pixels.

    WeightsError when a file cannot be read; UserError when they differ in classes or width, or when
    `size` is not a multiple of 32.
    """
    if size is not None:
        check_side(size)
    detectors = [load_detector(file) for file in files]
    last = detectors[-1]
    for file, detector in zip(files, detectors, strict=True):
        if (detector.labels, detector.network.width) != (last.labels, last.network.width):
            raise UserError(f"{file} has other classes or another width than {files[-1]}.")
    states = [detector.network.state_dict() for detector in detectors]
    mean = {key: torch.stack([state[key] for state in states]).mean(0) for key in states[0]}
    last.network.load_state_dict(mean)
    save_detector(last.network, last.labels, size or last.preprocess.size, out)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.average_detectors", description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, help="input side in pixels; the last file's when not given")
    options = parser.parse_args(arguments)
    try:
        average(options.files, options.out, options.size)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
