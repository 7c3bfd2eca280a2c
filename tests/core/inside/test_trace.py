"""The trace against forward hooks on torchvision's own network, and against the shapes of the paper."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
import torch
import torchvision
from torch import Tensor, nn

from squeeze_core.images import Picture
from squeeze_core.inside.trace import PLACES, FireTrace, fire_trace
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.engine import Engine

# Shapes at 227×227: (squeeze channels, channels of each expand branch, side).
SHAPES = {
    "fire2": (16, 64, 56),
    "fire3": (16, 64, 56),
    "fire4": (32, 128, 28),
    "fire5": (32, 128, 28),
    "fire6": (48, 192, 14),
    "fire7": (48, 192, 14),
    "fire8": (64, 256, 14),
    "fire9": (64, 256, 14),
}


@pytest.fixture(scope="module")
def trace(chelsea: Picture, engine: Engine) -> FireTrace:
    return fire_trace(chelsea, engine, DEFAULT)


@pytest.fixture(scope="module")
def hooked(chelsea: Picture) -> Iterator[dict[str, np.ndarray]]:
    """ "fire2/squeeze" → what plain hooks on torchvision's squeezenet1_1 saw."""
    network = torchvision.models.squeezenet1_1()
    network.load_state_dict(DEFAULT.load().state_dict())
    network.eval()
    seen: dict[str, np.ndarray] = {}

    def keep(name: str, module: nn.Module) -> None:
        def hook(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
            seen[name] = output[0].detach().numpy().copy()

        module.register_forward_hook(hook)

    fires = [layer for layer in network.features if type(layer).__name__ == "Fire"]
    for number, fire in enumerate(fires, start=2):
        for place in PLACES[:3]:
            keep(f"fire{number}/{place}", getattr(fire, f"{place}_activation"))
        keep(f"fire{number}/output", fire)
    with torch.inference_mode():
        seen["logits"] = network(torch.from_numpy(DEFAULT.preprocess([chelsea.image])))[0].numpy()
    yield seen


@pytest.mark.parametrize("module", SHAPES)
@pytest.mark.parametrize("place", PLACES)
def test_equals_hooks_on_torchvisions_network(
    trace: FireTrace, hooked: dict[str, np.ndarray], module: str, place: str
) -> None:
    ours, theirs = trace[module, place].values, hooked[f"{module}/{place}"]
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5 * float(theirs.max()))


@pytest.mark.parametrize(("module", "shape"), SHAPES.items())
def test_shapes_at_227(trace: FireTrace, module: str, shape: tuple[int, int, int]) -> None:
    squeeze, expand, side = shape
    assert trace[module, "squeeze"].shape == (squeeze, side, side)
    assert trace[module, "expand1x1"].shape == (expand, side, side)
    assert trace[module, "expand3x3"].shape == (expand, side, side)
    assert trace[module, "output"].shape == (2 * expand, side, side)
    assert trace.layers[module] == (2 * expand, side, side)


def test_the_strip_has_every_layer_in_order(trace: FireTrace) -> None:
    assert list(trace.layers) == [
        "conv1", "pool1", "fire2", "fire3", "pool3", "fire4", "fire5", "pool5", "fire6", "fire7", "fire8",
        "fire9", "conv10",
    ]  # fmt: skip
    assert trace.layers["conv1"] == (64, 113, 113)
    assert trace.layers["conv10"] == (1000, 14, 14)


def test_logits_are_the_networks(trace: FireTrace, hooked: dict[str, np.ndarray]) -> None:
    np.testing.assert_allclose(trace.logits, hooked["logits"], rtol=1e-5, atol=1e-4)
    assert trace.labels[trace.best] == "Egyptian cat"
    assert trace.probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_statistics_describe_the_maps(trace: FireTrace) -> None:
    maps = trace["fire9", "expand3x3"]
    channel = int(maps.order()[0])
    assert maps.mean[channel] == maps.mean.max() == pytest.approx(maps.values[channel].mean(), rel=1e-5)
    assert maps.max[channel] == maps.values[channel].max() == maps.values[channel][*maps.peaks[channel]]
    assert maps.zeros[channel] == pytest.approx((maps.values[channel] == 0).mean())
    assert maps.sparsity == pytest.approx((maps.values == 0).mean(), abs=1e-6)


def test_a_result_cannot_be_changed(trace: FireTrace) -> None:
    maps = trace["fire2", "expand1x1"]
    for array in (maps.values, maps.mean, maps.zeros, trace.logits):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_the_network_is_left_as_it_was(chelsea: Picture, engine: Engine) -> None:
    network = engine.get(DEFAULT).module
    assert isinstance(network, SqueezeNet)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fire_trace(chelsea, engine, DEFAULT)
    assert not network.training
    assert all(not module._forward_hooks for module in network.modules())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_concurrent_traces_do_not_mix(samples: dict[str, Picture], engine: Engine) -> None:
    alone = {name: fire_trace(picture, engine, DEFAULT) for name, picture in samples.items()}
    together: dict[str, FireTrace] = {}

    def work(name: str) -> None:
        together[name] = fire_trace(samples[name], engine, DEFAULT)

    threads = [threading.Thread(target=work, args=(name,)) for name in samples]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, trace in alone.items():
        np.testing.assert_allclose(together[name].logits, trace.logits, rtol=1e-5, atol=1e-4)
        ours, theirs = (t["fire5", "squeeze"].values for t in (together[name], trace))
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-3)


def test_a_full_gpu_leaves_the_trace_to_the_cpu(
    chelsea: Picture, trace: FireTrace, full_gpu: Engine
) -> None:
    found = fire_trace(chelsea, full_gpu, DEFAULT)
    assert full_gpu.notice and found.device == "cpu"
    np.testing.assert_allclose(found.logits, trace.logits, rtol=1e-5, atol=1e-4)


def test_the_plan_counts_every_channel(trace: FireTrace) -> None:
    channels = sum(len(m.places[branch].values) for m in trace.modules.values() for branch in m.branches)
    assert channels == 2880
