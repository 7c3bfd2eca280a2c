from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from squeeze_core.__main__ import main as squeeze_core
from squeeze_core.detector.network import add_batchnorm
from squeeze_core.detector.pretrained import NAME, load_detector
from squeeze_core.detector.training import train
from squeeze_core.detector.training.train import keep_function, main, schedule
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.weights import SHIPPED


def run(folder: Path, out: Path, *more: str) -> int:
    fixed = ["--size", "64", "--stored-side", "80", "--width", "32", "--batch", "4", "--workers", "0"]
    return main(
        ["--data", str(folder), "--out", str(out), "--device", "cpu", "--every", "1", *fixed, *more]
    )


@pytest.fixture
def train_folder(coco_folder: Path) -> Path:
    """The same without pictures to validate on, for tests of the training alone."""
    (coco_folder / "val.json").unlink()
    return coco_folder


def interrupted(run_epoch: Callable[[train.Training], dict[str, float]]) -> Callable[..., dict[str, float]]:
    """As if somebody pressed Ctrl-C in the second epoch."""

    def stop_after_one(self: train.Training) -> dict[str, float]:
        if self.epoch == 1:
            raise KeyboardInterrupt
        return run_epoch(self)

    return stop_after_one


def test_trains_resumes_and_writes_weights_that_detect(
    coco_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "run"
    with monkeypatch.context() as stopping:
        stopping.setattr(train.Training, "run_epoch", interrupted(train.Training.run_epoch))
        assert run(coco_folder, out, "--epochs", "2") == 130
    assert f"Stopped; the same command resumes from {out / 'checkpoint.pt'}." in capsys.readouterr().err
    first = torch.load(out / "checkpoint.pt", weights_only=True)
    assert first["step"] == 2
    assert run(coco_folder, out, "--epochs", "2") == 0
    rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [row.get("resumed_at") for row in rows if "settings" in row] == [0, 1]
    assert [row["epoch"] for row in rows if "epoch" in row] == [1, 2]
    assert all({"map50", "map", "per_class"} <= row.keys() for row in rows if "epoch" in row)

    weights = out / "detector.safetensors"
    loaded = load_detector(weights)
    assert loaded.labels == ("red", "blue") and loaded.preprocess.size == 64

    capsys.readouterr()
    picture = coco_folder / "val" / "0.png"
    command = [
        "detect",
        str(picture),
        "--weights",
        str(weights),
        "--threshold",
        "0",
        "--json",
        "--device",
        "cpu",
    ]
    assert squeeze_core(command) == 0
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert (result["width"], result["height"]) == (80, 60)
    assert {d["label"] for d in result["detections"]} <= {"red", "blue"}

    folder, truth = str(coco_folder / "val"), str(coco_folder / "val.json")
    command = ["evaluate", "detect", folder, "--annotations", truth, "--weights", str(weights), "--json"]
    assert squeeze_core(command) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["images"] == 4 and document["per_class"].keys() == {"red", "blue"}
    assert document["map50"] == pytest.approx(rows[-1]["map50"], abs=0.01)


def test_trains_at_every_side(train_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sides = []
    normalise = train.normalise

    def noting(pictures: torch.Tensor) -> torch.Tensor:
        sides.append(pictures.shape[-1])
        return normalise(pictures)

    monkeypatch.setattr(train, "normalise", noting)
    assert run(train_folder, tmp_path / "run", "--epochs", "2", "--sides", "32", "96") == 0
    assert len(sides) == 4 and set(sides) == {32, 96}
    assert load_detector(tmp_path / "run" / "detector.safetensors").preprocess.size == 64


def test_trains_for_minutes(train_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = itertools.count()
    monkeypatch.setattr(train, "monotonic", lambda: float(next(seconds)))
    out = tmp_path / "run"
    # A second to get ready, then one a step.
    assert run(train_folder, out, "--minutes", str(7 / 60)) == 0
    rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()][1:]
    assert [row["step"] for row in rows] == [2, 4, 6]


def test_batchnorm_added_to_trained_weights_changes_no_answer() -> None:
    network = load_detector().network
    pictures = torch.randn(4, 3, 64, 64)
    with torch.no_grad():
        before = network(pictures)
        keep_function(add_batchnorm(network), pictures)
        assert any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
        evaluated, trained = network.eval()(pictures), network.train()(pictures)
    for answer in (evaluated, trained):
        assert torch.allclose(answer[..., 4:].sigmoid(), before[..., 4:].sigmoid(), atol=1e-4)


def test_a_frozen_layer_does_not_change(train_folder: Path, tmp_path: Path) -> None:
    faster = ("--lr", "0.01", "--backbone-lr", "1")
    assert run(train_folder, tmp_path / "run", "--epochs", "1", "--freeze", "fire5", *faster) == 0
    trained = load_detector(tmp_path / "run" / "detector.safetensors").network
    imagenet = DEFAULT.load().get_submodule("features")
    same = [
        torch.equal(a.half(), b.half())
        for a, b in zip(imagenet.parameters(), trained.backbone.parameters(), strict=True)
    ]
    frozen = sum(int(name.split(".")[0]) < 8 for name, _ in imagenet.named_parameters())
    assert all(same[:frozen])
    assert not any(same[frozen::2])  # the weights of the layers after it were trained


def test_broken_annotations_stop_before_the_first_step(
    coco_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = coco_folder / "val.json"
    document = json.loads(file.read_text())
    document["annotations"][2]["bbox"] = [70, 50, 40, 40]
    file.write_text(json.dumps(document))
    assert run(coco_folder, tmp_path / "run", "--epochs", "1") == 2
    assert "annotation 2" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_another_run_is_not_resumed(
    train_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(train_folder, tmp_path / "run", "--epochs", "1") == 0
    assert run(train_folder, tmp_path / "run", "--epochs", "1", "--width", "64") == 2
    assert "choose another --out" in capsys.readouterr().err


IMPOSSIBLE = [
    ("--size", "50"),
    ("--size", "0"),
    ("--mosaic", "1.5"),
    ("--sides", "64", "50"),
    ("--stored-side", "0"),
    ("--epochs", "0"),
    ("--minutes", "0"),
    ("--batch", "99"),
    ("--freeze", "fire77"),
    ("--init", "gone.safetensors"),
    ("--init", str(SHIPPED[NAME].path)),  # 20 classes, where the pictures have 2
]


@pytest.mark.parametrize("more", IMPOSSIBLE)
def test_impossible_settings_are_one_sentence(
    coco_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...]
) -> None:
    assert run(coco_folder, tmp_path / "run", "--epochs", "1", *more) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_folder_that_cannot_be_made_and_a_full_gpu_are_one_sentence(
    train_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: train.Training) -> dict[str, float]:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    (tmp_path / "file").touch()
    assert run(train_folder, tmp_path / "file") == 2
    assert capsys.readouterr().err.endswith(
        f"{tmp_path / 'file'} cannot be read or written: File exists.\n"
    )
    monkeypatch.setattr(train.Training, "run_epoch", full)
    assert run(train_folder, tmp_path / "run") == 2
    assert "too little memory for --batch 4" in capsys.readouterr().err


def test_schedule_warms_up_then_falls() -> None:
    rates = [schedule(step / 100) for step in range(101)]
    assert rates[0] < rates[1] < rates[2] < rates[3] == max(rates) == 1
    assert rates[3:] == sorted(rates[3:], reverse=True) and rates[-1] == pytest.approx(0.02)


def test_convolutions_learn_by_muon_the_rest_by_adamw_and_the_backbone_more_slowly() -> None:
    options = train.options_parser().parse_args(
        ["--data", ".", "--width", "32", "--lr", "0.01", "--backbone-lr", "0.5", "--weight-decay", "0.1"]
    )
    network = train.build(options, ("red", "blue"))
    muon, adamw = train.optimizers_for(network, options)
    settings = {
        id(parameter): (optimizer, group["peak"], group["weight_decay"])
        for optimizer in (muon, adamw)
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            assert name.startswith("backbone") and id(parameter) not in settings
            continue
        optimizer, rate, decay = settings.pop(id(parameter))
        assert rate == (0.005 if name.startswith("backbone") else 0.01)
        assert (optimizer, decay) == (
            (muon, 0.1) if name.endswith("weight") and parameter.ndim == 4 else (adamw, 0.0)
        )
    assert not settings


def test_check_says_what_is_wrong_and_trains_nothing(
    coco_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert run(coco_folder, out, "--check") == 0
    assert "8 pictures" in capsys.readouterr().out
    (coco_folder / "val" / "1.png").write_bytes(b"GIF89a")
    for more in ("--check", "--epochs=1"):
        assert run(coco_folder, out, more) == 2
        assert "image 1: 1.png is a damaged or incomplete GIF" in capsys.readouterr().err
    assert not out.exists()
