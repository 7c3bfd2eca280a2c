"""Checkpoints as scripts and frameworks save them: each opens as the network in it, and nothing is run."""

from __future__ import annotations

import argparse
import io
import os
import pickle
import random
import struct
import subprocess
import sys
import zipfile
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.nn.utils import prune
from torch.optim.swa_utils import AveragedModel

from squeeze_core.errors import UserError, WeightsError
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.own import open_own
from squeeze_core.networks.plan import FireShape, Plan
from squeeze_core.networks.weights import pickles

PLAN = Plan(8, 3, frozenset({"conv1"}), (FireShape(4, 6, 6), FireShape(4, 8, 8)))
NAMES = ("ok", "defect")


def network() -> nn.Module:
    torch.manual_seed(0)
    return SqueezeNet(PLAN, 2).eval()


STATE: dict[str, Tensor] = dict(network().state_dict())


def pth(content: object, **options: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, **options)
    return buffer.getvalue()


def under(prefix: str) -> dict[str, Tensor]:
    return {f"{prefix}{key}": value for key, value in STATE.items()}


def without(*keys: str) -> dict[str, Tensor]:
    return {key: value for key, value in STATE.items() if key not in keys}


HEAD = {part: STATE[f"classifier.1.{part}"] for part in ("weight", "bias")}
HEADLESS = without("classifier.1.weight", "classifier.1.bias")
ARGUMENTS = argparse.Namespace(out=Path("a/b"), lr=0.1, device=torch.device("cpu"), names=defaultdict(list))
# What is saved → words on what is left out.
SAVED: dict[str, tuple[Callable[[], bytes], str]] = {
    "plain": (lambda: pth(STATE), ""),
    "older format": (lambda: pth({"net": STATE, "optimizer": {"state": {0: {"momentum": torch.ones(3)}}}},
                                 _use_new_zipfile_serialization=False), ""),
    "under any key": (lambda: pth({"weights": OrderedDict(STATE), "acc": 0.5, "epoch": 3}), ""),
    "Lightning": (lambda: pth({"state_dict": under("net.backbone."), "epoch": 1}), ""),
    "loss weights": (lambda: pth({"state_dict": under("model.") | {"criterion.weight": torch.ones(2)}}),
                     " without state_dict.criterion.weight"),
    "loss weights within": (lambda: pth(STATE | {"criterion.weight": torch.ones(2)}),
                            " without criterion.weight"),
    "averaged": (lambda: pth(AveragedModel(network()).state_dict()), " without n_averaged"),
    "reference script": (lambda: pth({"model": STATE, "args": ARGUMENTS, "best": np.float64(0.5)}), ""),
    "whole module": (lambda: pth(network()), ""),
    "parameters": (lambda: pth({k: nn.Parameter(v) for k, v in STATE.items()}), ""),
    "NumPy": (lambda: pickle.dumps({k: v.numpy() for k, v in STATE.items()}, protocol=2), ""),
    "NumPy, later": (lambda: pickle.dumps({k: v.numpy() for k, v in STATE.items()}, protocol=5), ""),
    "in a list": (lambda: pth([{"net": STATE}, 3]), ""),
    "other place of the head": (lambda: pth(HEADLESS | {f"last_conv.{k}": v for k, v in HEAD.items()}), ""),
    "head at 0": (lambda: pth(HEADLESS | {f"classifier.0.{k}": v for k, v in HEAD.items()}),
                  " with classifier.0.weight as conv10's"),
}  # fmt: skip


@pytest.mark.parametrize("way", SAVED)
def test_the_network_in_a_checkpoint_opens(way: str) -> None:
    make, left_out = SAVED[way]
    own = open_own(make(), "a.ckpt")
    state = own.weights.state()
    assert own.plan == PLAN and own.weights.words.startswith(f"your file a.ckpt{left_out}")
    assert state.keys() == STATE.keys()
    assert all(np.array_equal(state[key], STATE[key].numpy()) for key in STATE)


def test_pruned_weights_are_masked() -> None:
    pruned = network()
    for module in pruned.modules():
        if isinstance(module, nn.Conv2d):
            prune.l1_unstructured(module, "weight", 0.5)
    state = open_own(pth(pruned.state_dict()), "a.pth").weights.state()
    expected = {
        f"{name}.weight": m.weight for name, m in pruned.named_modules() if isinstance(m, nn.Conv2d)
    }
    assert all(np.array_equal(state[key], value.detach().numpy()) for key, value in expected.items())
    assert np.mean(state["features.0.weight"] == 0) == 0.5


