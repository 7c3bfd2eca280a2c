"""Count every network of the comparison and write squeeze_core/cost/profiles.json.

python -m tools.profiles
"""

from __future__ import annotations

import json
from dataclasses import astuple

from squeeze_core.cost import comparison, profile
from squeeze_core.cost.counting import count
from squeeze_core.networks.catalogue import CATALOGUE


def record() -> dict[str, object]:
    """The torchvision that was counted for and the cost of every network."""
    found = {}
    for name in comparison.NAMES:
        cost = count(CATALOGUE[name])
        found[name] = [cost.size, cost.activation_bytes, [astuple(layer) for layer in cost.layers]]
    return {"torchvision": profile.torchvision_version(), "networks": found}


def written() -> str:
    """The file, a network a line."""
    content = record()
    networks = content["networks"]
    assert isinstance(networks, dict)
    rows = [f'"{name}": {json.dumps(row, separators=(",", ":"))}' for name, row in networks.items()]
    version = json.dumps(content["torchvision"])
    return f'{{"torchvision": {version}, "networks": {{\n' + ",\n".join(rows) + "\n}}\n"


if __name__ == "__main__":
    profile.RECORD.write_text(written(), "utf-8")
