"""The commands `classify` and `evaluate classify`: documents, sentences and exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from squeeze_core.__main__ import main
from squeeze_core.commands import print_json
from squeeze_core.gallery import FOLDER

ROOT = Path(__file__).parents[3]
CAT, CAMERA = str(FOLDER / "chelsea.png"), str(FOLDER / "camera.png")


def call(*arguments: str) -> int:
    try:
        return main(list(arguments))
    except SystemExit as exit:  # how argparse ends
        return int(exit.code or 0)


def test_classify_prints_one_json_document(capsys) -> None:
    assert call("classify", CAT, CAMERA, "--json", "--top", "2") == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert (document["model"], document["device"]) == ("squeezenet1_1", "cpu")
    cat, camera = document["results"]
    assert set(cat) == {"file", "predictions", "milliseconds"} and cat["file"] == CAT
    assert [set(prediction) for prediction in cat["predictions"]] == [{"label", "index", "probability"}] * 2
    assert cat["predictions"][0]["label"] == "Egyptian cat"
    assert camera["predictions"][0]["label"] == "tripod"
    assert printed.err == ""


def test_classify_prints_lines_for_people(capsys) -> None:
    assert call("classify", CAT, "--top", "1", "--model", "efficientnet_lite0") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(CAT) and second.strip().endswith("tiger cat") and "%" in second


def test_odd_and_broken_files_in_a_process_of_their_own(odd_files, tmp_path: Path) -> None:
    files = [str(odd_files.folder / name) for name in odd_files.names]
    assert len(files) > 90
    command = [sys.executable, "-m", "squeeze_core", "classify", *files, "--json", "--device", "cpu"]
    out, errors, peak = tmp_path / "out", tmp_path / "errors", tmp_path / "peak"
    # A process begins with the peak of whoever starts it, so a small one does.
    between = (
        "import resource, subprocess, sys; code = subprocess.call(sys.argv[2:]); "
        "open(sys.argv[1], 'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)); "
        "sys.exit(code)"
    )
    with out.open("wb") as stdout, errors.open("wb") as stderr:
        started = [sys.executable, "-c", between, str(peak), *command]
        process = subprocess.run(started, cwd=ROOT, stdout=stdout, stderr=stderr, check=False)
    document = json.loads(out.read_text())
    assert [result["file"] for result in document["results"]] == files
    for result, name in zip(document["results"], odd_files.names, strict=True):
        assert ("error" in result) == (name in odd_files.bad), name
        assert "error" in result or len(result["predictions"]) == 5
    sentences = [result["error"] for result in document["results"] if "error" in result]
    assert errors.read_text().splitlines() == sentences
    assert process.returncode == 2
    kilobytes = int(peak.read_text()) / (1024 if sys.platform == "darwin" else 1)
    assert kilobytes < 1_500_000


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["classify"], "FILE"),
        (["classify", CAT, "--top", "0"], "'0' is not a whole number from 1 to 1000"),
        (["classify", CAT, "--top", "1001"], "'1001' is not"),
        (["classify", CAT, "--top", "many"], "'many' is not"),
        (["classify", CAT, "--model", "squeezenet9"], "squeezenet9"),
        (["classify", CAT, "--weights", CAMERA], "camera.png is a PNG picture, not a file of weights"),
        (["classify", CAT, "--device", "abacus"], "abacus"),
        (["evaluate"], "TASK"),
        (["evaluate", "classify", str(FOLDER)], "--labels"),
        (["paint"], "paint"),
    ],
)
def test_bad_usage_is_one_sentence_and_exit_code_2(arguments: list[str], says: str, capsys) -> None:
    assert call(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert says in printed.err and len(printed.err.splitlines()) == 1


def test_a_bad_file_does_not_stop_the_others(capsys, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(Path(CAT).read_bytes()[:1000])
    assert call("classify", str(broken), CAT) == 2
    printed = capsys.readouterr()
    assert "Egyptian cat" in printed.out
    assert printed.err == "broken.png is a damaged or incomplete PNG picture.\n"


LABELS = {"chelsea.png": 285, "camera.png": 872, "coffee.jpg": 968, "astronaut.jpg": 0}


def test_evaluate_classify_counts_first_and_among_five(capsys, tmp_path: Path) -> None:
    labels = tmp_path / "labels.json"
    labels.write_text(json.dumps(LABELS))
    # coffee.jpg is an espresso first and a cup (968) second; the astronaut is no tench (0)
    assert call("evaluate", "classify", str(FOLDER), "--labels", str(labels), "--json") == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"images": 4, "top1": 50.0, "top5": 75.0}
    assert "4/4" in printed.err
    assert call("evaluate", "classify", str(FOLDER), "--labels", str(labels)) == 0
    assert capsys.readouterr().out == "4 pictures: top-1 50.0 %, top-5 75.0 %\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "There is no labels file"),
        ("{", "is not JSON"),
        ("\x00\xff", "is not JSON"),
        ("[1, 2]", "must hold a JSON object"),
        ("{}", "names no picture"),
        ('{"chelsea.png": 1000}', "gives chelsea.png the class 1000"),
        ('{"chelsea.png": "cat"}', "gives chelsea.png the class 'cat'"),
        ('{"chelsea.png": true}', "gives chelsea.png the class True"),
        ('{"chelsea.png": 285, "dog.png": 1}', "1 of the 2 pictures"),
        ('{"__init__.py": 1}', "__init__.py is a text file"),
    ],
)
def test_bad_labels_are_one_sentence(content: str | None, says: str, capsys, tmp_path: Path) -> None:
    labels = tmp_path / "labels.json"
    if content is not None:
        labels.write_text(content, encoding="latin1")
    assert call("evaluate", "classify", str(FOLDER), "--labels", str(labels), "--json") == 2
    printed = capsys.readouterr()
    assert printed.out == "" and says in printed.err.splitlines()[-1]
    assert "Traceback" not in printed.err


def test_a_missing_folder_is_one_sentence(capsys, tmp_path: Path) -> None:
    labels = tmp_path / "labels.json"
    labels.write_text(json.dumps(LABELS))
    assert call("evaluate", "classify", str(tmp_path / "none"), "--labels", str(labels)) == 2
    assert capsys.readouterr().err == f"There is no folder {tmp_path / 'none'}.\n"
    assert call("evaluate", "classify", str(tmp_path), "--labels", str(labels)) == 2
    assert "4 of the 4 pictures" in capsys.readouterr().err


def test_a_document_that_json_cannot_hold_is_not_half_printed(capsys) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        print_json({"fine": 1, "not": float("nan")})
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            FileNotFoundError(2, "No usable temporary directory found in ['/tmp']"),
            "No folder for temporary files",
        ),
        (
            ImportError("libtorch.so: failed to map segment from shared object"),
            "There is too little memory",
        ),
        (MemoryError(), "There is too little memory"),
        (RuntimeError("can't start new thread"), "There is too little memory"),
        (OSError(28, "No space left on device"), "The output cannot be read or written: No space left"),
    ],
)
def test_what_the_machine_does_not_allow_is_one_true_sentence(error, says, monkeypatch, capsys) -> None:
    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr("squeeze_core.commands.classify.work", failing)
    monkeypatch.setattr("squeeze_core.__main__._leave_output", lambda: None)
    assert call("classify", CAT) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(says) and printed.count("\n") == 1
    error = RuntimeError("a fault of ours")  # is no matter of the machine's
    with pytest.raises(RuntimeError):
        call("classify", CAT)
