"""Nothing leaves this machine: no connection, no name looked up, no file but our own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CAT = "squeeze_core/gallery/chelsea.png"
PROCESS_SECONDS = 300
pytestmark = pytest.mark.timeout(PROCESS_SECONDS + 60)

RECORDER = """
import json, os, sys, threading

attempts = []

def record(event, arguments):
    if event == "import" and arguments[0] == "onnxruntime" and "ORT_DISABLE_TELEMETRY" not in os.environ:
        attempts.append("onnxruntime with its telemetry on")
    if event == "socket.connect" and not isinstance(arguments[1], (str, bytes)):
        attempts.append([event, str(arguments[1])])
    if event.startswith(("socket.getaddrinfo", "socket.gethostby", "socket.sendto", "urllib", "http")):
        attempts.append([event, str(arguments)])

sys.addaudithook(record)
"""

COMMANDS = """
from squeeze_core.__main__ import main

for command in (["classify", CAT], ["classify", CAT, "--model", "efficientnet_lite0"], ["detect", CAT]):
    assert main([*command, "--device", "cpu"]) == 0, command
"""

APP = """
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest, app_test

PagesManager.uses_pages_directory = False
app_test.PagesManager = type("Own", (PagesManager,), {})
for page in ("classify", "detect", "fire_modules", "why", "compare", "compress", "design_space", "about"):
    at = AppTest.from_file(os.path.abspath("app.py"), default_timeout=120)
    at.switch_page(f"pages/{page}.py").run()
    assert not at.exception and not at.error, page
"""

END = """
assert "onnxruntime" in sys.modules
print("RECORDED", json.dumps(attempts))
"""


def recorded(work: str, home: Path) -> list[object]:
    """What a process with that empty home tried to reach while it did the work."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    script = RECORDER + f"CAT = {CAT!r}\n" + work + END
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PROCESS_SECONDS
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.split("RECORDED ")[1])


def test_commands_reach_nobody_and_leave_no_file(tmp_path: Path) -> None:
    assert recorded(COMMANDS, tmp_path) == []
    assert list(tmp_path.rglob("*")) == []


def test_every_page_reaches_nobody_and_leaves_no_file(tmp_path: Path) -> None:
    assert recorded(APP, tmp_path) == []
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    ("library", "place"),
    [
        ("onnxruntime", "squeeze_core/networks/onnx_runtime.py"),
        ("captum", "squeeze_core/inside/captum_methods.py"),
    ],
)
def test_what_needs_silencing_is_imported_in_one_place(library: str, place: str) -> None:
    importing = re.compile(rf"^\s*(import|from) {library}\b", re.MULTILINE)
    files = [*ROOT.glob("squeeze_core/**/*.py"), *ROOT.glob("pages/**/*.py"), ROOT / "app.py"]
    found = [file for file in files if importing.search(file.read_text("utf-8"))]
    assert found == [ROOT / place]


def test_the_server_tells_nobody_and_shows_no_traceback() -> None:
    settings = tomllib.loads((ROOT / ".streamlit/config.toml").read_text("utf-8"))
    assert settings["browser"]["gatherUsageStats"] is False
    assert settings["server"]["address"] == "localhost"
    assert settings["client"]["showErrorDetails"] == "none"
