"""Files of weights as people have them: each opens as the network it is, or is one sentence."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from safetensors.torch import load_file, save
from torch import Tensor, nn

from squeeze_core import gallery
from squeeze_core.classifier import classify
from squeeze_core.errors import WeightsError
from squeeze_core.images import Picture
from squeeze_core.inside.ablation import contributions
from squeeze_core.inside.explain import METHODS, explain
from squeeze_core.inside.localise import localise
from squeeze_core.inside.trace import fire_trace
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import DEFAULT, IMAGENET_LABELS, named
from squeeze_core.networks.engine import Engine
from squeeze_core.networks.own import (
    TORCHVISION,
    open_own,
    open_own_file,
    reweighted,
    to_safetensors,
)
from squeeze_core.networks.plan import PLANS, Metaparameters, Plan
from squeeze_core.networks.preprocess import Preprocess
from squeeze_core.networks.torch_network import load_state
from squeeze_core.networks.weights import SHIPPED

State = dict[str, Tensor]


def pth(content: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def fine_tuned(version: str = "1_1", classes: int = 10) -> nn.Module:
    """torchvision's own network with another head, and weights as after some training."""
    torch.manual_seed(0)
    network = torchvision.models.get_model(f"squeezenet{version}", num_classes=classes).eval()
    nn.init.normal_(network.classifier[1].weight, std=0.1)
    return network


# How it is saved → bytes, and what the values become on the way.
SAVED: dict[str, tuple[str, Callable[[State], bytes], torch.dtype]] = {
    "plain": ("1_1", pth, torch.float32),
    "checkpoint": ("1_1", lambda s: pth({"epoch": 3, "state_dict": s, "best": 0.5}), torch.float32),
    "nested": ("1_1", lambda s: pth({"model": {"model_state_dict": s}}), torch.float32),
    "data parallel": ("1_1", lambda s: pth({f"module.{k}": v for k, v in s.items()}), torch.float32),
    "compiled in Lightning": (
        "1_1", lambda s: pth({"state_dict": {f"model._orig_mod.{k}": s[k] for k in s}}), torch.float32,
    ),
    "half": ("1_1", lambda s: pth({k: v.half() for k, v in s.items()}), torch.float16),
    "bfloat16": ("1_1", lambda s: save({k: v.bfloat16() for k, v in s.items()}), torch.bfloat16),
    "double": ("1_1", lambda s: pth({k: v.double() for k, v in s.items()}), torch.float64),
    "safetensors": ("1_1", save, torch.float32),
    "1.0": ("1_0", pth, torch.float32),
}  # fmt: skip


@pytest.mark.parametrize("way", SAVED)
def test_every_way_of_saving_opens_and_gives_torchvisions_logits(way: str, chelsea: Picture) -> None:
    version, write, dtype = SAVED[way]
    theirs = fine_tuned(version)
    own = open_own(write(theirs.state_dict()), "flowers.pth")
    theirs.load_state_dict({k: v.to(dtype).float() for k, v in theirs.state_dict().items()})
    assert own.plan == PLANS[version.replace("_", ".")]
    assert own.labels == tuple(f"class {index}" for index in range(10)) and own.preprocess == TORCHVISION
    batch = torch.from_numpy(own.preprocess([chelsea.image]))
    with torch.inference_mode():
        expected = theirs(batch)
        assert expected.abs().max() > 0.1
        torch.testing.assert_close(own.load()(batch), expected, atol=1e-4, rtol=0)


def test_a_safetensors_file_whose_length_begins_as_a_pickle_does_opens() -> None:
    state = fine_tuned(classes=2).state_dict()
    file = next(
        file
        for length in range(0, 256, 8)
        if (file := save(state, {"note": "x" * length})).startswith(b"\x80")
    )
    opened = open_own(file, "a.safetensors").load().state_dict()
    assert all(torch.equal(value, state[name]) for name, value in opened.items())


