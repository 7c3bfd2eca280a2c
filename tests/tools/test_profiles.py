"""The writer counts what the package has on record."""

from __future__ import annotations

import json

import pytest

from squeeze_core.cost import comparison, profile
from tools import profiles


def test_the_record_is_what_counting_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = json.loads(profile.RECORD.read_text("utf-8"))
    names = ("squeezenet1_1", "resnet18", "vgg11")
    monkeypatch.setattr(comparison, "NAMES", names)
    assert json.loads(profiles.written()) == {name: shipped[name] for name in names}
