"""`evaluate classify` with a table: what is done stays done, and counts."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from squeeze_core.__main__ import main
from squeeze_core.commands.work import Work
from squeeze_core.gallery import FOLDER

FILES = ("=chelsea.png", "coffee.jpg", "third.jpg")


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """On three pictures, of which the middle one's label is wrong."""
    for name, sample in zip(FILES, ("chelsea.png", "coffee.jpg", "coffee.jpg"), strict=True):
        shutil.copy(FOLDER / sample, tmp_path / name)
    labels = tmp_path / "labels.json"
    labels.write_text(json.dumps({FILES[0]: 285, FILES[1]: 1, FILES[2]: 967}))
    return ["evaluate", "classify", str(tmp_path), "--labels", str(labels), "--device", "cpu", "--json"]


def test_a_stopped_evaluation_goes_on_and_no_file_is_done_twice(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 0
    alone = json.loads(capsys.readouterr().out)
    assert alone == {"images": 3, "top1": 66.67, "top5": 66.67}
    out, done, found = tmp_path / "rows.csv", [], Work.found

    def counted(work, files):  # type: ignore[no-untyped-def]
        for one in found(work, files):
            done.append(one.row["file"])
            yield one
            if len(done) == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(Work, "found", counted)
    with pytest.raises(SystemExit, match="130"):
        main([*command, "--out", str(out)])
    assert "rows.csv holds 2 files, and the same command resumes." in capsys.readouterr().err
    assert main([*command, "--out", str(out)]) == 0
    assert json.loads(capsys.readouterr().out) == alone
    assert [Path(file).name for file in done] == list(FILES)
    with out.open(encoding="utf-8-sig") as written:
        rows = list(csv.DictReader(written))
    assert [(row["truth"], row["top1"]) for row in rows] == [("285", "1"), ("1", "0"), ("967", "1")]


def test_a_cluster_counts_the_same(command: list[str], tmp_path: Path, capsys) -> None:
    documents = []
    for engine in ("local", "ray"):
        assert main([*command, "--engine", engine]) == 0
        documents.append(json.loads(capsys.readouterr().out))
    assert documents[0] == documents[1]


def test_a_file_that_is_no_picture_is_one_sentence(command: list[str], tmp_path: Path, capsys) -> None:
    (tmp_path / FILES[1]).write_bytes(b"GIF89a")
    assert main(command) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"{FILES[1]} is a damaged or incomplete GIF picture."
    )
