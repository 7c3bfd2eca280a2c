"""What each network of the comparison costs, counted once and recorded.

Counting all of them takes seconds on a quiet machine and a minute on a busy one, too long to wait
for a chart. `python -m squeeze_core.cost.counts` counts again and writes the record; it counts for
one version of torchvision, and with another the networks are counted when they are asked for.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torchvision

from squeeze_core.cost.profile import FP32_BYTES, Profile
from squeeze_core.networks.catalogue import CATALOGUE, Network

_FILE = Path(__file__).with_name("counts.json")


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
    """What the record says of that network; None for one of somebody's own and another torchvision."""
    if CATALOGUE.get(network.name) is not network or _record()["torchvision"] != _version():
        return None
    found = _record()["networks"].get(network.name)
    return Counts(**found) if found else None


def _version() -> str:
    return torchvision.__version__.partition("+")[0]  # what it was built for changes no count


@cache
def _record() -> dict[str, Any]:
    return json.loads(_FILE.read_text(encoding="utf-8"))


def write() -> None:
    """Count every network of the comparison and write the record."""
    from squeeze_core.cost.comparison import NAMES, profile_of

    found = {name: asdict(of(profile_of(CATALOGUE[name]))) for name in NAMES}
    record = {"torchvision": _version(), "networks": found}
    _FILE.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
