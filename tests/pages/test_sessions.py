"""A session that has ended leaves nothing behind."""

from __future__ import annotations

import gc
import weakref

import pytest
from streamlit.runtime import Runtime
from streamlit.runtime.memory_session_storage import MemorySessionStorage

from pages.server import memory


def test_counting_sessions_forgets_those_whose_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit forgets a session that has gone only when its store is counted, which `sessions` does."""

    class Held:
        pass

    class Info:
        def __init__(self) -> None:
            self.session = self
            self.id = "one"
            self.state = Held()

    storage = MemorySessionStorage(ttl_seconds=0)
    info = Info()
    gone = weakref.ref(info.state)
    storage.save(info)  # type: ignore[arg-type]
    del info
    gc.collect()
    assert gone() is not None
    manager = type("Manager", (), {"_active_session_info_by_id": {}, "_session_storage": storage})()
    monkeypatch.setattr(memory, "exists", lambda: True)
    monkeypatch.setattr(Runtime, "instance", lambda: type("R", (), {"_session_mgr": manager})())
    assert memory.sessions() == 0
    memory.give_back()
    assert gone() is None
