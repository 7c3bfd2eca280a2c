"""The time of each layer of a SqueezeNet on this machine's processor, as the pages run it."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np

from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.onnx_network import write_onnx
from squeeze_core.networks.onnx_runtime import open_session
from squeeze_core.networks.torch_network import numpy_arrays

RUNS = 20
# What belongs to no layer: numbers put into another order, and the mean after conv10.
REST = "rest"


def layer_times(network: SqueezeNet, size: int) -> dict[str, float]:
    """Milliseconds of each layer for one picture of size × size: medians by ONNX Runtime's clock.

    Names as in `Profile`: "fire2.squeeze"; a ReLU is part of its convolution. "fire2" alone is what joining
    its expands takes.
    """
    model = write_onnx(network.plan.layers(network.classes), numpy_arrays(network.state_dict()))
    layers = {node.name: node.name.removesuffix("/sum") for node in model.graph.node}
    picture = np.random.default_rng(0).standard_normal((1, 3, size, size), np.float32)
    with tempfile.TemporaryDirectory() as folder:
        session = open_session(model.SerializeToString(), clock=str(Path(folder) / "clock"))
        for _ in range(RUNS + 1):
            session.run(None, {"pictures": picture})
        events = json.loads(Path(session.end_profiling()).read_text("utf-8"))
    taken: dict[str, list[float]] = defaultdict(list)
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith(_ENDING):
            taken[event["name"].removesuffix(_ENDING)].append(event["dur"] / 1000)
    times: dict[str, float] = defaultdict(float)
    for node, runs in taken.items():
        # As the optimiser calls what it made of a convolution and its ReLU, in blocks of channels or not.
        known = layers.get(node.removesuffix("_nchwc").removeprefix("fused "), REST)
        layer = REST if known in ("logits", "conv10/mean") else known.replace("/", ".")
        times[layer] += statistics.median(runs[1:])
    return dict(times)


_ENDING = "_kernel_time"
