"""The log of requests, and what a person sees of an error that nobody foresaw."""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.server import log as server_log
from pages.widgets import tray_bar
from squeeze_core.errors import UserError

APP = str(Path(__file__).parents[2] / "app.py")


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.text.append(self.format(record))


@pytest.fixture
def log() -> Iterator[list[str]]:
    logger, lines = logging.getLogger("squeeze_lab"), Lines()
    logger.addHandler(lines)
    yield lines.text
    logger.removeHandler(lines)


def fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> AppTest:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(tray_bar, "draw", broken)
    return AppTest.from_file(APP, default_timeout=60).run()


def test_an_unforeseen_error_is_one_sentence_whose_number_finds_the_traceback_in_the_log(
    monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    at = fail_with(monkeypatch, KeyError("/secret/holiday.jpg"))
    (message,) = (error.value for error in at.error)
    assert not at.exception and "holiday" not in message
    found = re.search(r"incident ([0-9a-f]{6})", message)
    assert found
    incident, request = log
    assert found[1] in incident and "Traceback" in incident
    assert re.fullmatch(rf"page=Classify milliseconds=\d+ outcome=incident {found[1]}", request)


def test_a_foreseen_error_says_its_own_sentence(monkeypatch: pytest.MonkeyPatch, log: list[str]) -> None:
    at = fail_with(monkeypatch, UserError("The weights are damaged."))
    assert [error.value for error in at.error] == ["The weights are damaged."]
    assert log[-1].endswith("outcome=refused")


def test_a_background_thread_goes_on_after_an_error_which_is_in_the_log(log: list[str]) -> None:
    with server_log.background("memory"):
        raise KeyError("gone")
    (line,) = log
    assert re.search("incident [0-9a-f]{6} on memory", line) and "KeyError: 'gone'" in line


def test_an_error_in_a_part_that_is_redrawn_alone_is_one_sentence_too(log: list[str]) -> None:
    server = importlib.import_module("app").app  # as `streamlit run` imports it
    assert server._on_script_error(KeyError("/secret/holiday.jpg")) is True  # Streamlit says nothing more
    assert "incident" in log[-1] and "KeyError" in log[-1]
