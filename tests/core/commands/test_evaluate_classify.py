"""`evaluate classify`: its counts, and labels as people write them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from squeeze_core.__main__ import main
from squeeze_core.accuracy import read_labels
from squeeze_core.errors import UserError
from squeeze_core.gallery import FOLDER
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import IMAGENET_LABELS
from squeeze_core.networks.plan import FireShape, Plan


def test_a_wrong_first_answer_counts_and_a_file_that_is_no_picture_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = {"chelsea.png": 285, "coffee.jpg": 1}
    for name in labels:
        shutil.copy(FOLDER / name, tmp_path / name)
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    command = ["evaluate", "classify", str(tmp_path), "--labels", str(tmp_path / "labels.json"), "--json"]
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out) == {"images": 2, "top1": 50.0, "top5": 50.0}
    (tmp_path / "coffee.jpg").write_bytes(b"GIF89a")
    assert main(command) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "coffee.jpg is a damaged or incomplete GIF picture."


LISTS = {
    "names.json": json.dumps({"a.png": "Egyptian cat", "b.jpg": "espresso"}),
    "list.csv": "filename,label\na.png,285\nb.jpg,967\n",
    "names.csv": "a.png;Egyptian_cat\r\nb.jpg;ESPRESSO\r\n",
    "other.csv": "label,score,image\nEgyptian cat,0.5,a.png\nespresso,1,b.jpg\n",
    "list.txt": "a.png 285\nb.jpg 967\n",
}


@pytest.mark.parametrize("name", LISTS)
def test_labels_are_names_or_indices_in_json_or_tables(name: str, tmp_path: Path) -> None:
    for picture in ("a.png", "b.jpg"):
        (tmp_path / picture).write_bytes(b"")
    (tmp_path / name).write_text(LISTS[name])
    found = read_labels(tmp_path / name, tmp_path, IMAGENET_LABELS)
    assert found == {tmp_path / "a.png": 285, tmp_path / "b.jpg": 967}


@pytest.mark.parametrize("content", ["", "a.png", '"' + "x" * 200_000 + ",1"])
def test_what_is_no_table_of_labels_is_said(content: str, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(content)
    with pytest.raises(UserError, match=r"list\.csv is not a table with"):
        read_labels(tmp_path / "list.csv", tmp_path, IMAGENET_LABELS)


def test_one_sub_folder_a_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder, sample in (
        ("Egyptian_cat", "chelsea.png"),
        ("967", "coffee.jpg"),
        ("espresso", "coffee.jpg"),
    ):
        (tmp_path / folder).mkdir()
        shutil.copy(FOLDER / sample, tmp_path / folder / sample)
    assert main(["evaluate", "classify", str(tmp_path), "--device", "cpu", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"images": 3, "top1": 100.0, "top5": 100.0}


def test_folders_of_other_names_are_the_classes_in_order(tmp_path: Path) -> None:
    for folder in ("defect", "ok"):
        (tmp_path / folder).mkdir()
        shutil.copy(FOLDER / "coffee.jpg", tmp_path / folder)
    found = read_labels(None, tmp_path, ("class 0", "class 1"))
    assert {path.parent.name: index for path, index in found.items()} == {"defect": 0, "ok": 1}
    with pytest.raises(UserError, match="the class 'defect', not one of 0 to 2 or of the names of the 3"):
        read_labels(None, tmp_path, ("a", "b", "c"))
    with pytest.raises(UserError, match="has no sub-folder a class"):
        read_labels(None, tmp_path / "ok", ("a", "b"))


def test_two_classes_have_no_top_5(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    network = SqueezeNet(Plan(8, 3, frozenset(), (FireShape(4, 6, 6),)), 2)
    torch.save({"model": network.state_dict(), "classes": ["ok", "defect"]}, tmp_path / "own.pth")
    for folder in ("data/defect", "data/ok"):
        (tmp_path / folder).mkdir(parents=True)
        shutil.copy(FOLDER / "coffee.jpg", tmp_path / folder)
    command = ["evaluate", "classify", str(tmp_path / "data"), "--weights", str(tmp_path / "own.pth")]
    assert main([*command, "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"images": 2, "top1": 50.0, "top5": None}
    assert printed.err.startswith("your file own.pth: 2 classes: ok, defect")
    assert main(command) == 0
    assert capsys.readouterr().out == "2 pictures: top-1 50.0 %\n"
