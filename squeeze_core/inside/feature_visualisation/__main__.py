"""`python -m squeeze_core.inside.feature_visualisation`: make the shipped pictures again, about 15 minutes
on one core that has bfloat16 instructions, 36 on one without.

Each module and branch is saved to the working folder when it is done, and not made again.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from squeeze_core.inside.feature_visualisation import FOLDER, sheets
from squeeze_core.inside.feature_visualisation.optimise import SETTINGS, optimise
from squeeze_core.networks.architecture import BRANCHES, SqueezeNet
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.engine import Engine, choose_device


def make(out: Path, device: torch.device, batch: int) -> None:
    """Optimise what `out` does not hold yet: one NPZ for each module and branch, uint8 `pictures`
    [channels, size, size, 3] and the `seconds` it took."""
    network = DEFAULT.load().to(memory_format=torch.channels_last).to(device)
    assert isinstance(network, SqueezeNet)
    for module, settings in SETTINGS.items():
        for branch in BRANCHES:
            path = out / f"{module}_{branch}.npz"
            if path.exists():
                continue
            channels = range(network.convolution(f"{module}/{branch}").out_channels)
            start = time.perf_counter()
            groups = [channels[i : i + batch] for i in range(0, len(channels), batch)]
            made = [
                optimise(network, module, branch, group, settings)
                for group in tqdm(groups, desc=f"{module} {branch}", file=sys.stderr)
            ]
            unfinished = path.with_suffix(".part.npz")
            np.savez(unfinished, pictures=np.concatenate(made), seconds=time.perf_counter() - start)
            unfinished.rename(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("runs/feature_visualisation"), metavar="DIR")
    parser.add_argument("--batch", type=int, default=32, help="channels optimised at once")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument("--check", action="store_true", help="only measure the pictures that are shipped")
    options = parser.parse_args()
    if not options.check:
        options.work.mkdir(parents=True, exist_ok=True)
        make(options.work, choose_device(options.device), options.batch)
        print(f"{sheets.pack(options.work, FOLDER):,} bytes of sprite sheets in {FOLDER}")
    excitement = sheets.measure(Engine("cpu"))
    if not options.check:
        sheets.record(excitement, FOLDER)
    print(excitement)


if __name__ == "__main__":
    main()