PLANS_OF_OTHERS = {
    "other metaparameters": Plan(
        48, 5, frozenset({"conv1", "fire3"}), Metaparameters(64, 32, 0.25).fires(5)
    ),
    "one branch only": Plan(64, 3, PLANS["1.1"].pool_after, Metaparameters(pct3x3=1.0, sr=0.25).fires()),
    "no first pool": Plan(64, 3, frozenset({"fire3", "fire5"}), PLANS["1.1"].fires),
    "complex bypass": replace(PLANS["1.0"], bypass="complex"),
}


@pytest.mark.parametrize("kind", PLANS_OF_OTHERS)
def test_the_plan_is_read_off_the_shapes_and_everything_inside_works(
    kind: str, chelsea: Picture, engine: Engine
) -> None:
    torch.manual_seed(0)
    plan = PLANS_OF_OTHERS[kind]
    network = SqueezeNet(plan, 7).eval()
    nn.init.normal_(network.convolution("conv10").weight, std=0.1)
    own = open_own(pth(network.state_dict()), "own.pth", preprocess=Preprocess(96))
    assert own.plan == plan and len(own.labels) == 7
    answer = next(classify([chelsea], engine, own))
    trace = fire_trace(chelsea, engine, own)
    np.testing.assert_allclose(answer.probabilities, trace.probabilities, atol=1e-5)
    feeds = contributions(chelsea, engine, own, trace.best)
    assert len(feeds.ranked()) == sum(plan.channels.values())
    for method in METHODS:
        assert np.isfinite(explain(chelsea, engine, own, method, trace.best).map).all()
    assert localise(chelsea, engine, own, trace.best).label == own.labels[trace.best]


def test_a_simple_bypass_cannot_be_seen_in_shapes_but_our_own_files_say_it() -> None:
    torch.manual_seed(0)
    network = SqueezeNet(replace(PLANS["1.1"], bypass="simple"), 3).eval()
    own = open_own(save(network.state_dict(), {"bypass": "simple"}), "own.safetensors")
    image = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(own.load()(image), network(image))
    with pytest.raises(WeightsError, match="bypass 'double'"):
        open_own(save(network.state_dict(), {"bypass": "double"}), "own.safetensors")


