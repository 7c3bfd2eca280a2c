"""Count every network that is no SqueezeNet and write squeeze_core/cost/profiles.json.

python -m tools.profiles
"""

from __future__ import annotations

import json
from dataclasses import astuple

from squeeze_core.cost import profile
from squeeze_core.networks.catalogue import CATALOGUE
from tools.counting import count


def written() -> str:
    """The file, a network a line."""
    rows = []
    for name, network in CATALOGUE.items():
        if network.plan:
            continue
        cost = count(network)
        row = [cost.size, cost.activation_bytes, [astuple(layer) for layer in cost.layers]]
        rows.append(f'"{name}": {json.dumps(row, separators=(",", ":"))}')
    return "{\n" + ",\n".join(rows) + "\n}\n"


if __name__ == "__main__":
    profile.RECORD.write_text(written(), "utf-8")
