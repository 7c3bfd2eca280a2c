"""The command `activations`: its document, its files, its refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from squeeze_core.__main__ import main
from squeeze_core.gallery import FOLDER
from squeeze_core.images import Picture
from squeeze_core.inside.trace import PLACES, fire_trace
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.engine import Engine

CAT = str(FOLDER / "chelsea.png")


def test_the_document_and_the_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], chelsea: Picture, engine: Engine
) -> None:
    out = tmp_path / "new" / "folder"
    assert main(["activations", CAT, "--out", str(out), "--device", "cpu", "--json"]) == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert printed.err == ""
    assert set(document) == {"file", "modules", "written"}
    assert document["file"] == CAT
    assert [module["name"] for module in document["modules"]] == [f"fire{n}" for n in range(2, 10)]
    first = document["modules"][0]
    assert first["squeeze"] == [16, 56, 56]
    assert first["expand1x1"] == first["expand3x3"] == [64, 56, 56]
    assert first["output"] == [128, 56, 56]
    assert set(first["sparsity"]) == set(PLACES)
    assert sorted(document["written"]) == sorted(str(path) for path in out.iterdir())
    assert len(document["written"]) == 25

    trace = fire_trace(chelsea, engine, DEFAULT)
    with np.load(out / "activations.npz") as numbers:
        assert len(numbers.files) == 32
        for module in document["modules"]:
            for place in PLACES:
                array = numbers[f"{module['name']}/{place}"]
                maps = trace[module["name"], place]
                np.testing.assert_allclose(array, maps.values, rtol=1e-4, atol=1e-2)
                assert module["sparsity"][place] == pytest.approx((array == 0).mean(), abs=1e-5)
    # 256 channels in 16 rows of 16, each map enlarged to 56 pixels and a gap.
    assert Image.open(out / "fire4_expand1x1.png").size[0] == 16 * (28 * 3 + 1)
    with Image.open(out / "fire9_expand3x3.png") as grid:
        assert grid.size == (16 * (14 * 5 + 1), 16 * (14 * 5 + 1))
        assert len(set(grid.convert("RGB").get_flattened_data())) > 50


def test_lines_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["activations", CAT, "--out", str(tmp_path), "--device", "cpu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "squeeze 16×56×56" in lines[0]
    assert lines[-1] == f"25 files in {tmp_path}"


@pytest.mark.parametrize("file", ["missing.png", "notes.png"])
def test_no_picture_is_one_sentence_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    (tmp_path / "notes.png").write_text("no picture")
    assert main(["activations", str(tmp_path / file), "--out", str(tmp_path / "out"), "--json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert file in printed.err
    assert len(printed.err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert main(["activations", CAT, "--out", str(blocked / "out"), "--device", "cpu"]) == 2
    assert "cannot be written to" in capsys.readouterr().err
