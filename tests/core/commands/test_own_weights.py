"""A person's own SqueezeNet on the command line: `--weights FILE --class-names FILE` of every command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from squeeze_core import bench as bench_module
from squeeze_core.__main__ import main
from squeeze_core.gallery import FOLDER
from squeeze_core.images import read
from squeeze_core.networks.preprocess import Preprocess

CAT, CAMERA = FOLDER / "chelsea.png", FOLDER / "camera.png"
NAMES = tuple(f"flower {number}" for number in range(10))


@pytest.fixture(scope="module")
def theirs() -> nn.Module:
    torch.manual_seed(0)
    network = torchvision.models.squeezenet1_1(num_classes=10).eval()
    nn.init.normal_(network.classifier[1].weight, std=0.1)
    return network


@pytest.fixture(scope="module")
def own(theirs: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("own")
    torch.save({"epoch": 1, "state_dict": theirs.state_dict()}, folder / "flowers.pth")
    (folder / "names.txt").write_text("\n".join(NAMES))
    return ["--weights", str(folder / "flowers.pth"), "--class-names", str(folder / "names.txt")]


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def sentence(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What is said on standard error, one line beside that on the weights, nothing on standard output and
    exit code 2."""
    try:
        code = main(list(arguments))
    except SystemExit as end:
        code = int(end.code or 0)
    printed = capsys.readouterr()
    said = [line for line in printed.err.splitlines() if not line.startswith("your file")]
    assert code == 2 and printed.out == "" and len(said) == 1, printed
    return said[0]


def expected(theirs: nn.Module, seen: Preprocess) -> tuple[str, float]:
    with torch.inference_mode():
        best = theirs(torch.from_numpy(seen([read(CAT).image])))[0].softmax(0)
    return NAMES[int(best.argmax())], float(best.max())


@pytest.mark.parametrize(
    ("more", "seen"),
    [
        ([], Preprocess(224, 256)),
        (["--stretch", "227"], Preprocess(227)),
        (["--crop", "96", "64", "--mean", "0.5", "0.5", "0.5", "--std", "0.2", "0.3", "0.4"],
         Preprocess(64, 96, (0.5, 0.5, 0.5), (0.2, 0.3, 0.4))),
    ],
)  # fmt: skip
def test_classify_sees_what_the_network_was_trained_to_see(
    theirs: nn.Module, own: list[str], capsys, more: list[str], seen: Preprocess
) -> None:
    found = document(capsys, "classify", str(CAT), *own, *more, "--device", "cpu")
    assert found["model"] == "flowers.pth" and len(found["results"][0]["predictions"]) == 5
    best = found["results"][0]["predictions"][0]
    label, probability = expected(theirs, seen)
    assert best["label"] == label and best["probability"] == pytest.approx(probability, abs=1e-4)


def test_evaluate_counts_by_the_files_own_classes(
    theirs: nn.Module, own: list[str], capsys, tmp_path
) -> None:
    label, _ = expected(theirs, Preprocess(224, 256))
    labels = tmp_path / "labels.json"
    labels.write_text(json.dumps({CAT.name: NAMES.index(label)}))
    found = document(capsys, "evaluate", "classify", str(FOLDER), "--labels", str(labels), *own)
    assert found == {"images": 1, "top1": 100.0, "top5": 100.0}
    labels.write_text(json.dumps({CAT.name: 10}))
    assert "not one of 0 to 9" in sentence(
        capsys, "evaluate", "classify", str(FOLDER), "--labels", str(labels), *own
    )


def test_activations_are_the_files(theirs: nn.Module, own: list[str], capsys, tmp_path: Path) -> None:
    found = document(capsys, "activations", str(CAT), "--out", str(tmp_path), *own, "--device", "cpu")
    assert found["modules"][0]["squeeze"] == [16, 55, 55]
    with torch.inference_mode():
        maps = theirs.features(torch.from_numpy(Preprocess(224, 256)([read(CAT).image])))[0].numpy()
    with np.load(tmp_path / "activations.npz") as numbers:
        np.testing.assert_allclose(numbers["fire9/output"], maps, rtol=1e-4, atol=1e-3)


def test_compare_has_its_row_measured_too(own: list[str], capsys) -> None:
    command = ["compare", "--models", "squeezenet1_1", *own, "--measure", "--device", "cpu", "--json"]
    assert main(command) == 0
    printed = capsys.readouterr()
    assert "flowers.pth" in printed.err, "progress"
    shipped, row = json.loads(printed.out)["models"]
    assert "PyTorch" in row["measured"]
    assert row["name"] == "flowers.pth" and row["top1"] is None and "your own" in row["source"]
    assert row["parameters"] == 1_235_496 - 990 * 513
    assert row["file_bytes"] == Path(own[1]).stat().st_size
    assert shipped["milliseconds"] > 0 and row["milliseconds"] > 0 and row["trained_weights"]


def test_bench_times_it(own: list[str], capsys, monkeypatch) -> None:
    monkeypatch.setattr(bench_module, "GROUPS", (bench_module.forward,))
    monkeypatch.setattr(bench_module, "FORWARD", (1, 2))
    found = document(capsys, "bench", *own, "--device", "cpu")
    assert len(found["rows"]) == 5 and all(row["what"].startswith("one picture") for row in found["rows"])
    assert "which EfficientNet-Lite0 is not" in sentence(capsys, "bench", "--model", "efficientnet_lite0")


def test_what_cannot_be_used_is_one_sentence(own: list[str], capsys, tmp_path: Path) -> None:
    few = tmp_path / "few.txt"
    few.write_text("a\nb\n")
    vgg = tmp_path / "vgg.safetensors"
    save_file(torchvision.models.vgg11().features.state_dict(), vgg)
    cut = tmp_path / "cut.pth"
    cut.write_bytes(Path(own[1]).read_bytes()[:-1000])
    whole = tmp_path / "whole.pth"
    torch.save(nn.Linear(2, 2), whole)
    classify = ["classify", str(CAT)]
    for arguments, says in (
        ([*own[:2], "--class-names", str(few)], "few.txt names 2 classes; flowers.pth has 10."),
        (["--weights", str(vgg)], "has no Fire modules"),
        (["--weights", str(cut)], "damaged or incomplete PyTorch file"),
        (["--weights", str(whole)], "2 tensors from weight to bias: a network that has no Fire modules"),
        (["--weights", str(CAMERA)], "is a PNG picture"),
        (["--class-names", str(few)], "--class-names goes with --weights."),
        (["--stretch", "227"], "--stretch goes with --weights."),
        ([*own, "--stretch", "5"], "An input side of 5 pixels is not between 32 and 1024."),
        ([*own, "--stretch", "227", "--crop", "256", "224"], "not allowed with"),
    ):
        assert says in sentence(capsys, *classify, *arguments)
