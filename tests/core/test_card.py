"""Model cards say what was measured of that network, are valid on Hugging Face, and their lines run."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
import yaml

from squeeze_core import gallery
from squeeze_core.__main__ import main
from squeeze_core.compression.pictures import Pictures
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import CATALOGUE, DEFAULT, Network
from squeeze_core.networks.own import open_own_file
from squeeze_core.networks.plan import PLANS
from squeeze_core.report import card


@pytest.fixture
def own(tmp_path: Path) -> Network:
    from safetensors.torch import save_file

    file = tmp_path / "pets | <b>.safetensors"
    save_file(SqueezeNet(PLANS["1.1"], 10).state_dict(), file)
    return open_own_file(file)


def front(text: str) -> dict:
    return yaml.safe_load(text.split("---")[1])


def test_the_shipped_networks_have_their_measured_accuracy_and_set() -> None:
    text = card.markdown(DEFAULT, card.parts(DEFAULT))
    assert front(text)["license"] == "bsd-2-clause" and front(text)["datasets"] == ["imagenet-1k"]
    assert "55.4 % (52.3 to 58.5) on 1,000 labelled pictures" in text and "57.5 % on ImageNet" in text
    assert "1,235,496" in text and "SqueezeNet 1.1" in text and "227×227" in text
    small = CATALOGUE["squeezenet1_1_sqz"]
    text = card.markdown(small, card.parts(small))
    assert "471,330 bytes" in text and "+0.0 points (−2.9 to +2.9)" in text
    assert "88.0 % (83.8 to 91.2) of them" in text and "a picture or less a class does not tell" in text


def test_the_lines_on_the_card_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "cat.jpg").write_bytes((gallery.FOLDER / "chelsea.png").read_bytes())
    monkeypatch.chdir(tmp_path)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(card.run_it(CATALOGUE["squeezenet1_1_sqz"]), {})
    assert said.getvalue().startswith(("Egyptian cat", "tabby", "tiger cat"))


def test_an_own_network_states_nothing_that_nobody_measured(own: Network) -> None:
    text = card.markdown(own, card.parts(own))
    assert front(text) == {
        "license": "unknown",
        "pipeline_tag": "image-classification",
        "library_name": "squeeze-lab",
        "tags": ["image-classification", "squeezenet"],
        "metrics": ["accuracy"],
    }
    assert "10 classes" in text and "Not measured" in text and "ImageNet" not in text
    assert "<b>" not in text.split("```")[0] and "<b>" not in card.html(own, card.parts(own))


def test_labelled_pictures_give_accuracy_weakest_classes_and_calibration(own: Network) -> None:
    truth = np.array([0] * 20 + [1] * 20 + [2] * 5)
    logits = np.zeros((45, 10), np.float32)
    logits[np.arange(45), truth] = 9.0
    logits[20:30] = np.eye(10, dtype=np.float32)[3] * 9  # half of class 1 is taken for class 3
    sections = card.parts(own, (Pictures(("",) * 45, (np.zeros((1, 1, 3), np.uint8),) * 45, truth), logits))
    said = sections["How right it is"]
    assert isinstance(said, dict)
    assert said["Top-1, these pictures"].startswith("77.8 % (63.7 to 87.5) on 45 labelled pictures")
    weakest = said["Weakest classes"].split("; ")
    assert weakest[0].startswith("50.0 % (29.9 to 70.1)") and len(weakest) == 2, "class 2 has too few"
    assert "99.9 %, and 77.8 % are right; expected calibration error 22.1 %" in said["Calibration"]


def test_the_five_weakest_classes_are_named_the_weakest_first(own: Network) -> None:
    truth = np.repeat(np.arange(7), 10)
    answers = truth.copy()
    for index in range(7):
        answers[10 * index : 10 * index + index] = 9  # class 6 is right 4 times of 10, class 0 always
    logits = np.eye(10, dtype=np.float32)[answers]
    sections = card.parts(own, (Pictures(("",) * 70, (np.zeros((1, 1, 3), np.uint8),) * 70, truth), logits))
    said = sections["How right it is"]
    assert isinstance(said, dict)
    shares = [one.split(" %")[0] for one in said["Weakest classes"].split("; ")]
    assert shares == ["40.0", "50.0", "60.0", "70.0", "80.0"]


def test_the_command_writes_markdown_or_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", "--out", str(tmp_path / "card.html"), "--model", "squeezenet1_1_sqz"]) == 0
    text = (tmp_path / "card.html").read_text("utf-8")
    assert "<title>SqueezeNet 1.1, compressed: model card</title>" in text and "src=" not in text
    assert main(["card", "--out", str(tmp_path / "card.txt")]) == 2
    assert "does not end in .md or .html" in capsys.readouterr().err
