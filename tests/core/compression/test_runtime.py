"""ONNX files of several precisions, and the snippets that load them."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch

from squeeze_core import gallery
from squeeze_core.compression import runtime
from squeeze_core.compression.presets import CompressionError, compress, uniform, views
from squeeze_core.compression.runtime import PRECISIONS
from squeeze_core.networks.catalogue import DEFAULT, Network, named
from squeeze_core.networks.preprocess import Preprocess


@pytest.fixture(scope="module")
def models() -> dict[str, bytes]:
    return {chosen.name: runtime.to_onnx(DEFAULT, chosen) for chosen in PRECISIONS}


@pytest.fixture
def cat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    gallery.samples()[1].picture().image.save(tmp_path / "cat.jpg", quality=95)  # of which all are sure
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_files_are_as_small_as_their_numbers(models: dict[str, bytes]) -> None:
    full = len(models["fp32"])
    assert 0.49 < len(models["fp16"]) / full < 0.52
    for name in ("int8-tensor", "int8"):
        assert 0.24 < len(models[name]) / full < 0.30


def test_int8_files_hold_eight_bits_and_per_channel_has_a_scale_for_each(models: dict[str, bytes]) -> None:
    scales = {}
    for name in ("int8-tensor", "int8"):
        initializers = onnx.load_model_from_string(models[name]).graph.initializer
        kinds = [one.data_type for one in initializers if len(one.dims) == 4]
        assert kinds == [onnx.TensorProto.INT8] * 26
        scales[name] = max(one.dims[0] if one.dims else 1 for one in initializers if "scale" in one.name)
    assert scales == {"int8-tensor": 1, "int8": 1000}


@torch.inference_mode()
def test_float_files_answer_as_pytorch_does(models: dict[str, bytes]) -> None:
    pictures = views(DEFAULT, 1)
    want = DEFAULT.load()(pictures).softmax(1)
    for name, tolerance in (("fp32", 1e-4), ("fp16", 5e-3)):
        got = runtime.answers(models[name], pictures).softmax(1)
        assert (got - want).abs().max() < tolerance


def test_what_each_precision_is_worth_is_measured() -> None:
    shares: list[float] = []
    found = runtime.measure(DEFAULT, shares.append)
    assert [one.precision for one in found] == list(PRECISIONS)
    full, *others = found
    assert full.same == full.pictures == 24 and full.divergence == 0
    assert all(one.milliseconds > 0 and one.bytes < full.bytes for one in others)
    assert others[-1].divergence > 0
    assert shares == sorted(shares) and shares[-1] == 1


def run(code: str) -> str:
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        exec(compile(code, "snippet", "exec"), {})
    return told.getvalue().strip()


@pytest.mark.parametrize("name", [chosen.name for chosen in PRECISIONS])
def test_the_snippet_loads_each_file(name: str, models: dict[str, bytes], cat: Path) -> None:
    (cat / f"{name}.onnx").write_bytes(models[name])
    assert run(runtime.snippet(DEFAULT, f"{name}.onnx")) == "espresso"


def test_the_snippet_takes_any_file_name(models: dict[str, bytes], cat: Path) -> None:
    name = 'a "VIEW" $file \\.onnx'
    (cat / name).write_bytes(models["fp32"])
    assert run(runtime.snippet(DEFAULT, name)) == "espresso"


def test_the_snippet_sees_pictures_as_the_network_does(cat: Path) -> None:
    cropping: Network = replace(DEFAULT, preprocess=Preprocess(224, resize=256))
    (cat / "crop.onnx").write_bytes(runtime.to_onnx(cropping, PRECISIONS[0]))
    picture = cropping.preprocess([gallery.samples()[1].picture().image])
    want = cropping.labels[int(cropping.load_on("cpu")(picture).argmax())]
    assert run(runtime.snippet(cropping, "crop.onnx")) == want


def test_the_snippet_for_our_own_format_runs(cat: Path) -> None:
    (cat / "small.sqz").write_bytes(compress(DEFAULT, uniform(6)).data)
    command = [sys.executable, "-c", runtime.own_snippet("small.sqz")]
    environment = {"PYTHONPATH": str(Path(__file__).parents[3]), "PATH": ""}
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=cat, env=environment)
    assert told.stdout.strip() == "espresso"


def test_the_files_say_their_labels_and_what_they_want_to_see(models: dict[str, bytes]) -> None:
    model = onnx.load_model_from_string(models["int8"])
    said = {entry.key: entry.value for entry in model.metadata_props}
    assert tuple(json.loads(said["labels"])) == DEFAULT.labels
    assert json.loads(said["pictures"])["size"] == 227


def test_only_squeezenets_are_converted() -> None:
    with pytest.raises(CompressionError, match="is no SqueezeNet"):
        runtime.to_onnx(named("efficientnet_lite0"), PRECISIONS[0])
