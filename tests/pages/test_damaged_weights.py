"""Weights that are damaged or gone: one sentence on the pages that need them, and the others work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.server.cache import RESULTS, TRACES
from squeeze_core.detector.pretrained import shipped_detector
from squeeze_core.networks import weights
from squeeze_core.networks.catalogue import DEFAULT

APP = str(Path(__file__).parents[2] / "app.py")
PAGES = ("classify", "detect", "fire_modules", "why", "compare", "compress", "design_space", "about")


@pytest.fixture(autouse=True)
def fresh_server() -> Iterator[None]:
    """As if the server had just started, and after the test again: no network loaded, no answer kept."""
    caches = (
        st.cache_resource.clear,
        RESULTS.clear,
        TRACES.clear,
        shipped_detector.cache_clear,
    )
    for clear in caches:
        clear()
    yield
    for clear in caches:
        clear()


def damage(name: str, fault: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have that shipped file be found damaged, in `folder`; its name."""
    shipped = weights.SHIPPED[name]
    content = bytearray(shipped.path.read_bytes())
    content[-1000] ^= 1
    path = folder / shipped.path.name
    if fault != "gone":
        path.write_bytes(content if fault == "one bit" else content[:1000])
    monkeypatch.setitem(weights.SHIPPED, name, replace(shipped, path=path))
    if name == DEFAULT.name:
        monkeypatch.setitem(vars(DEFAULT), "weights", weights.SHIPPED[name])
    return path.name


def sentences(page: str) -> list[str]:
    at = AppTest.from_file(APP, default_timeout=120)
    at.switch_page(f"pages/{page}.py").run()
    assert not at.exception, page
    return [box.value for box in (*at.error, *at.info)]


@pytest.mark.parametrize(
    ("name", "pages"),
    [("squeezenet1_1", ("classify", "fire_modules", "why")), ("squeezenet1_1_detector", ("detect",))],
)
@pytest.mark.parametrize("fault", ["one bit", "cut off", "gone"])
def test_one_sentence_where_they_are_needed(
    name: str, pages: tuple[str, ...], fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = damage(name, fault, tmp_path, monkeypatch)
    says = "No such file" if fault == "gone" else f"{file}, part of Squeeze Lab, is damaged"
    for page in pages:
        (sentence,) = [text for text in sentences(page) if file in text]
        assert says in sentence and str(tmp_path) not in sentence


def test_the_other_pages_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = damage("squeezenet1_1", "gone", tmp_path, monkeypatch)
    assert not [text for text in sentences("detect") if classifier in text]
    detector = damage("squeezenet1_1_detector", "gone", tmp_path, monkeypatch)
    for page in ("compare", "compress", "design_space", "about"):
        assert not [text for text in sentences(page) if classifier in text or detector in text]
