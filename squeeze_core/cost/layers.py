"""Networks layer by layer: one as a table, two beside one another, and where they differ."""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from squeeze_core.cost.profile import Layer, Profile
from squeeze_core.cost.units import FP32_BYTES


def rows(cost: Profile) -> list[dict[str, Any]]:
    """One row a layer, in the order in which they run: shapes, parameters, MACs, memory and bytes."""
    return [
        {
            "Layer": layer.name,
            "Kind": layer.kind,
            "Output": shape(layer),
            "Parameters": layer.parameters,
            "MACs": layer.macs,
            "Output (bytes, fp32)": FP32_BYTES * layer.written,
            "Weights (bytes, fp32)": FP32_BYTES * layer.parameters,
        }
        for layer in cost.layers
    ]


def shape(layer: Layer) -> str:
    """ "64 × 55 × 55": channels, height, width."""
    return " × ".join(map(str, layer.output)) or "training only"


def difference(one: Profile, other: Profile) -> list[dict[str, Any]]:
    """Two networks beside one another, one row a layer of either.

    Layers of one name are the same layer, in the order of both; a network without such is aligned by
    kind and output, and what has no like in the other stands as it runs. "Difference": "same",
    "changed", or which of the two has the layer, "first" or "second". Figures of a layer that is not
    there are None, differences count it as 0.
    """
    left, right = one.layers, other.layers
    named = {layer.name for layer in left} & {layer.name for layer in right}
    keys = _by_name if len(named) > 0.3 * min(len(left), len(right)) else _by_shape
    matched = SequenceMatcher(
        a=[keys(layer) for layer in left], b=[keys(layer) for layer in right], autojunk=False
    )
    table: list[dict[str, Any]] = []
    for tag, a, b, c, d in matched.get_opcodes():
        if tag == "equal":
            table += [_row(first, second) for first, second in zip(left[a:b], right[c:d], strict=True)]
        elif keys is _by_shape:  # nothing says which layer is which: beside one another as they run
            table += [_row(first, second) for first, second in zip_longest(left[a:b], right[c:d])]
        else:
            table += [_row(first, None) for first in left[a:b]]
            table += [_row(None, second) for second in right[c:d]]
    return table


def _by_name(layer: Layer) -> object:
    return layer.name


def _by_shape(layer: Layer) -> object:
    return layer.kind, layer.output


def _row(first: Layer | None, second: Layer | None) -> dict[str, Any]:
    parameters = (second.parameters if second else 0) - (first.parameters if first else 0)
    macs = (second.macs if second else 0) - (first.macs if first else 0)
    if first is None or second is None:
        said = "second" if first is None else "first"
    else:
        same = (first.kind, first.output, first.parameters, first.macs)
        said = "same" if same == (second.kind, second.output, second.parameters, second.macs) else "changed"
    return {
        "Layer": first.name if first else None,
        "Output": shape(first) if first else None,
        "Parameters": first.parameters if first else None,
        "MACs": first.macs if first else None,
        "Layer, second": second.name if second else None,
        "Output, second": shape(second) if second else None,
        "Parameters, second": second.parameters if second else None,
        "MACs, second": second.macs if second else None,
        "Δ parameters": parameters,
        "Δ MACs": macs,
        "Difference": said,
    }
