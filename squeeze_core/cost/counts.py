"""The recorded cost of each network of the comparison.

Counting all of them takes seconds on a quiet machine and a minute on a busy one, too long to wait for a
chart. `tools/counts.py` writes the record, counts.json, for one version of torchvision; with another the
networks are counted on demand.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from squeeze_core.networks.catalogue import Network

RECORD = Path(__file__).with_name("counts.json")


@dataclass(frozen=True)
class Counts:
    """One network's totals: trained numbers, multiply-accumulates of one picture, and the most bytes of
    fp32 intermediate results alive at once."""

    parameters: int
    macs: int
    activation_bytes: int


def recorded(network: Network) -> Counts | None:
    """The record of that network; None for a user network and with another torchvision."""
    if network.own or _record()["torchvision"] != torchvision_version():
        return None
    return recorded_as(network.compressed or network.name)


def recorded_as(name: str) -> Counts | None:
    """The record under that name, whatever torchvision is installed."""
    found = _record()["networks"].get(name)
    return Counts(**found) if found else None


def torchvision_version() -> str:
    """Without the build's suffix, such as +cpu, which changes no count."""
    return version("torchvision").partition("+")[0]


@cache
def _record() -> dict[str, Any]:
    return json.loads(RECORD.read_text(encoding="utf-8"))
