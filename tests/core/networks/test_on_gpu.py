"""The layers that a GPU runs, checked on the processor: what they give is what the network gives."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from squeeze_core import gallery
from squeeze_core.classifier import softmax
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.on_gpu import MOST_SHAPES, FewPasses, Replayed
from squeeze_core.networks.plan import PLANS, FireShape, Metaparameters, Plan
from squeeze_core.networks.torch_network import TorchNetwork, fastest

FIRES = Metaparameters().fires(4)
OTHERS = {
    "1.0": PLANS["1.0"],
    "simple bypass": Plan(64, 3, frozenset({"conv1", "fire3"}), FIRES, "simple"),
    "complex bypass": Plan(64, 3, frozenset({"conv1", "fire3"}), FIRES, "complex"),
    "no 3×3": Plan(32, 3, frozenset({"conv1"}), (FireShape(8, 32, 0), FireShape(8, 32, 32))),
    "no 1×1": Plan(32, 3, frozenset({"conv1"}), (FireShape(8, 0, 32), FireShape(8, 32, 32))),
}


@pytest.mark.parametrize("name", OTHERS)
@torch.inference_mode()
def test_fewer_passes_give_the_same_answers_for_every_plan(name: str) -> None:
    torch.manual_seed(0)
    network = SqueezeNet(OTHERS[name], classes=10).eval()
    pictures = torch.randn(2, 3, 96, 96)
    assert torch.allclose(FewPasses(network, torch.float32)(pictures), network(pictures), atol=1e-4)


@torch.inference_mode()
def test_half_precision_answers_as_the_network_does() -> None:
    network = DEFAULT.load()
    pictures = torch.from_numpy(DEFAULT.preprocess([one.picture().image for one in gallery.samples()]))
    # The processor has no quick float16; bfloat16 is coarser, so what holds here holds there.
    half, full = (
        answers.softmax(1) for answers in (FewPasses(network, torch.bfloat16)(pictures), network(pictures))
    )
    assert (half - full).abs().max() < 0.03
    assert torch.equal(half.argmax(1), full.argmax(1))


def test_masks_and_parts_come_from_the_network_itself() -> None:
    network = DEFAULT.load()
    quick = TorchNetwork(network, "cpu", lambda x: pytest.fail("quick answers have no parts"))
    picture = DEFAULT.preprocess([gallery.samples()[0].picture().image])
    mask = {"fire2/squeeze": np.zeros((16, 1, 1), np.float32)}
    with torch.inference_mode():
        x = torch.from_numpy(picture)
        want = network(x, {name: torch.from_numpy(factors) for name, factors in mask.items()})
        np.testing.assert_array_equal(quick(picture, mask), want)
        np.testing.assert_array_equal(quick.parts(picture)["fire5"], network.parts(x)["fire5"])


def test_each_fire_module_is_two_convolutions() -> None:
    names = [layer.name for layer in FewPasses(SqueezeNet("1.1").eval()).layers]
    assert [name for name in names if name.startswith("fire3")] == ["fire3/squeeze", "fire3"]


class Recording:
    """What stands for a CUDA graph: it doubles what lies in `given` when replayed."""

    def __init__(self, x: torch.Tensor) -> None:
        self.given, self.answers = torch.empty_like(x), torch.empty_like(x)

    def replay(self) -> None:
        self.answers.copy_(2 * self.given)


def test_a_shape_is_recorded_when_it_comes_back_and_the_longest_unused_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorded: list[int] = []

    def record(self: Replayed, x: torch.Tensor) -> tuple[Recording, torch.Tensor, torch.Tensor]:
        recorded.append(len(x))
        graph = Recording(x)
        return graph, graph.given, graph.answers

    monkeypatch.setattr(Replayed, "_record", record)
    replayed = Replayed(lambda x: 2 * x)
    first = replayed(torch.ones(1))
    assert recorded == [] and first.tolist() == [2]
    again, other = replayed(torch.full((1,), 3.0)), replayed(torch.full((1,), 4.0))
    assert recorded == [1] and again.tolist() == [6] and other.tolist() == [8]
    for count in range(2, MOST_SHAPES + 2):
        for _ in range(2):
            assert replayed(torch.ones(count)).tolist() == [2] * count
    assert recorded == [*range(1, MOST_SHAPES + 2)]
    replayed(torch.ones(MOST_SHAPES + 1))
    replayed(torch.ones(1))
    assert recorded[-1] == 1 and len(recorded) == MOST_SHAPES + 2


_POOL = """
import torch
from torch.nn import functional as F
from squeeze_core.networks.pool_kernel import max_pool

torch.manual_seed(0)
for shape in ((2, 5, 7, 7), (1, 3, 8, 9), (1, 16, 13, 4), (1, 2, 2, 2)):
    x = torch.randn(shape).half().to(memory_format=torch.channels_last)
    assert torch.equal(max_pool(x), F.max_pool2d(x, 3, stride=2, ceil_mode=True)), shape
"""


@pytest.mark.skipif(find_spec("triton") is None, reason="no Triton here")
def test_the_pool_kernel_gives_pytorchs_numbers() -> None:
    """By Triton's interpreter, which has to be chosen before Triton is imported."""
    environment = os.environ | {"TRITON_INTERPRET": "1", "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([sys.executable, "-c", _POOL], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")
def test_recorded_launches_answer_as_the_network_does() -> None:
    network = fastest(DEFAULT.load, "cuda", DEFAULT.preprocess.size)
    pictures = DEFAULT.preprocess([sample.picture().image for sample in gallery.samples()])
    for given in (pictures, pictures[..., ::-1].copy(), pictures[:2], pictures, pictures[::-1].copy()):
        got = softmax(network(given))
        with torch.inference_mode():
            want = softmax(network.module(torch.from_numpy(given).cuda()).cpu().numpy())
        assert np.abs(got - want).max() < 0.01
        assert (got.argmax(1) == want.argmax(1)).all()
