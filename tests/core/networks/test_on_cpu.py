"""ONNX Runtime says what PyTorch says, of every network that it runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from squeeze_core.networks import torch_network
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import DEFAULT, Network, named
from squeeze_core.networks.engine import Engine
from squeeze_core.networks.onnx_network import OnnxGraph, OnnxNetwork
from squeeze_core.networks.plan import PLANS, Plan
from squeeze_core.networks.torch_network import TorchNetwork, fastest


def drawn(plan: Plan, classes: int = 10) -> SqueezeNet:
    """Weights drawn by chance, biases too, so that a lost one shows."""
    torch.manual_seed(0)
    network = SqueezeNet(plan, classes).eval().requires_grad_(False)
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            nn.init.normal_(parameter, std=0.1)
    return network


@pytest.mark.parametrize("name", ["squeezenet1_1", "squeezenet1_1_sqz", "efficientnet_lite0"])
def test_the_shipped_networks_answer_as_in_pytorch(name: str, samples) -> None:
    network: Network = named(name)
    batch = network.preprocess([picture.image for picture in samples.values()])
    engine = Engine("cpu")
    got = torch.from_numpy(engine.run(network, batch)).softmax(1)
    with torch.inference_mode():
        want = network.load()(torch.from_numpy(batch)).softmax(1)
    torch.testing.assert_close(got, want, atol=1e-5, rtol=0)
    assert torch.equal(got.topk(5).indices, want.topk(5).indices)
    assert isinstance(engine.get(network), OnnxNetwork | OnnxGraph)


PLANS_TO_TRY = {
    "1.0": PLANS["1.0"],
    "simple bypass": replace(PLANS["1.1"], bypass="simple"),
    "complex bypass": replace(PLANS["1.0"], bypass="complex"),
    "no expand1x1": replace(PLANS["1.1"], fires=tuple(f._replace(expand1x1=0) for f in PLANS["1.1"].fires)),
}


@pytest.mark.parametrize("plan", PLANS_TO_TRY.values(), ids=PLANS_TO_TRY)
@pytest.mark.parametrize("side", [97, 64])
def test_every_plan_and_every_part(plan: Plan, side: int) -> None:
    network, weights = drawn(plan), sum(weight.nbytes for weight in drawn(plan).parameters())
    fast = fastest(lambda: drawn(plan), "cpu", side)
    assert isinstance(fast, OnnxNetwork) and fast.bytes == 2 * weights  # the array's and the session's
    batch = torch.randn(2, 3, side, side)
    fire = plan.fire_names[2]
    mask = {f"{fire}/squeeze": torch.ones(plan.fires[2].squeeze, 1, 1)}
    mask[f"{fire}/squeeze"][::2] = 0
    array, masks = batch.numpy(), {name: factors.numpy() for name, factors in mask.items()}
    with torch.inference_mode():
        want, masked = network.parts(batch), network(batch, mask)
    got = fast.parts(array)
    np.testing.assert_allclose(fast(array), want["logits"], atol=1e-3, rtol=1e-3)
    np.testing.assert_allclose(fast(array, masks), masked, atol=1e-3, rtol=1e-3)
    assert not np.array_equal(fast(array, masks), fast(array))
    assert fast.bytes == 4 * weights
    assert set(got) == set(want)
    for name, value in want.items():
        np.testing.assert_allclose(got[name], value, atol=1e-3, rtol=1e-3)


def test_gradients_are_pytorchs() -> None:
    loaded = Engine("cpu").get(DEFAULT)
    batch = torch.randn(1, 3, 64, 64).requires_grad_()
    (gradient,) = torch.autograd.grad(loaded.module(batch)[0, 3], batch)
    assert gradient.abs().sum() > 0


def test_what_cannot_be_exported_is_left_to_pytorch(monkeypatch) -> None:
    def broken(network: nn.Module, size: int) -> None:
        raise RuntimeError("no such operator")

    large = fastest(lambda: nn.Linear(6_000, 6_000), "cpu", 16)
    assert isinstance(large, TorchNetwork)  # not in memory twice
    monkeypatch.setattr(torch_network, "to_onnx", broken)
    linear = nn.Sequential(nn.Flatten(), nn.Linear(12, 2))
    kept, batch = fastest(lambda: linear, "cpu", 2), torch.randn(3, 3, 2, 2)
    assert isinstance(kept, TorchNetwork) and np.array_equal(kept(batch.numpy()), linear(batch).detach())


def test_several_networks_are_exported_at_once() -> None:
    small = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten()).eval()
    with ThreadPoolExecutor(8) as threads:
        networks = list(threads.map(lambda _: fastest(lambda: small, "cpu", 16), range(8)))
    batch = torch.randn(2, 3, 16, 16)
    for network in networks:
        assert isinstance(network, OnnxGraph)  # none was left to PyTorch
        np.testing.assert_allclose(network(batch.numpy()), small(batch).detach(), atol=1e-5)
        assert network.bytes >= sum(weight.nbytes for weight in small.parameters())
