"""A real server: `app_url` is the one that all tests of the browser and of load share."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(command: Sequence[str], url: str, **popen: Any) -> Iterator[None]:
    """A server that is started by that command, healthy at `url`; stopped at the end."""
    process = subprocess.Popen(command, cwd=ROOT, **popen)
    try:
        end = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5):
                    break
            except OSError:
                if time.monotonic() > end or process.poll() is not None:
                    raise RuntimeError(f"The app at {url} did not start.") from None
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)


def start_command(port: int, *options: str) -> list[str]:
    return [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), *options]


@pytest.fixture(scope="session")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app that the tests share.

    Weights downloaded on this machine before are out of its sight, so that they are no matter.
    """
    environment = os.environ | {"TORCH_HOME": str(tmp_path_factory.mktemp("torch"))}
    port = free_port()
    command = start_command(port, "--server.headless", "true", "--server.address", "127.0.0.1")
    url = f"http://127.0.0.1:{port}"
    with running(command, url, env=environment, stdout=subprocess.DEVNULL):
        yield url