def test_our_own_file_carries_labels_and_what_the_network_sees() -> None:
    state = fine_tuned(classes=2).state_dict()
    seen = Preprocess(128, 160, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    own = open_own(pth(state), "a.pth", ("names.txt", b"cat\ndog\n"), seen)
    again = open_own(to_safetensors(own), "a.safetensors")
    assert (again.labels, again.preprocess, again.plan) == (("cat", "dog"), seen, own.plan)
    assert all(
        torch.equal(a, b) for a, b in zip(own.load().parameters(), again.load().parameters(), strict=True)
    )


def test_a_copy_of_the_shipped_file_answers_as_the_shipped_one(chelsea: Picture, engine: Engine) -> None:
    own = open_own_file(SHIPPED["squeezenet1_1"].path)
    assert own.labels == IMAGENET_LABELS and own != DEFAULT
    answers = [next(classify([chelsea], engine, network)).probabilities for network in (own, DEFAULT)]
    assert np.array_equal(*answers)


def test_the_key_follows_the_content_the_labels_and_what_is_seen(tmp_path: Path) -> None:
    one, other = pth(fine_tuned().state_dict()), pth(fine_tuned("1_0").state_dict())
    file = tmp_path / "best.pth"
    file.write_bytes(one)
    first = open_own_file(file)
    file.write_bytes(other)
    names = ("n", json.dumps([str(i) for i in range(10)]).encode())
    keys = {
        first.key, open_own_file(file).key, open_own(one, "x", names).key,
        open_own(one, "x", preprocess=Preprocess(227)).key,
    }  # fmt: skip
    assert len(keys) == 4 and open_own(one, "elsewhere.pth").key == first.key


def test_loading_gives_a_copy() -> None:
    own = open_own(pth(fine_tuned().state_dict()), "a.pth")
    changed = own.load()
    for parameter in changed.parameters():
        parameter.data.zero_()
    assert any(parameter.abs().max() > 0 for parameter in own.load().parameters())


STATE = fine_tuned().state_dict()
SHIPPED_BYTES = SHIPPED["squeezenet1_1"].path.read_bytes()


def zipped(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def scripted() -> bytes:
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.trace(nn.ReLU(), torch.zeros(1)), buffer)
    return buffer.getvalue()


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "VGG": (lambda: pth(torchvision.models.vgg11().features.state_dict()), "has no Fire modules"),
    "other names": (lambda: pth({k.replace("features.", "fire"): v for k, v in STATE.items()}),
                    "names its layers otherwise, such as fire3.squeeze.weight"),
    "no wrapper": (lambda: pth({k.removeprefix("features."): v for k, v in STATE.items()}),
                   r"names its layers otherwise, such as 3\.squeeze\.weight"),
    "missing layers": (lambda: pth({k: v for k, v in STATE.items() if "classifier" not in k}),
                       r"lacks classifier\.1\.weight, conv10's"),
    "missing conv1": (lambda: pth({k: v for k, v in STATE.items() if "features.0." not in k}),
                      r"lacks features\.0\.weight, conv1's"),
    "missing bias": (lambda: pth({k: v for k, v in STATE.items() if k != "features.0.bias"}),
                     r"lacks 1 of a SqueezeNet's 52 tensors, features\.0\.bias first"),
    "missing module": (lambda: pth({k: v for k, v in STATE.items() if "features.7." not in k}),
                       r"lacks .* features\.7\.squeeze\.weight first"),
    "parametrised": (lambda: pth({k.replace(".weight", ".parametrizations.weight.original"): v
                                  for k, v in STATE.items()}), "names its layers otherwise"),
    "extra layers": (lambda: pth(STATE | {"fc.weight": torch.zeros(3, 3)}), "1 tensors that no Squ"),
    "odd shape": (lambda: pth(STATE | {"features.4.squeeze.weight": torch.zeros(16, 64, 1, 1)}),
                  r"features\.4\.squeeze\.weight is 16 × 64 × 1 × 1; 16 × 128 × 1 × 1"),
    "NaN": (lambda: save(STATE | {"classifier.1.bias": torch.full((10,), float("nan"))}),
            r"the tensor classifier\.1\.bias holds values that are not finite"),
    "overflow of one class": (lambda: pth(STATE | {"classifier.1.weight": torch.full((10, 512, 1, 1), 3e38)
                                                   * (torch.arange(10) == 3).view(10, 1, 1, 1)}),
                 "so large that its answers are not finite numbers"),
    "too large for float32": (lambda: pth({k: v.double() * 1e300 for k, v in STATE.items()}), "not finite"),
    "integers": (lambda: pth(STATE | {"features.0.weight": torch.ones(64, 3, 3, 3).char()}), "int8"),
    "whole numbers": (lambda: pth(STATE | {"features.0.bias": torch.ones(64).long()}), "int64"),
    "linear": (lambda: pth({k: v for k, v in STATE.items() if "classifier" not in k}
                           | {"fc.weight": torch.zeros(10, 512), "fc.bias": torch.zeros(10)}),
               r"ends in fc\.weight \(10 × 512\), where .* is not converted"),
    "two networks": (lambda: pth({"model": STATE, "ema": {k: v + 1 for k, v in STATE.items()}}),
                     r"holds 2 networks, model, ema; say which by its key"),
    "a view that claims a lot": (lambda: pth(STATE | {"classifier.1.weight": torch.zeros(1).expand(10**9)}),
                                 "claims to be larger than the file"),
    "truncated": (lambda: pth(STATE)[:-2000], "damaged or incomplete PyTorch file"),
    "half a safetensors": (lambda: SHIPPED_BYTES[:2_000_000], "damaged or incomplete safetensors"),
    "huge header": (lambda: b"\xff\xff\xff\xff\xff\0\0\0{", "damaged or incomplete safetensors"),
    "nested header": (lambda: (5000).to_bytes(8, "little") + b"{" + 4999 * b"[", "damaged or incomplete"),
    "image": (lambda: (gallery.FOLDER / "chelsea.png").read_bytes(), "is a PNG picture, not a file"),
    "text": (lambda: b"hello, this is no network", "is a text file, not a file of weights"),
    "noise": (lambda: bytes(range(256)) * 9, "of an unknown format"),
    "empty": (lambda: b"", "is empty"),
    "zip": (lambda: zipped("a.txt", b"hello"), "is a zip archive without weights"),
    "TorchScript": (scripted, "TorchScript"),
    "a number": (lambda: pth(3), "holds no weights; save it"),
    "no weights": (lambda: pth({"epoch": 3, "lr": 0.1}), "holds no weights but epoch, lr"),
    "nothing": (lambda: save({}), "holds no weights"),
    "detector": (lambda: SHIPPED["squeezenet1_1_detector"].path.read_bytes(), "one of our detectors"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_squeezenet_is_one_sentence(kind: str) -> None:
    make, says = REFUSED[kind]
    with pytest.raises(WeightsError, match=says) as refusal:
        open_own(make(), "file.bin")
    assert "file.bin" in str(refusal.value) and "\n" not in str(refusal.value)


def test_a_regnet_takes_weights_though_it_cannot_be_built_without() -> None:
    torch.manual_seed(0)
    theirs = torchvision.models.regnet_y_400mf().eval()
    state = {name: tensor.numpy() for name, tensor in theirs.state_dict().items()}
    batch = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(load_state(named("regnet_y_400mf").build, state)(batch), theirs(batch))


def test_any_network_takes_weights_of_its_own(tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs, file = torchvision.models.mobilenet_v3_small().eval(), tmp_path / "mine.pth"
    file.write_bytes(pth({"model": theirs.state_dict()}))
    network = reweighted(named("mobilenet_v3_small"), file)
    batch = torch.randn(1, 3, 224, 224)
    torch.testing.assert_close(network.load()(batch), theirs(batch))
    assert network != named("mobilenet_v3_small") and network.published.top1 is None
    theirs.classifier[0].bias.data.fill_(3e38)
    theirs.classifier[3].weight.data.fill_(3e38)
    file.write_bytes(pth(theirs.state_dict()))
    with pytest.raises(WeightsError, match="answers are not finite numbers"):
        reweighted(named("mobilenet_v3_small"), file)
    with pytest.raises(WeightsError, match=r"mine\.pth does not hold the weights of ResNet18"):
        reweighted(named("resnet18"), file)


@pytest.mark.parametrize(
    ("name", "says"), [("none.pth", "There is no weights file"), ("", "is a folder, not a weights file")]
)
def test_a_path_that_is_no_file_is_one_sentence(name: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=says):
        open_own_file(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'["cat", 3]', "does not list class names"),
        (b'{"0": "cat", "2": "dog"}', "does not list class names"),
        (b"[" * 100_000, "does not list class names"),
        (b"\xff\xfe\x00", "does not list class names"),
        (b"cat\ndog", "names.txt names 2 classes; a.pth has 10."),
    ],
)
def test_unusable_class_names_are_one_sentence(content: bytes, says: str) -> None:
    with pytest.raises(WeightsError, match=says):
        open_own(pth(STATE), "a.pth", ("names.txt", content))


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (Preprocess(16), "16 pixels is not between 32 and 1024"),
        (Preprocess(224, resize=200), "224 pixels cannot be cut from a side of 200"),
        (Preprocess(224, std=(0.0, 1.0, 1.0)), "standard deviation"),
    ],
)
def test_what_no_network_can_see_is_one_sentence(seen: Preprocess, says: str) -> None:
    with pytest.raises(WeightsError, match=says):
        open_own(pth(STATE), "a.pth", preprocess=seen)


def test_shipped_state_is_read_as_any_other() -> None:
    own = open_own(SHIPPED_BYTES, "a.safetensors").weights.state()
    shipped = load_file(SHIPPED["squeezenet1_1"].path)
    assert own.keys() == shipped.keys() and all(np.array_equal(own[key], shipped[key]) for key in shipped)
