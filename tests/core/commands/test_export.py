"""`export`: an ONNX file that answers as the network does, and says what it wants."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from squeeze_core.__main__ import main
from squeeze_core.classifier import classify
from squeeze_core.detector.pretrained import load_detector
from squeeze_core.images import Picture
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.engine import Engine
from squeeze_core.networks.onnx_runtime import onnxruntime


def exported(task: str, file: Path, capsys: pytest.CaptureFixture[str]) -> tuple[dict, dict]:
    """The command's document, and what the file carries."""
    assert main(["export", task, "--out", str(file), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["bytes"] == file.stat().st_size and document["largest_difference"] < 1e-2
    return document, {row.key: row.value for row in onnx.load(file).metadata_props}


def test_the_classifier_answers_alike_and_in_batches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], chelsea: Picture, engine: Engine
) -> None:
    file = tmp_path / "new" / "classifier.onnx"
    document, carried = exported("classify", file, capsys)
    assert document["input"] == ["N", 3, 227, 227]
    assert json.loads(carried["labels"]) == list(DEFAULT.labels)
    assert json.loads(carried["pictures"])["size"] == 227
    batch = DEFAULT.preprocess([chelsea.image] * 3)
    (logits,) = onnxruntime.InferenceSession(file).run(None, {"pictures": batch})
    shares = np.exp(logits - logits.max(1, keepdims=True))
    expected = next(classify([chelsea], engine)).probabilities
    np.testing.assert_allclose(shares[2] / shares[2].sum(), expected, atol=1e-4)
    assert list(file.parent.iterdir()) == [file]
    assert main(["export", "classify", "--out", str(file)]) == 2
    assert capsys.readouterr().err == f"{file} exists; --force replaces it.\n"
    file.write_bytes(b"")
    assert main(["export", "classify", "--out", str(file), "--force"]) == 0 and file.stat().st_size > 10**6


def test_the_detector(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document, carried = exported("detect", tmp_path / "detector.onnx", capsys)
    assert document["input"] == ["N", 3, 256, 256] and "box" in carried["answers"]
    assert tuple(json.loads(carried["labels"])) == load_detector().labels


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["classify", "--model", "nope"], "nope"),
        (["classify", "--weights", "none.safetensors"], "none.safetensors"),
        (["detect", "--weights", "none.safetensors"], "There is no weights file none.safetensors."),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.onnx"
    assert main(["export", *arguments, "--out", str(out)]) == 2
    printed = capsys.readouterr()
    assert says in printed.err and len(printed.err.splitlines()) == 1 and not out.exists()
