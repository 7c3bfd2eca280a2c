"""Count every network of the comparison and write squeeze_core/cost/counts.json.

python -m tools.counts
"""

from __future__ import annotations

import json
from dataclasses import asdict

from squeeze_core.cost import comparison, counts
from squeeze_core.cost.profile import profile_of
from squeeze_core.networks.catalogue import CATALOGUE


def record() -> dict[str, object]:
    """The torchvision that was counted for and the totals of every network."""
    found = {}
    for name in comparison.NAMES:
        cost = profile_of(CATALOGUE[name])
        found[name] = asdict(counts.Counts(cost.parameters, cost.macs, cost.activation_bytes))
    return {"torchvision": counts.torchvision_version(), "networks": found}


if __name__ == "__main__":
    counts.RECORD.write_text(json.dumps(record(), indent=1) + "\n", "utf-8")