def test_what_quantisation_puts_beside_weights_is_left_out() -> None:
    """As torch.ao.quantization.prepare_qat names it, whose observers begin at infinity."""
    beside = {"activation_post_process.min_val": torch.tensor(float("inf")),
              "weight_fake_quant.fake_quant_enabled": torch.tensor([1], dtype=torch.uint8)}  # fmt: skip
    own = open_own(pth(STATE | {f"features.0.{key}": value for key, value in beside.items()}), "a.pth")
    assert own.weights.state().keys() == STATE.keys() and "fake_quant" in own.weights.words


def test_a_head_without_bias_adds_none() -> None:
    state = open_own(pth(without("classifier.1.bias")), "a.pth").weights.state()
    assert np.array_equal(state["classifier.1.bias"], np.zeros(2))


def test_of_several_networks_the_key_chooses() -> None:
    file = pth({"model": STATE, "model_ema": {f"module.{k}": v + 1 for k, v in STATE.items()}})
    chosen = {key: open_own(file, "a.pth", key=key) for key in ("model", "model_ema")}
    biases = [own.weights.state()["features.0.bias"] for own in chosen.values()]
    np.testing.assert_allclose(biases[1], biases[0] + 1)
    assert len({own.key for own in chosen.values()}) == 2
    with pytest.raises(WeightsError, match=r"holds no 'net', but 2 networks, model, model_ema\.module"):
        open_own(file, "a.pth", key="net")


@pytest.mark.parametrize(
    "beside",
    [
        {"class_to_idx": {"defect": 1, "ok": 0}},
        {"classes": ["ok", "defect"]},
        {"hyper_parameters": {"num_classes": 2, "class_names": NAMES, "classes": ["one"]}},
        {"args": argparse.Namespace(labels=["ok", "defect"])},
        {"config": {"id2label": {"0": "ok", "1": "defect"}}},
    ],
)
def test_class_names_beside_the_weights_are_taken(beside: dict[str, Any]) -> None:
    own = open_own(pth({"model": STATE, **beside}), "a.pth")
    assert own.labels == NAMES and own.classes_in_words() == "2 classes: ok, defect"


def test_quantised_weights_are_said_to_be_so() -> None:
    quantised = {key: torch.quantize_per_tensor(value, 0.1, 0, torch.qint8) for key, value in STATE.items()}
    with pytest.raises(
        WeightsError, match=r"quantised or otherwise not plain numbers, features\.0\.weight first"
    ):
        open_own(pth(quantised), "a.pth")


class Calls:
    """Unpickling it would call a function."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


class Sets:
    """Unpickling it would set its attributes."""

    def __setstate__(self, state: object) -> None:
        os.mkdir(str(state))

    def __getstate__(self) -> object:
        return self.path

    def __init__(self, path: str) -> None:
        self.path = path


def test_nothing_in_a_pickle_is_run(tmp_path: Path) -> None:
    target = tmp_path / "ran"
    rogues = [Calls(os.mkdir, str(target)), Calls(os.system, f"mkdir {target}"), Sets(str(target)),
              Calls(eval, f"__import__('os').mkdir({str(target)!r})")]  # fmt: skip
    for rogue in rogues:
        own = open_own(pth({"state_dict": STATE, "extra": rogue}), "rogue.pth")
        assert np.array_equal(own.weights.state()["features.0.bias"], STATE["features.0.bias"].numpy())
        for content in (pth(rogue), pickle.dumps(rogue)):
            with pytest.raises(WeightsError, match="holds no weights"):
                open_own(content, "rogue.pth")
    assert not target.exists()


def rezipped(change: Callable[[bytes], bytes]) -> bytes:
    """The plain file with another data.pkl."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(pth(STATE))) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data) if name.endswith("data.pkl") else data)
    return out.getvalue()


def nested_key(depth: int) -> bytes:
    """A dict with a key of tuples that hold the one before twice: its hash would take 2^depth steps."""
    return b"\x80\x02}" + b")" + b"q\x00h\x00\x86" * depth + b"K\x01s."


