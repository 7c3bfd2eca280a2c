"""One record a network: what is here, what can be had, and that each builds what it says."""

from __future__ import annotations

import hashlib
import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torchvision
from PIL import Image
from safetensors.torch import save_file

from squeeze_core.errors import WeightsError
from squeeze_core.networks import catalogue, weights
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import CATALOGUE, DEFAULT, OURS, compressed_of, named
from squeeze_core.networks.weights import SHIPPED


def test_every_network_has_a_title_and_only_ours_are_here(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert OURS == ("squeezenet1_1", "efficientnet_lite0")
    assert {"squeezenet1_0", "squeezenet1_1_torchvision", "vgg16", "resnet50"} < set(CATALOGUE)
    present = tuple(name for name, network in CATALOGUE.items() if network.present())
    # EfficientNet-Lite2 is in a package that is installed for those who ask for it.
    here = tuple(name for name in present if name != "efficientnet_lite2")
    assert here == (*OURS, "squeezenet1_1_sqz", "squeezenet1_1_sqz_496")
    titles = [network.title for network in CATALOGUE.values()]
    assert named("squeezenet1_0").title == "SqueezeNet 1.0" and len(set(titles)) == len(titles)


def test_the_two_squeezenets_1_1_are_told_apart() -> None:
    ours, theirs = DEFAULT, CATALOGUE["squeezenet1_1_torchvision"]
    assert (ours.title, ours.preprocess.size, ours.published.top1) == ("SqueezeNet 1.1", 227, 57.5)
    assert (theirs.title, theirs.preprocess.size) == ("SqueezeNet 1.1 (torchvision)", 224)
    assert theirs.published.top1 == 58.178 and theirs.measured is None
    assert "SqueezeNet 1.0" in ours.published.note and not theirs.published.note
    assert ours.measured is not None and ours.measured.on == SHIPPED["squeezenet1_1"].measured["on"]
    assert ours.plan == theirs.plan and ours != theirs


def test_a_compressed_file_is_judged_on_the_pictures_of_its_own_network() -> None:
    small, larger = compressed_of(DEFAULT)
    full, measured = DEFAULT.measured, small.measured
    assert (small.weights.bytes(), larger.weights.bytes()) == (471_330, 496_077)
    assert small.name == "squeezenet1_1_sqz" and small.plan == DEFAULT.plan and small != DEFAULT
    assert full is not None and measured is not None and full.difference is None
    difference = measured.difference
    assert difference is not None
    assert measured.lost is not None and measured.won is not None
    assert difference.value == pytest.approx(100 * (measured.won - measured.lost) / measured.pictures)
    assert difference.low < difference.value < difference.high


def test_the_smallest_compressed_file_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    small = compressed_of(DEFAULT)[0]
    large = replace(small, name="large", weights=DEFAULT.weights)
    monkeypatch.setattr(catalogue, "_SHIPPED", (large, DEFAULT, small))
    assert [one.name for one in compressed_of(DEFAULT)] == [small.name, "large"]


def test_a_shipped_network_needs_its_file_and_its_entry_alone(monkeypatch, tmp_path: Path) -> None:
    """A network of another family: what its record says comes from the manifest."""
    file = tmp_path / "small.safetensors"
    theirs = torchvision.models.mobilenet_v3_small(num_classes=1000).eval()
    save_file(theirs.state_dict(), file)
    entry = {
        "architecture": "mobilenet_v3_small",
        "preprocess": {"size": 224, "resize": 256},
        "colour": "#112233",
    }
    shipped = replace(
        SHIPPED["squeezenet1_1"],
        name="small",
        title="Small",
        path=file,
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        network=entry,
        published={"top1": 67.7, "top5": 87.4, "source": "its authors"},
    )
    network = catalogue.shipped_network(shipped)
    assert (network.name, network.plan, network.colour) == ("small", None, "#112233")
    batch = torch.randn(1, 3, 224, 224)
    torch.testing.assert_close(network.load()(batch), theirs(batch))


def test_a_size_is_the_files() -> None:
    for name in OURS:
        path = CATALOGUE[name].weights.file()
        assert path is not None and CATALOGUE[name].weights.bytes() == path.stat().st_size
    assert DEFAULT.weights.bytes() != 4 * 1_235_496  # a file has a header


@pytest.mark.parametrize("name", ["squeezenet1_1", "squeezenet1_0", "squeezenet1_1_torchvision"])
def test_every_squeezenet_is_built_by_our_own_class(name: str) -> None:
    with torch.device("meta"):
        assert isinstance(CATALOGUE[name].build(), SqueezeNet)


def test_offline_weights_are_missed_in_one_sentence(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(weights, "ONLINE_TIMEOUT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, never answers
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/resnet18-0.pth"
        elsewhere = replace(named("resnet18").weights, url=url)
        says = r"ResNet18 are not on this machine .* save http.*checkpoints\.$"
        with pytest.raises(WeightsError, match=says):
            replace(named("resnet18"), weights=elsewhere).load()


@pytest.mark.parametrize("name", ["squeezenet1_0", "shufflenet_v2_x0_5"])
def test_downloaded_weights_are_used_and_damaged_ones_named(name: str, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    enum = torchvision.models.get_model_weights(name).DEFAULT
    cached = tmp_path / "hub" / "checkpoints" / enum.url.rsplit("/", 1)[1]
    cached.parent.mkdir(parents=True)
    theirs = torchvision.models.get_model(name).eval()
    torch.save(theirs.state_dict(), cached)
    batch = torch.randn(1, 3, 224, 224)
    assert named(name).present()
    torch.testing.assert_close(named(name).load()(batch), theirs(batch))
    image = Image.linear_gradient("L").convert("RGB").resize((300, 400))
    found = torch.from_numpy(named(name).preprocess([image]))[0]
    torch.testing.assert_close(found, enum.transforms()(image))
    cached.write_bytes(b"not a checkpoint")
    with pytest.raises(WeightsError, match=f"{cached.name} is damaged; delete it"):
        named(name).load()


def test_an_unknown_name_is_one_sentence() -> None:
    with pytest.raises(WeightsError, match="'nope'; try squeezenet1_1 or efficientnet_lite0"):
        named("nope")


def test_a_record_is_shown_in_one_line() -> None:
    for network in CATALOGUE.values():
        assert network.key in repr(network) and len(repr(network)) < 200


def test_the_records_are_what_torchvision_publishes() -> None:
    """They were written down for one version; `python -m tools.torchvision_records` writes them anew."""
    written = json.loads(catalogue.RECORDS.read_text("utf-8"))
    if written["torchvision"] != torchvision.__version__.split("+")[0]:
        pytest.skip("torchvision has another version")
    models = torchvision.models.list_models(module=torchvision.models)
    assert sorted(written["networks"]) == sorted(models)
    for model, record in written["networks"].items():
        enum = torchvision.models.get_model_weights(model).DEFAULT
        see, accuracy = enum.transforms(), enum.meta["_metrics"]["ImageNet-1K"]
        assert (record["enum"], record["url"]) == (str(enum), enum.url)
        assert torchvision.models.get_weight(record["enum"]) is enum
        assert [record["size"]] == see.crop_size and [record["resize"]] == see.resize_size
        assert record["mean"] == list(see.mean) and record["std"] == list(see.std)
        assert record["interpolation"] == see.interpolation.value
        assert (record["top1"], record["top5"]) == (accuracy["acc@1"], accuracy["acc@5"])
        assert (record["parameters"], record["gmacs"]) == (enum.meta["num_params"], enum.meta["_ops"])
        assert list(catalogue.IMAGENET_LABELS) == enum.meta["categories"]


def test_downloads_are_looked_for_where_torch_keeps_them(monkeypatch) -> None:
    for variable, value in (("XDG_CACHE_HOME", "/cache"), ("TORCH_HOME", "~/weights")):
        monkeypatch.setenv(variable, value)
        assert str(weights.hub_folder()) == f"{torch.hub.get_dir()}/checkpoints"
