"""The recorded cost of each network of the comparison.

Counting all of them takes seconds on a quiet machine and a minute on a busy one, too long to wait for a
chart. `tools/counts.py` writes the record, counts.json, for one version of torchvision; with another the
networks are counted on demand.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torchvision

from squeeze_core.cost.profile import FP32_BYTES, Profile
from squeeze_core.networks.catalogue import CATALOGUE, Network

RECORD = Path(__file__).with_name("counts.json")


@dataclass(frozen=True)
class Counts:
    """One network's totals: trained numbers, multiply-accumulates of one picture, and the most bytes of
    fp32 intermediate results alive at once."""

    parameters: int
    macs: int
    activation_bytes: int

    @property
    def megabytes(self) -> float:
        """Size of the fp32 parameters in MB of 10^6 bytes."""
        return self.parameters * FP32_BYTES / 1e6


def of(cost: Profile) -> Counts:
    """The totals of a network that was counted layer by layer."""
    return Counts(cost.parameters, cost.macs, cost.activation_bytes)


def recorded(network: Network) -> Counts | None:
    """The record of that network; None for a user network and with another torchvision."""
    if CATALOGUE.get(network.name) is not network or _record()["torchvision"] != torchvision_version():
        return None
    found = _record()["networks"].get(network.name)
    return Counts(**found) if found else None


def torchvision_version() -> str:
    """Without the build's suffix, such as +cpu, which changes no count."""
    return torchvision.__version__.partition("+")[0]


@cache
def _record() -> dict[str, Any]:
    return json.loads(RECORD.read_text(encoding="utf-8"))
