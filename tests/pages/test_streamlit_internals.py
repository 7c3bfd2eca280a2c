"""What the application uses of Streamlit beside its public API is still there and still needed."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest
from streamlit import cli_util
from streamlit.elements.lib import streamlit_plotly_theme
from streamlit.runtime import Runtime, RuntimeConfig
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.state import SafeSessionState, SessionState, session_state_proxy
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.util import patch_config_options

from pages.server import memory, streamlit_internals

APP = Path(__file__).parents[2] / "app.py"


def test_the_browser_replaces_the_colour_of_a_charts_words() -> None:
    assert streamlit_internals.CHART_TEXT == streamlit_plotly_theme.GRAY_90


class Session:
    """As much of a session as a store asks for."""

    id = "one"


class Info:
    def __init__(self) -> None:
        self.session = Session()


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """Streamlit's own, as an `App` makes it, whose sessions may not come back."""
    monkeypatch.setattr(Runtime, "_instance", None)
    return Runtime(
        RuntimeConfig(
            script_path=str(APP),
            media_file_storage=MemoryMediaFileStorage("/media"),
            uploaded_file_manager=MemoryUploadedFileManager("/upload"),
            session_storage=MemorySessionStorage(ttl_seconds=0),
        )
    )


def test_counting_sessions_forgets_those_whose_time_is_over(runtime: Runtime) -> None:
    info = Info()
    gone = weakref.ref(info.session)
    runtime._session_mgr._session_storage.save(info)  # type: ignore[attr-defined]
    del info
    gc.collect()
    assert gone() is not None  # Streamlit itself lets go of it only when its store is counted
    assert streamlit_internals.count_sessions() == 0
    memory.give_back()
    assert gone() is None


def test_there_are_no_sessions_without_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Runtime, "_instance", None)
    assert streamlit_internals.count_sessions() == 0


def test_the_folder_pages_would_be_taken_for_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PagesManager, "uses_pages_directory", None)
    PagesManager(str(APP))
    assert PagesManager.uses_pages_directory is True
    streamlit_internals.ignore_pages_folder()
    PagesManager(str(APP))
    assert PagesManager.uses_pages_directory is False


def test_reading_the_sessions_state_ends_an_unwanted_run(monkeypatch: pytest.MonkeyPatch) -> None:
    class MovedOn(Exception):
        pass

    def ended() -> None:
        raise MovedOn

    state = SafeSessionState(SessionState(), ended)
    monkeypatch.setattr(session_state_proxy, "get_session_state", lambda: state)
    with pytest.raises(MovedOn):
        streamlit_internals.end_unwanted_run()


def test_a_run_knows_its_session() -> None:
    def page() -> None:
        import streamlit as st

        from pages.server.streamlit_internals import session_id

        st.text(session_id())

    assert AppTest.from_function(page).run().text[0].value == "test session id"
    assert streamlit_internals.session_id() is None


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({"server.address": "localhost"}, "http://localhost:8501"),
        ({"server.address": "0.0.0.0", "server.port": 80}, "http://localhost:80"),
        ({"server.baseUrlPath": "/squeeze/lab/"}, "http://localhost:8501/squeeze/lab"),
    ],
)
def test_the_browser_gets_address_port_and_path(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, object], address: str
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(cli_util, "open_browser", opened.append)
    with patch_config_options(options):
        streamlit_internals.open_browser()
    assert opened == [address]
