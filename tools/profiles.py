"""Count every network of the comparison and write squeeze_core/cost/profiles.json.

python -m tools.profiles
"""

from __future__ import annotations

import json
from dataclasses import astuple

from squeeze_core.cost import comparison, profile
from squeeze_core.cost.counting import count
from squeeze_core.networks.catalogue import CATALOGUE


def written() -> str:
    """The file, a network a line."""
    rows = []
    for name in comparison.NAMES:
        cost = count(CATALOGUE[name])
        row = [cost.size, cost.activation_bytes, [astuple(layer) for layer in cost.layers]]
        rows.append(f'"{name}": {json.dumps(row, separators=(",", ":"))}')
    return "{\n" + ",\n".join(rows) + "\n}\n"


if __name__ == "__main__":
    profile.RECORD.write_text(written(), "utf-8")
