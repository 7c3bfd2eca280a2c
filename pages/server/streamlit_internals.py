"""The parts of Streamlit that are not its public API and that this application uses, each with its reason.

Seen in Streamlit 1.67; tests/pages/test_streamlit_internals.py fails when one of them changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import streamlit as st
from streamlit import cli_util, net_util
from streamlit.runtime import Runtime, exists
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import DeletedFile, UploadedFile
from streamlit.web.server import server_util

# The colour of a chart's words that the browser replaces by that of the theme, light or dark.
CHART_TEXT = "#000037"
# Where its document has the page: after its own styles, so that a style put before it overrules them.
ROOT = b'<div id="root">'


def ignore_pages_folder() -> None:
    """Keep pages/ from being taken for scripts that stand alone.

    Until `st.navigation` has run once in a process, a first visit to /about would fail: it gets that page
    without app.py around it.
    """
    PagesManager.uses_pages_directory = False


def look_up_no_address() -> None:
    """Keep Streamlit from asking others for this machine's addresses (DNS, 8.8.8.8, checkip.amazonaws.com).

    It does so when a websocket comes from another origin, to see whether that is this machine.
    """
    net_util.get_internal_ip = net_util.get_external_ip = lambda: None


def open_browser() -> None:
    """Open the address in a browser, as `streamlit run` does for a script but not for an `App`."""
    address = st.get_option("server.address") or "localhost"
    cli_util.open_browser(server_util.get_url(server_util.get_display_address(address)))


def session_id() -> str | None:
    """The session of this run of a page, None outside of one: sessions take turns at the networks."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else None


def end_unwanted_run() -> None:
    """End this run of a page when its visitor has moved on, so that long work stops.

    Streamlit does so where a run reads a value of the session's state; counting them (`len`) is not enough.
    """
    st.session_state.get("any")


def uploads(key: str) -> list[UploadedFile]:
    """The files in that uploader, without those that a browser names again after they are gone."""
    return [file for file in st.session_state.get(key, ()) if not isinstance(file, DeletedFile)]


def forget_uploads(files: Iterable[UploadedFile]) -> None:
    """Let go of uploaded bytes, up to 100 MB a file, which Streamlit would keep as long as the session."""
    context = get_script_run_ctx(suppress_warning=True)
    if context:
        manager: Any = context.uploaded_file_mgr
        for file in files:
            manager.remove_file(context.session_id, file.file_id)


def count_sessions() -> int:
    """Count the sessions that the server holds: connected ones, and those that may still come back.

    Streamlit keeps a session, with its pictures, for two minutes after its browser has gone, but drops it
    only when its store is counted: without that, the last visitor's pictures would stay until the next one
    leaves.
    """
    if not exists():
        return 0
    manager: Any = Runtime.instance()._session_mgr
    return len(manager.list_active_sessions()) + len(manager._session_storage._cache)
