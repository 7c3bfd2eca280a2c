"""ONNX files of several precisions, and the snippets that load them."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import ImageOps

from squeeze_core import gallery
from squeeze_core.compression import runtime, snippets
from squeeze_core.compression.pictures import Pictures, logits
from squeeze_core.compression.presets import compress, uniform
from squeeze_core.compression.runtime import PRECISIONS
from squeeze_core.images import Picture
from squeeze_core.networks.catalogue import DEFAULT, Network, named
from squeeze_core.networks.onnx_runtime import open_session
from squeeze_core.networks.preprocess import Preprocess
from squeeze_core.networks.weights.sqz import reader


@pytest.fixture(scope="module")
def models() -> dict[str, bytes]:
    return {name: runtime.to_onnx(DEFAULT, chosen) for name, chosen in PRECISIONS.items()}


@pytest.fixture
def cat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    gallery.samples()[1].picture().image.save(tmp_path / "cat.jpg", quality=95)  # of which all are sure
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_files_are_as_small_as_their_numbers(models: dict[str, bytes]) -> None:
    full = len(models["float32"])
    assert 0.49 < len(models["float16"]) / full < 0.52
    assert 0.24 < len(models["int8"]) / full < 0.30


def test_int8_files_hold_eight_bits_and_a_scale_for_each_channel(models: dict[str, bytes]) -> None:
    initializers = onnx.load_model_from_string(models["int8"]).graph.initializer
    assert [one.data_type for one in initializers if len(one.dims) == 4] == [onnx.TensorProto.INT8] * 26
    assert max(one.dims[0] if one.dims else 1 for one in initializers if "scale" in one.name) == 1000


def samples() -> Pictures:
    """The sample pictures, twelve views of them."""
    images = [sample.picture().image for sample in gallery.samples()]
    images += [ImageOps.mirror(image) for image in images]
    seen = tuple(np.asarray(DEFAULT.preprocess.view(image)) for image in images)
    return Pictures(tuple(map(str, range(len(seen)))), seen)


def test_float_files_answer_as_pytorch_does(models: dict[str, bytes]) -> None:
    pictures = samples()
    want = logits(DEFAULT, pictures)
    for name, tolerance in (("float32", 1e-3), ("float16", 0.1)):
        got = runtime.answers(open_session(models[name]), pictures, DEFAULT.preprocess)
        assert np.abs(got - want).max() < tolerance


def test_what_each_precision_is_worth_is_measured() -> None:
    shares: list[float] = []
    found = runtime.measure(named("squeezenet1_1_sqz"), DEFAULT, samples(), shares.append)
    assert [one.precision for one in found] == list(PRECISIONS.values())
    full, half, eight = found
    assert full.judged is not None and eight.judged is not None
    assert len(full.judged.pictures) == 6  # the other six calibrated
    assert (full.judged.before != full.judged.after).any()  # against the network before compression
    assert eight.bytes < half.bytes < full.bytes and all(one.milliseconds > 0 for one in found)
    assert shares == sorted(shares) and shares[-1] == 1
    assert runtime.measure(DEFAULT, DEFAULT)[0].judged is None


def run(code: str) -> str:
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        exec(compile(code, "snippet", "exec"), {})
    return told.getvalue().strip()


@pytest.mark.parametrize("name", PRECISIONS)
def test_the_snippet_loads_each_file(name: str, models: dict[str, bytes], cat: Path) -> None:
    (cat / f"{name}.onnx").write_bytes(models[name])
    assert run(snippets.onnx(DEFAULT, f"{name}.onnx")) == "espresso"


def test_the_snippet_takes_any_file_name(models: dict[str, bytes], cat: Path) -> None:
    name = 'a "VIEW" $file \\.onnx'
    (cat / name).write_bytes(models["float32"])
    assert run(snippets.onnx(DEFAULT, name)) == "espresso"


def test_the_snippet_sees_pictures_as_the_network_does(cat: Path) -> None:
    cropping: Network = replace(DEFAULT, preprocess=Preprocess(224, resize=256))
    (cat / "crop.onnx").write_bytes(runtime.to_onnx(cropping, PRECISIONS["float32"]))
    picture = cropping.preprocess([gallery.samples()[1].picture().image])
    want = cropping.labels[int(cropping.load_on("cpu")(picture).argmax())]
    assert run(snippets.onnx(cropping, "crop.onnx")) == want


def test_the_snippet_for_our_own_format_runs(cat: Path) -> None:
    (cat / "small.sqz").write_bytes(compress(DEFAULT, uniform(6)).data)
    command = [sys.executable, "-c", snippets.sqz("small.sqz")]
    environment = {"PYTHONPATH": str(Path(__file__).parents[3]), "PATH": ""}
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=cat, env=environment)
    assert told.stdout.strip() == "espresso"
    (cat / "sqz_reader.py").write_bytes(Path(reader.__file__).read_bytes())
    command = [sys.executable, "-c", snippets.sqz_reader("small.sqz")]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=cat, env={"PATH": ""})
    assert told.stdout.strip() == "1235496"


def test_the_files_say_their_labels_and_what_they_want_to_see(models: dict[str, bytes]) -> None:
    model = onnx.load_model_from_string(models["int8"])
    said = {entry.key: entry.value for entry in model.metadata_props}
    assert tuple(json.loads(said["labels"])) == DEFAULT.labels
    assert json.loads(said["pictures"])["size"] == 227


def test_other_networks_are_converted_too(chelsea: Picture) -> None:
    network = named("efficientnet_lite0")
    picture = network.preprocess([chelsea.image])
    session = open_session(runtime.to_onnx(network, PRECISIONS["float32"]))
    (got,) = session.run(None, {"pictures": picture})
    np.testing.assert_allclose(got, network.load_on("cpu")(picture), atol=1e-3)