HOSTILE: dict[str, bytes] = {
    "deep recursion": b"\x80\x02" + b"]" * 300_000 + b"a" * 299_999 + b".",
    "deep tuple as key": b"\x80\x02})" + b"\x85" * 200_000 + b"K\x01s.",
    "hash of shared tuples": nested_key(60),
    "huge memo": b"\x80\x02}r\xff\xff\xff\xff.",
    "huge text": b"\x80\x04\x8d" + struct.pack("<Q", 2**60) + b"a.",
    "huge bytes": b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b"a.",
    "endless": b"\x80\x02" + b"}0" * 2_000_000 + b".",
    "laughs": b"\x80\x02" + b"]q\x00" + b"](h\x00h\x00eq\x00" * 60 + b".",
    "dict of itself": b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.",
    "extension": b"\x80\x02\x82\x01.",
    "buffer": b"\x80\x05\x97.",
    "no end": b"\x80\x02}",
    "nothing on the stack": b"\x80\x02R.",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_pickles_are_one_sentence(kind: str) -> None:
    for file in (HOSTILE[kind], rezipped(lambda data: HOSTILE[kind])):
        with pytest.raises(WeightsError, match=r"bad\.pth (is a damaged|holds )"):
            open_own(file, "bad.pth")


@pytest.mark.parametrize("laughs", [b"](h\x00h\x00eq\x00", b"(h\x00h\x00tq\x00"])
def test_a_storages_key_is_a_text(laughs: bytes) -> None:
    """Neither the words nor the hash of lists in lists, which would have no end."""
    nested = b"]q\x00" + laughs * 60

    def change(data: bytes) -> bytes:
        return data.replace(b"X\x01\x00\x00\x000", nested, 1)

    with pytest.raises(WeightsError, match=r"bad\.pth is a damaged"):
        open_own(rezipped(change), "bad.pth")


@pytest.mark.parametrize(
    ("place", "to"),
    [
        (b"K\x08K\x03K\x03K\x03t", b"K\x08K\x03K\x03K\xfft"),  # a side larger than the storage
        (b"K\x1bK\tK\x03K\x01t", b"J\xff\xff\xff\x7fK\tK\x03K\x01t"),  # a stride past its end
        (b"K\x1bK\tK\x03K\x01t", b"J\xff\xff\xff\xffK\tK\x03K\x01t"),  # a negative one
        (b"QK\x00(", b"QJ\xff\xff\xff\x7f("),  # an offset past its end
        (b"FloatStorage", b"ClassStorage"),
        (b"X\x01\x00\x00\x000", b"X\x01\x00\x00\x00?"),  # a storage that is not there
    ],
)
def test_tensors_outside_their_storage_are_one_sentence(place: bytes, to: bytes) -> None:
    def change(data: bytes) -> bytes:
        assert place in data
        return data.replace(place, to, 1)

    with pytest.raises(WeightsError, match=r"bad\.pth is a damaged"):
        open_own(rezipped(change), "bad.pth")


def test_mutated_checkpoints_are_read_or_one_sentence() -> None:
    rng = random.Random(0)
    files = [make() for make, _ in SAVED.values()]
    said = set()
    for number in range(500):
        data = bytearray(files[number % len(files)])
        for _ in range(rng.choice((1, 1, 2, 8))):
            place = rng.randrange(min(len(data), rng.choice((300, 6000, len(data)))))
            match rng.randrange(4):
                case 0:
                    data[place] ^= 1 << rng.randrange(8)
                case 1:
                    data[place : place + 4] = rng.randbytes(4)
                case 2:
                    del data[place : place + rng.choice((1, 8))]
                case 3:
                    data[place:place] = data[place : place + rng.choice((1, 40))]
        try:
            open_own(bytes(data), "a.pth")
            said.add("read")
        except UserError as error:
            assert "\n" not in str(error) and str(error).endswith(".")
            said.add(str(error).split()[1])
    assert len(said) > 2


def test_mutated_pickles_are_data_or_an_exception() -> None:
    """Without the archive's checksums before them: data, or an exception; never anything that runs."""
    with zipfile.ZipFile(io.BytesIO(SAVED["reference script"][0]())) as archive:
        whole = archive.read(next(name for name in archive.namelist() if name.endswith("data.pkl")))
    rng, read = random.Random(1), 0
    for _ in range(500):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 2, 4))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            open_own(rezipped(lambda old, data=data: bytes(data)), "a.pth")
            read += 1
        except WeightsError:
            pass
        try:
            loaded = pickles.load(io.BytesIO(bytes(data)))
        except Exception:
            continue
        assert type(loaded).__module__ in ("builtins", pickles.__name__)
    assert read


def test_opening_needs_no_pytorch(tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_bytes(pth(STATE))
    code = (
        "import sys; from squeeze_core.networks.weights.reading import read_file, read_weights, Path\n"
        "state = read_weights(read_file(Path(sys.argv[1])), 'a').state\n"
        "assert 'torch' not in sys.modules; print(len(state))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.pth")]
    assert subprocess.run(command, capture_output=True, check=True).stdout.strip() == b"%d" % len(STATE)


def test_torchvisions_own_file_is_the_same_network() -> None:
    theirs = torchvision.models.squeezenet1_1(num_classes=3).eval()
    own = open_own(pth({"model": theirs.state_dict(), "optimizer": {"state": {}}}), "a.pth")
    batch = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(own.load()(batch), theirs(batch))
