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

from squeeze_core.images import MAX_BYTES

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
assert not {"torch", "torchvision"} & set(sys.modules)  # which take seconds
"""

APP = """
from pages.server.results import PYTORCH_PAGES
from squeeze_core.networks.engine import choose_device
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest, app_test

PagesManager.uses_pages_directory = False
app_test.PagesManager = type("Own", (PagesManager,), {})
for page in (
    "classify", "detect", "teach", "compare", "about", "fire_modules", "why", "compress", "design_space"
):
    at = AppTest.from_file(os.path.abspath("app.py"), default_timeout=120)
    at.switch_page(f"pages/{page}.py").run()
    assert not at.exception and not at.error, page
    without = choose_device() == "cpu" and page not in PYTORCH_PAGES
    assert not (without and {"torch", "torchvision"} & set(sys.modules)), page
"""

WEB = """
import http.client, socket, time
import uvicorn
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from app import app

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", port, log_level="error", ws="websockets-sansio"))
threading.Thread(target=server.run, daemon=True).start()
while not server.started:
    time.sleep(0.1)

def get(path, host="localhost"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()

def connected(host, origin):
    try:
        here = socket.create_connection(("127.0.0.1", port))
        with connect(f"ws://{host}:{port}/_stcore/stream", sock=here, origin=origin):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code

assert connected("localhost", f"http://localhost:{port}") == 101
assert connected("localhost", "http://evil.example") == 403
assert connected("evil.example", f"http://evil.example:{port}") == 400  # its name leads to 127.0.0.1
assert get("/_stcore/metrics", "evil.example")[0] == 400
for path in ("/", "/about", "/_stcore/health"):
    status, headers, _ = get(path)
    found = [headers[name] for name in ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy")]
    assert (status, found) == (200, ["nosniff", "SAMEORIGIN", "no-referrer"]), path
assert json.loads(get("/_stcore/host-config")[2])["allowedOrigins"] == []
attempts = [one for one in attempts if "127.0.0.1" not in one[1] and one[0] != "http.client.send"]
import squeeze_core.networks.onnx_runtime
server.should_exit = True
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


def test_commands_and_pages_reach_nobody_and_leave_no_file(tmp_path: Path) -> None:
    assert recorded(COMMANDS + APP, tmp_path) == []
    assert list(tmp_path.rglob("*")) == []


def test_the_server_asks_nobody_about_a_foreign_origin_and_answers_to_its_own_names(tmp_path: Path) -> None:
    assert recorded(WEB, tmp_path) == []


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
    assert settings["server"]["maxUploadSize"] * 10**6 == MAX_BYTES
