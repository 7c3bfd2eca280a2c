"""Where the output goes: a reader that has enough, a disk that is full."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from squeeze_core.__main__ import main
from squeeze_core.gallery import FOLDER

ROOT = Path(__file__).parents[3]
CLASSIFY = [sys.executable, "-m", "squeeze_core", "classify", "--device", "cpu"]


def test_a_reader_that_has_enough_ends_it_quietly() -> None:
    files = [str(FOLDER / "chelsea.png")] * 8
    process = subprocess.Popen(
        [*CLASSIFY, *files], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout and process.stderr
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(120) == 128 + signal.SIGPIPE


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_disk_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    says = "The output cannot be read or written: No space left on device.\n"
    picture = str(FOLDER / "chelsea.png")
    with open("/dev/full", "w", encoding="utf-8") as full:
        command = [*CLASSIFY, "--json", picture]
        done = subprocess.run(
            command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120
        )
        assert (done.returncode, done.stderr) == (2, says)
        monkeypatch.setattr(sys, "stdout", full)
        assert main(["classify", "--device", "cpu", picture]) == 2
    assert capsys.readouterr().err == says
