"""Sessions without a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import app_test

from squeeze_core.cost import timing


@pytest.fixture(autouse=True, scope="module")
def server_that_knows_its_navigation() -> Iterator[None]:
    """Every run of a test as on a server where `st.navigation` has run, which AppTest forgets each time.

    It resets the class it imported, so it gets one of its own to reset.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PagesManager, "uses_pages_directory", False)
        patch.setattr(app_test, "PagesManager", type("OwnPagesManager", (PagesManager,), {}))
        patch.setattr(timing, "SECONDS", 0)  # as few runs as give a median
        yield
