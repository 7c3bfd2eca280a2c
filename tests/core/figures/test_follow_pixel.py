"""Follow one pixel: what the browser computes from the bytes, against the trace."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from squeeze_core.figures.follow_pixel import MOST_BYTES, module_numbers
from squeeze_core.images import Picture
from squeeze_core.inside.trace import FireTrace, Unit, fire_trace
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import DEFAULT, Network
from squeeze_core.networks.engine import Engine
from squeeze_core.networks.plan import PLANS, FireShape, Metaparameters, Plan
from squeeze_core.networks.torch_network import numpy_arrays
from squeeze_core.networks.weights import OwnFile

POOLS = PLANS["1.0"].pool_after
PLANS_TRIED = {
    "1.1": PLANS["1.1"],
    "1.0": PLANS["1.0"],
    "bypass": replace(PLANS["1.0"], bypass="complex"),
    "SR 0.75": Plan(96, 7, POOLS, Metaparameters(sr=0.75).fires()),
    "wide": Plan(96, 7, POOLS, (FireShape(512, 256, 256), FireShape(768, 1024, 512))),
    "3×3 alone": Plan(64, 3, frozenset({"conv1", "fire3"}), Metaparameters(pct3x3=1).fires(2)),
}


def network(name: str) -> Network:
    """The shipped one, or one of that plan with random weights and biases."""
    if name == "1.1":
        return DEFAULT
    state = numpy_arrays(SqueezeNet(PLANS_TRIED[name], 1000).state_dict())
    random = np.random.default_rng(0)
    state |= {
        key: random.normal(0, 0.1, bias.shape).astype(np.float32)
        for key, bias in state.items()
        if key.endswith("bias")
    }
    return replace(DEFAULT, plan=PLANS_TRIED[name], weights=OwnFile("random", 0, state), key=name)


def unpacked(data: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    end = 4 + int(np.frombuffer(data, "<u4", 1)[0])
    header, arrays = json.loads(data[4:end]), {}
    for name, shape in header["arrays"]:
        arrays[name] = np.frombuffer(data, "<f4", int(np.prod(shape)), end).reshape(shape).astype(float)
        end += arrays[name].size * 4
    assert end == len(data) < MOST_BYTES
    return header, arrays


def expand(arrays: dict[str, np.ndarray], near: list[list[int]], branch: str, row: int, column: int) -> Any:
    """That branch's channels at a cell of the squeeze map, as `follow_pixel.js` computes them."""
    weights = arrays[f"{branch}/weight"]
    edge = weights.shape[2] // 2
    total = arrays[f"{branch}/bias"].copy()
    for y in range(-edge, edge + 1):
        for x in range(-edge, edge + 1):
            if row + y in near[0] and column + x in near[1]:
                squeezed = arrays["squeeze"][near[0].index(row + y), near[1].index(column + x)]
                total += weights[:, :, y + edge, x + edge] @ squeezed
    return np.maximum(total, 0)


@pytest.mark.parametrize("name", PLANS_TRIED)
def test_what_the_browser_computes_is_what_the_network_computed(
    chelsea: Picture, engine: Engine, name: str
) -> None:
    trace, random = fire_trace(chelsea, engine, network(name)), np.random.default_rng(1)
    for module in trace.modules.values():
        branch = module.branches[-1]
        unit = Unit(module.name, branch, 3)
        header, arrays = unpacked(module_numbers(trace, unit))
        assert header["channels"][branch].count(3) == 1
        step, near, columns = header["step"], header["near"], -(-module.input.shape[2] // header["step"])
        for cell in random.choice(len(arrays["input"]), 10):
            row, column = (step * int(place) for place in divmod(cell, columns))
            values = arrays["squeeze"][near[0].index(row), near[1].index(column)]
            kept = header["channels"]["squeeze"]
            computed = arrays["squeeze/weight"][:, :, 0, 0] @ arrays["input"][cell] + arrays["squeeze/bias"]
            close(np.maximum(computed, 0), values[kept])
            close(values, module.places["squeeze"].values[:, row, column])
            for branch in module.branches[1:]:
                computed = expand(arrays, near, branch, row, column)
                close(computed, arrays[branch][cell])
                close(computed, trace[module.name, branch].values[header["channels"][branch], row, column])
            if "pool" in arrays:
                pooled_places(header, arrays, cell, row, column)
        ends_in_the_score(trace, header, arrays)


def pooled_places(
    header: dict[str, Any], arrays: dict[str, np.ndarray], cell: int, row: int, column: int
) -> None:
    """The pool's value over a cell is the largest of nine."""
    (rows, columns), near = header["grid"], header["near"]
    top, left = (2 * min(place // 2, side // 2 - 1) for place, side in ((row, rows), (column, columns)))
    nine = [
        np.concatenate([expand(arrays, near, b, y, x) for b in list(header["channels"])[1:]])
        for y in range(top, min(top + 3, rows))
        for x in range(left, min(left + 3, columns))
    ]
    close(np.max(nine, 0), arrays["pool"][cell])


def ends_in_the_score(trace: FireTrace, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    step, conv10 = header["conv10"]["step"], arrays["conv10"]
    computed = arrays["features"] @ arrays["conv10/weight"] + arrays["conv10/bias"]
    close(np.maximum(computed, 0), conv10[::step, ::step].ravel())
    close(conv10.mean(), trace.logits.max())


def close(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_a_common_network_is_sent_whole(chelsea: Picture, engine: Engine) -> None:
    """Cells of fire2 and fire5 are thinned out; filters never are."""
    trace = fire_trace(chelsea, engine, DEFAULT)
    steps = {}
    for module in trace.modules:
        header, _ = unpacked(module_numbers(trace, Unit(module, "squeeze", 0)))
        steps[module] = header["step"]
        assert all(len(header["channels"][branch]) == size for branch, size in header["sizes"].items())
    assert steps == dict.fromkeys(steps, 1) | {"fire2": 2, "fire3": 2, "fire5": 2}
