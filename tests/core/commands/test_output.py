"""Where the output goes: a reader that has enough, a disk that is full."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

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
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_full_disk_is_one_sentence(form: list[str]) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        command = [*CLASSIFY, *form, str(FOLDER / "chelsea.png")]
        done = subprocess.run(
            command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120
        )
    assert done.stderr == "The output cannot be read or written: No space left on device.\n"
    assert done.returncode == 2
