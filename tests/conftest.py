"""Shared by all tests: the shipped samples and one engine, whose networks are loaded once."""

from __future__ import annotations

import pytest

import squeeze_core.own_process  # noqa: F401 – before PyTorch
from squeeze_core import gallery
from squeeze_core.images import Picture
from squeeze_core.networks.engine import Engine


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine("cpu")


@pytest.fixture(scope="session")
def samples() -> dict[str, Picture]:
    """The gallery, decoded: file name → picture."""
    return {sample.file: sample.picture() for sample in gallery.samples()}


@pytest.fixture(scope="session")
def chelsea(samples: dict[str, Picture]) -> Picture:
    return samples["chelsea.png"]
