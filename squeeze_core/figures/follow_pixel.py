"""One Fire module's numbers in one block of bytes, for a page that multiplies them in the browser."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from squeeze_core.figures.maps import data_address
from squeeze_core.inside.channels import channel_names
from squeeze_core.inside.receptive_field import receptive_field
from squeeze_core.inside.trace import FireTrace, Unit, plan_of
from squeeze_core.networks.plan import Layer

MOST_BYTES = 2_000_000
MOST_CELLS = 28  # in a row; smaller ones cannot be pointed at
CONV10_CELLS = 7
# Rows above and below a cell that a 3×3 expand of each cell of a 3×3 pool reads.
NEAR = np.arange(-3, 4)

Arrays = dict[str, np.ndarray]


def module_numbers(trace: FireTrace, unit: Unit) -> bytes:
    """The numbers that the module of `unit` computes with, and those that follow up to the class's score.

    A little-endian uint32, the length of the JSON header; the header, filled up with spaces to a multiple
    of 4; then the float32 arrays of `header["arrays"]` (name and shape) one after the other. Fewer than
    MOST_BYTES: of a large module only every n-th cell is in it (`step`), and of a very large one the
    filters of its strongest channels alone (`channels`). All channels are on.
    """
    plan, name = plan_of(trace.network), unit.module
    layers = {layer.name: layer for layer in plan.layers(len(trace.labels))}
    module = trace.modules[name]
    rows, columns = module.input.shape[1:]
    conv10_reads = layers["conv10"].inputs[0]
    conv10_step = -(-max(trace.class_map.shape) // CONV10_CELLS)
    pool = next((one.name for one in layers.values() if one.kind == "max_pool" and name in one.inputs), "")
    field = receptive_field(plan, name, "output")
    last = receptive_field(plan, plan.fire_names[-1], "output")
    header: dict[str, Any] = {
        "unit": [unit.branch, unit.channel],
        "module": name,
        "reads": layers[f"{name}/squeeze"].inputs[0],
        "inputs": channel_names(layers, layers[f"{name}/squeeze"].inputs[0], len(module.input)),
        "grid": [rows, columns],
        "sizes": {branch: len(module.places[branch].values) for branch in module.branches},
        "bypass": layers[name].kind == "add",
        "pool": pool,
        "fields": {
            "input": vars(receptive_field(plan, name, "squeeze")),
            "output": vars(field),
            "pool": vars(field.after(3, 2)),
            "conv10": vars(last if conv10_reads == plan.fire_names[-1] else last.after(3, 2)),
        },
        "conv10": {
            "reads": conv10_reads,
            "inputs": channel_names(layers, conv10_reads, len(trace.features)),
            "grid": trace.class_map.shape,
            "step": conv10_step,
            "class": trace.labels[trace.best],
            "probability": float(trace.probabilities[trace.best]),
            "classes": len(trace.labels),
            "score": float(trace.logits[trace.best]),
        },
        "side": trace.view.width,
        "picture": data_address(trace.view),
    }
    step, share = -(-max(rows, columns) // MOST_CELLS), 1.0
    while True:
        channels = {branch: _strongest(trace, unit, branch, share) for branch in module.branches}
        near = [_near(side, step) for side in (rows, columns)]
        arrays = _module_arrays(trace, name, layers, channels, step, near, pool)
        arrays |= _conv10_arrays(trace, layers["conv10"], conv10_step)
        header |= {
            "step": step,
            "channels": {branch: numbers.tolist() for branch, numbers in channels.items()},
            "near": [places.tolist() for places in near],
            "arrays": [[name, array.shape] for name, array in arrays.items()],
        }
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 4)
        if 4 + len(text) + sum(array.nbytes for array in arrays.values()) < MOST_BYTES:
            numbers = (np.ascontiguousarray(array, "<f4").tobytes() for array in arrays.values())
            return b"".join((np.uint32(len(text)).astype("<u4").tobytes(), text, *numbers))
        # Cells first: of ten a side one still sees the picture.
        if max(rows, columns) > 10 * step or share < 1 / 16:
            step += 1
        else:
            share /= 2


def _strongest(trace: FireTrace, unit: Unit, branch: str, share: float) -> np.ndarray:
    """Numbers of that share of the branch's channels, the strongest, and of `unit`; ascending."""
    order = trace[unit.module, branch].order()
    chosen = [unit.channel] if branch == unit.branch else []
    return np.unique([*chosen, *order[: max(1, int(share * len(order)))]])


def _near(side: int, step: int) -> np.ndarray:
    """The rows of a map of that height that the cells shown need, themselves among them; ascending."""
    places = (np.arange(0, side, step)[:, None] + NEAR).ravel()
    return np.unique(places[(places >= 0) & (places < side)])


def _cells(maps: np.ndarray, step: int) -> np.ndarray:
    """[channels, height, width] → [every step-th cell, row by row, channels]."""
    return np.moveaxis(maps[:, ::step, ::step], 0, -1).reshape(-1, len(maps))


def _module_arrays(
    trace: FireTrace,
    name: str,
    layers: dict[str, Layer],
    channels: dict[str, np.ndarray],
    step: int,
    near: list[np.ndarray],
    pool: str,
) -> Arrays:
    """Numbers to multiply: the input of each cell, the squeeze maps near the cells, filters and biases of
    `channels`; and what must come out: each cell's expands, and the pool's value over it."""
    module, state = trace.modules[name], trace.network.weights.state()
    squeezed = module.places["squeeze"].values
    arrays = {
        "input": _cells(module.input, step),
        "squeeze": np.moveaxis(squeezed[:, near[0]][:, :, near[1]], 0, -1),
    }
    for branch, numbers in channels.items():
        path = layers[f"{name}/{branch}"].path
        for kind in ("weight", "bias"):
            arrays[f"{branch}/{kind}"] = state[f"{path}.{kind}"][numbers]
        if branch != "squeeze":
            arrays[branch] = _cells(module.places[branch].values[numbers], step)
    if pool and layers[name].kind == "concat":
        following = list(trace.modules)[list(trace.modules).index(name) + 1 :]
        pooled = trace.modules[following[0]].input if following else trace.features
        expands = list(channels)[1:]
        starts = np.cumsum([0, *(len(module.places[branch].values) for branch in expands)])
        kept = np.concatenate([channels[b] + start for b, start in zip(expands, starts, strict=False)])
        rows, columns = (
            np.minimum(np.arange(0, side, step) // 2, last - 1)
            for side, last in zip(squeezed.shape[1:], pooled.shape[1:], strict=True)
        )
        arrays["pool"] = _cells(pooled[kept][:, rows][:, :, columns], 1)
    return arrays


def _conv10_arrays(trace: FireTrace, conv10: Layer, step: int) -> Arrays:
    """The same for the most probable class's channel of conv10; its map whole."""
    state, best = trace.network.weights.state(), trace.best
    return {
        "features": _cells(trace.features, step),
        "conv10/weight": state[f"{conv10.path}.weight"][best].ravel(),
        "conv10/bias": state[f"{conv10.path}.bias"][[best]],
        "conv10": trace.class_map,
    }
