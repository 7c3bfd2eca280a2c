"""`classify` and `detect` as scripts use them: many files in, a table out, stopped and gone on with."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from squeeze_core.__main__ import main
from squeeze_core.commands import legible
from squeeze_core.commands.inputs import paths
from squeeze_core.commands.result_table import Table
from squeeze_core.errors import UserError
from squeeze_core.gallery import FOLDER

ROOT = Path(__file__).parents[3]
CLASSIFY = [sys.executable, "-m", "squeeze_core", "classify", "--device", "cpu", "--top", "1"]
KINDS = ("csv", "jsonl", "parquet")
COLUMNS = {"file": str, "model": str, "label": str, "milliseconds": float, "error": str}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 small pictures, one of them broken, in nested folders, with files of other kinds beside them."""
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "b" / "deep").mkdir(parents=True)
    with Image.open(FOLDER / "chelsea.png") as cat:
        small = cat.convert("RGB").resize((64, 64))
    for number in range(60):
        place = (folder, folder / "b", folder / "b" / "deep")[number % 3]
        small.save(place / f"{number:02}.jpg")
    (folder / "00.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / "notes.txt").write_text("no picture", "utf-8")
    (folder / ".hidden.jpg").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def many(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """So many pictures that whoever stops the command is in time: 1,000."""
    folder, content = tmp_path_factory.mktemp("many"), (pictures / "03.jpg").read_bytes()
    for number in range(1000):
        (folder / f"{number:03}.jpg").write_bytes(content)
    return folder


def read_table(path: Path) -> list[dict]:
    if path.suffix == ".csv":
        assert path.read_bytes().startswith(b"\xef\xbb\xbf"), "Excel reads UTF-8 only with a mark"
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return pytest.importorskip("pyarrow.parquet").read_table(path).to_pylist()


def standard_input(content: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedReader(io.BytesIO(content)), "ascii")


def names(table: list[dict]) -> list[str]:
    return [row["file"] for row in table]


def test_folders_patterns_and_lists(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = list(paths([str(pictures)]))
    assert len(below) == 60 and below == sorted(below, key=lambda path: path.parts)
    assert list(paths([str(pictures / "*.jpg")])) == sorted(pictures.glob("[!.]*.jpg"))
    assert len(list(paths([str(pictures / "**" / "*.jpg")]))) == 60
    (pictures / "[1].jpg").write_bytes(b"")
    assert list(paths([str(pictures / "[1].jpg")])) == [pictures / "[1].jpg"]
    (pictures / "[1].jpg").unlink()
    for listed in (b'a.jpg\r\n"b c.jpg"\n\nd\xff.jpg', b"\xef\xbb\xbfa.jpg\0b c.jpg\0d\xff.jpg\0"):
        monkeypatch.setattr(sys, "stdin", standard_input(listed))
        found = list(paths(["x.png", "-"]))
        assert [os.fsencode(path) for path in found] == [b"x.png", b"a.jpg", b"b c.jpg", b"d\xff.jpg"]
    assert legible(found[-1]) == "d\\xff.jpg"
    monkeypatch.setattr(sys, "stdin", standard_input("a.jpg\r\n'ü.jpg'\r\n".encode("utf-16")))
    assert list(paths(["-"])) == [Path("a.jpg"), Path("ü.jpg")]


def test_a_picture_on_standard_input_is_one_and_a_folder_in_a_list_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["classify", "-", "--device", "cpu", "--json"]
    monkeypatch.setattr(sys, "stdin", standard_input((FOLDER / "chelsea.png").read_bytes()))
    assert main(command) == 0
    (row,) = json.loads(capsys.readouterr().out)["results"]
    assert row["file"] == "-" and row["predictions"][0]["label"] == "Egyptian cat"
    monkeypatch.setattr(sys, "stdin", standard_input(b"/\n"))
    assert main(command) == 2
    assert json.loads(capsys.readouterr().out)["results"] == [
        {"file": "/", "error": "/ is a folder, not a picture."}
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_has_each_file_once_and_is_gone_on_with(
    kind: str, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / f"table.{kind}"
    command = ["classify", "--device", "cpu", "--top", "1", "--out", str(out)]
    assert main([*command, str(pictures / "b" / "deep")]) == 0
    assert len(read_table(out)) == 20
    first = out.read_bytes()
    assert main([*command, str(pictures), str(pictures / "03.jpg"), str(pictures / "b")]) == 2
    printed = capsys.readouterr()
    assert "60 files in" in printed.out and "00.jpg" in printed.err
    table = read_table(out)
    assert sorted(names(table)) == sorted(map(str, paths([str(pictures)])))
    assert kind == "parquet" or out.read_bytes().startswith(first)
    bad = [row for row in table if row.get("error")]
    assert [Path(row["file"]).name for row in bad] == ["00.jpg"]
    (cat,) = [row for row in table if row["file"].endswith("01.jpg")]
    answer = cat["predictions"][0] if kind == "jsonl" else cat
    assert "cat" in answer["label"] and 0 < float(answer["probability"]) <= 1
    assert [path.name for path in out.parent.iterdir()] == [out.name]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_killed_in_the_middle_it_goes_on_and_neither_loses_nor_repeats_a_file(
    kind: str, pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / f"table.{kind}"
    growing = out if kind == "jsonl" else out.with_name(f"{out.name}.partial")
    command = [*CLASSIFY, str(pictures), "--out", str(out)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    while process.poll() is None and not (growing.exists() and growing.read_bytes().count(b"\n") > 8):
        time.sleep(0.002)
    process.kill()
    process.wait()
    begun = growing.read_bytes()
    assert 8 < begun.count(b"\n") < 60
    growing.write_bytes(begun[:-7])  # as if it had been killed while it wrote a row
    assert main(command[3:]) == 2
    assert sorted(names(read_table(out))) == sorted(map(str, paths([str(pictures)])))
    assert list(tmp_path.iterdir()) == [out]


def listen() -> None:
    """In the new process: what a background job's shell made deaf to Ctrl-C hears it again."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_keeps_what_is_done(many: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.parquet"
    growing = tmp_path / "table.parquet.partial"
    command = [*CLASSIFY, str(many), "--out", str(out)]
    process = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, encoding="utf-8", preexec_fn=listen
    )
    while process.poll() is None and not (growing.exists() and growing.read_bytes().count(b"\n") > 4):
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    count = len(read_table(out))
    assert 3 < count < 1000
    # Ctrl-C may come after a row is written and before it is counted.
    counted = int(re.search(rf"Stopped: {re.escape(str(out))} holds (\d+) files, and the same", said)[1])
    assert counted in (count, count - 1)
    assert "Traceback" not in said


def test_ctrl_c_closes_the_document(many: Path) -> None:
    process = subprocess.Popen(
        [*CLASSIFY, "--json", str(many)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        preexec_fn=listen,
    )
    assert process.stdout and process.stderr
    head = [process.stdout.readline() for _ in range(4)]
    process.send_signal(signal.SIGINT)
    rest, said = process.stdout.read(), process.stderr.read()
    process.wait(60)
    document = json.loads("".join(head) + rest)
    assert 2 < len(document["results"]) < 1000 and document["device"] == "cpu"
    assert process.returncode == 130 and said.endswith("Stopped.\n")


def test_tables_of_something_else_are_left_alone(tmp_path: Path) -> None:
    for name, content in (("a.csv", "x,y\n1,2\n"), ("a.jsonl", "hello\n"), ("a.parquet", "hello")):
        file = tmp_path / name
        file.write_text(content, "utf-8")
        with pytest.raises(UserError, match="choose another --out"):
            Table(file, COLUMNS, "squeezenet1_1")
        assert file.read_text("utf-8") == content
    with pytest.raises(UserError, match=r"must end in \.csv, \.jsonl, \.parquet"):
        Table(tmp_path / "a.txt", COLUMNS, "squeezenet1_1")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UserError, match="cannot be written to: Is a directory"):
        Table(tmp_path / "folder.csv", COLUMNS, "squeezenet1_1")


@pytest.mark.parametrize("kind", KINDS)
def test_another_networks_table_is_refused(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"a.{kind}"
    with Table(file, COLUMNS, "one") as table:
        table.add({"file": "a.png", "model": "one", "label": "cat"})
    with pytest.raises(UserError, match=r"holds results of one; choose another --out"):
        Table(file, COLUMNS, "two")


@pytest.mark.parametrize("kind", KINDS)
def test_odd_names_are_kept_and_found_again(kind: str, tmp_path: Path) -> None:
    odd = ["=1+1.png", "two\nlines.png", 'quo"te,comma.png', "größe 猫.png", "\\xff.png"]
    file = tmp_path / f"a.{kind}"
    for _ in range(2):
        with Table(file, COLUMNS, "one") as table:
            for name in odd:
                if name not in table:
                    table.add({"file": name, "model": "one", "label": "=cmd", "milliseconds": -0.5})
            assert table.rows == len(odd)
    rows = read_table(file)
    assert names(rows) == ([f"'{odd[0]}", *odd[1:]] if kind == "csv" else odd)
    assert {row["label"] for row in rows} == {"'=cmd" if kind == "csv" else "=cmd"}


def test_parquet_grows_by_runs_and_survives_a_kill_between_its_last_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.setattr("squeeze_core.commands.result_table.ROW_GROUP", 3)
    file = tmp_path / "a.parquet"
    for run in range(3):
        with Table(file, COLUMNS, "one") as table:
            for number in range(7):
                table.add({"file": f"{run}-{number}", "model": "one", "milliseconds": 0.5})
            waiting = file.with_name("a.parquet.partial").read_bytes()
    file.with_name("a.parquet.partial").write_bytes(waiting)
    with Table(file, COLUMNS, "one") as table:
        assert table.rows == 21
    assert names(read_table(file)) == [f"{run}-{number}" for run in range(3) for number in range(7)]


def test_detections_are_json_in_a_cell(tmp_path: Path) -> None:
    out = tmp_path / "boxes.csv"
    cat = str(FOLDER / "chelsea.png")
    assert main(["detect", cat, "--device", "cpu", "--out", str(out)]) == 0
    (row,) = read_table(out)
    (found,) = json.loads(row["detections"])
    assert found["label"] == "cat" and len(found["box"]) == 4
    assert (row["width"], row["height"], row["error"]) == ("451", "300", "")


POSIX = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize(("locale", "form"), [(POSIX, ["--json"]), ({"PYTHONIOENCODING": "cp932"}, [])])
def test_output_is_utf_8_in_every_locale(locale: dict[str, str], form: list[str], tmp_path: Path) -> None:
    picture, missing, out = tmp_path / "größe 猫.png", tmp_path / "é.png", tmp_path / "table.csv"
    picture.write_bytes((FOLDER / "chelsea.png").read_bytes())
    command = [*CLASSIFY, str(picture), str(missing), *(form or ["--out", str(out)])]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | locale, capture_output=True, timeout=120)
    assert done.returncode == 2
    assert f"There is no file {missing}." in done.stderr.decode("utf-8")
    if form:
        found = [result["file"] for result in json.loads(done.stdout)["results"]]
    else:
        found = names(read_table(out))
        assert str(out) in done.stdout.decode("utf-8")
    assert found == [str(picture), str(missing)]


def test_an_empty_folder_and_an_address_are_said_in_their_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cat = str(FOLDER / "chelsea.png")
    assert main(["classify", str(tmp_path), "https://example.org/cat.jpg", cat, "--json"]) == 2
    printed = capsys.readouterr()
    empty, address, found = json.loads(printed.out)["results"]
    assert empty["error"] == f"{tmp_path} is a folder without a picture."
    assert "is an address" in address["error"] and "predictions" in found
    assert printed.err.splitlines() == [empty["error"], address["error"]]


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.startswith("Squeeze Lab ")
