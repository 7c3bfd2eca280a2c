from __future__ import annotations

import pytest
import torch
import torchvision

from squeeze_core.networks.architecture import (
    BRANCHES,
    PLANS,
    Fire,
    FireShape,
    Metaparameters,
    Plan,
    SqueezeNet,
)

TORCHVISION = {"1.0": torchvision.models.squeezenet1_0, "1.1": torchvision.models.squeezenet1_1}


def parameters(network: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize(("version", "size"), [("1.0", 224), ("1.1", 227), ("1.0", 21), ("1.1", 17)])
def test_logits_are_torchvisions(version: str, size: int) -> None:
    torch.manual_seed(0)
    theirs = TORCHVISION[version]().eval()
    ours = SqueezeNet(version).eval()
    ours.load_state_dict(theirs.state_dict())
    batch = torch.randn(2, 3, size, size)
    with torch.inference_mode():
        expected = theirs(batch)
        assert expected.abs().max() > 0.01
        torch.testing.assert_close(ours(batch), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("version", PLANS)
def test_parts_are_those_of_the_plain_forward_bit_by_bit(version: str) -> None:
    torch.manual_seed(0)
    network, batch = SqueezeNet(version, classes=5).eval(), torch.randn(2, 3, 96, 96)
    seen: dict[str, torch.Tensor] = {}
    for name in network.fire_names:
        fire = network.layer(name)
        fire.register_forward_hook(lambda _m, _i, out, name=name: seen.update({name: out.clone()}))
        for branch in BRANCHES:
            getattr(fire, f"{branch}_activation").register_forward_hook(
                lambda _m, _i, out, part=f"{name}/{branch}": seen.update({part: out.clone()})
            )
    with torch.inference_mode():
        logits = network(batch)
        parts = network.parts(batch)
    assert torch.equal(parts["logits"], logits) and len(seen) == 8 * 4
    assert all(torch.equal(parts[part], value) for part, value in seen.items())
    assert [part for part in parts if "/" not in part] == [*network.stages, "logits"]
    assert torch.equal(parts["conv10"].mean((2, 3)), logits)


def test_a_part_is_its_convolution_of_what_it_reads() -> None:
    torch.manual_seed(0)
    network, batch = SqueezeNet("1.1", classes=5).eval(), torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        parts = network.parts(batch)
        for part in ("fire2/squeeze", "fire4/squeeze", "fire5/expand3x3", "conv10"):
            made = network.convolution(part)(parts[network.reads(part)]).relu()
            assert torch.equal(made, parts[part])
    for part in ("conv1", "fire12/squeeze"):
        with pytest.raises(KeyError):
            network.reads(part)
    for part in ("fire2", "fire2/bypass", "fire12/squeeze"):
        with pytest.raises(KeyError):
            network.convolution(part)


def test_parameter_counts_are_the_published_ones() -> None:
    assert parameters(SqueezeNet("1.0")) == 1_248_424
    assert parameters(SqueezeNet("1.1")) == 1_235_496
    assert SqueezeNet("1.1", classes=7)(torch.zeros(1, 3, 64, 64)).shape == (1, 7)


def test_layers_have_the_papers_names() -> None:
    network = SqueezeNet("1.0")
    assert network.fire_names == tuple(f"fire{i}" for i in range(2, 10))
    assert network.layer("conv1").out_channels == 96
    assert network.layer("fire9").squeeze.out_channels == 64
    assert network.layer("conv10").out_channels == 1000
    with pytest.raises(KeyError):
        network.layer("fire10")


def test_metaparameters_give_table_1() -> None:
    pairs = [(16, 64), (32, 128), (48, 192), (64, 256)]
    expected = [FireShape(s, e, e) for s, e in pairs for _ in range(2)]
    assert list(Metaparameters().fires()) == expected
    assert Metaparameters(sr=0.75, pct3x3=0.25).fires()[0] == FireShape(96, 96, 32)


@pytest.mark.parametrize(
    ("metaparameters", "says"),
    [
        (Metaparameters(base_e=0, incr_e=0), "raise base_e or incr_e"),
        (Metaparameters(sr=0.001), "raise SR"),
        (Metaparameters(pct3x3=1.5), "pct3x3 is 1.5"),
        (Metaparameters(freq=0), "freq is 0"),
    ],
)
def test_impossible_metaparameters_are_refused(metaparameters: Metaparameters, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        metaparameters.fires()


@pytest.mark.parametrize("pct3x3", [0.0, 1.0])
def test_a_branch_without_channels_is_left_out(pct3x3: float) -> None:
    fires = Metaparameters(pct3x3=pct3x3).fires()
    network = SqueezeNet(Plan(64, 3, PLANS["1.1"].pool_after, fires), classes=5)
    assert network(torch.zeros(1, 3, 64, 64)).shape == (1, 5)
    assert (network.layer("fire2").expand3x3 is None) == (pct3x3 == 0)


def test_bypasses_add_the_modules_input() -> None:
    x = torch.rand(1, 128, 5, 5)
    fire = Fire(128, 16, 64, 64, bypass="simple")
    for module in (fire.expand1x1, fire.expand3x3):
        torch.nn.init.zeros_(module.weight)
        torch.nn.init.zeros_(module.bias)
    torch.testing.assert_close(fire(x), x)
    assert Fire(96, 16, 64, 64, bypass="simple").bypass is None
    widening = Fire(96, 16, 64, 64, bypass="complex")
    assert widening.bypass.weight.shape == (128, 96, 1, 1)
    simple = SqueezeNet(Plan(96, 7, PLANS["1.0"].pool_after, PLANS["1.0"].fires, bypass="simple"))
    assert parameters(simple) == 1_248_424
    bypassed = [name for name in simple.fire_names if simple.layer(name).bypass is not None]
    assert bypassed == ["fire3", "fire5", "fire7", "fire9"]
