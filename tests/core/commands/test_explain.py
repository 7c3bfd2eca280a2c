"""`explain`: the map of a class as a picture and as numbers, of one picture and of many."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from squeeze_core import api
from squeeze_core.__main__ import main
from squeeze_core.gallery import FOLDER

CAT, COFFEE = FOLDER / "chelsea.png", FOLDER / "coffee.jpg"


def test_a_picture_is_explained_as_the_function_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FOLDER)
    arguments = ["explain", CAT.name, "--out", str(tmp_path), "--class", "tabby", "--method", "grad_cam"]
    assert main([*arguments, "--device", "cpu", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["results"]
    assert (found["class"], found["index"], found["method"]) == ("tabby", 281, "grad_cam")
    expected = api.explain(CAT, "grad_cam", 281)
    picture, numbers = map(Path, found["written"])
    assert picture.parent == tmp_path / CAT.name
    with np.load(numbers) as maps:
        np.testing.assert_allclose(maps["map"], expected.map, rtol=1e-3, atol=1e-4)
    with Image.open(picture) as shown:
        assert shown.size == expected.view.size
    assert found["probability"] == pytest.approx(expected.probability, abs=1e-4)


def test_of_many_pictures_each_has_its_folder_and_its_own_first_answer(tmp_path: Path, capsys) -> None:
    command = [
        "explain",
        str(CAT),
        str(COFFEE),
        "--out",
        str(tmp_path / "out"),
        "--device",
        "cpu",
        "--json",
    ]
    assert main(command) == 0
    rows = json.loads(capsys.readouterr().out)["results"]
    assert [row["class"] for row in rows] == ["Egyptian cat", "espresso"]
    assert len(list((tmp_path / "out").rglob("explanation.npz"))) == 2
    assert main(command) == 0  # all is there already
    assert json.loads(capsys.readouterr().out)["results"] == []


def test_an_unknown_class_is_one_sentence(tmp_path: Path, capsys) -> None:
    assert main(["explain", str(CAT), "--out", str(tmp_path), "--class", "cat"]) == 2
    assert capsys.readouterr().err == (
        "SqueezeNet 1.1 has no class 'cat'; there is tiger cat, Persian cat, Siamese cat.\n"
    )
