"""The layers that a GPU runs, checked on the processor: what they give is what the network gives."""

from __future__ import annotations

import pytest
import torch

from squeeze_core import gallery
from squeeze_core.networks.architecture import PLANS, FireShape, Metaparameters, Plan, SqueezeNet
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.on_gpu import FewPasses, GpuSqueezeNet

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
    pictures = DEFAULT.preprocess([sample.picture().image for sample in gallery.samples()])
    # The processor has no quick float16; bfloat16 is coarser, so what holds here holds there.
    half, full = (
        answers.softmax(1) for answers in (FewPasses(network, torch.bfloat16)(pictures), network(pictures))
    )
    assert (half - full).abs().max() < 0.03
    assert torch.equal(half.argmax(1), full.argmax(1))


def test_gradients_and_parts_come_from_the_network_itself() -> None:
    network = DEFAULT.load()
    quick = GpuSqueezeNet(network)
    picture = DEFAULT.preprocess([gallery.samples()[0].picture().image]).requires_grad_(True)
    quick(picture).max().backward()
    assert picture.grad is not None and picture.grad.abs().sum() > 0
    assert torch.equal(quick.parts(picture)["fire5"], network.parts(picture)["fire5"])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")
@torch.inference_mode()
def test_recorded_launches_answer_as_the_network_does() -> None:
    network = DEFAULT.load().cuda()
    quick = GpuSqueezeNet(network)
    pictures = DEFAULT.preprocess([sample.picture().image for sample in gallery.samples()]).cuda()
    for given in (pictures, pictures.flip(3), pictures[:2], pictures, pictures.flip(0)):
        got, want = quick(given).softmax(1), network(given).softmax(1)
        assert (got - want).abs().max() < 0.01
        assert torch.equal(got.argmax(1), want.argmax(1))
