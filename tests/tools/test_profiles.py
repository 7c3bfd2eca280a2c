"""The writer counts what the package has on record."""

from __future__ import annotations

import json

import pytest

from squeeze_core.cost import profile
from squeeze_core.networks.catalogue import CATALOGUE
from tools import profiles


def test_the_record_is_what_counting_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = json.loads(profile.RECORD.read_text("utf-8"))
    names = ("squeezenet1_1", "resnet18", "regnet_x_400mf")  # the first is not recorded
    monkeypatch.setattr(profiles, "CATALOGUE", {name: CATALOGUE[name] for name in names})
    assert json.loads(profiles.written()) == {name: shipped[name] for name in names[1:]}
