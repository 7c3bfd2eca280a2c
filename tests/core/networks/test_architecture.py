from __future__ import annotations

import pytest
import torch
import torchvision

from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.plan import PLANS, FireShape, Metaparameters, Plan

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
def test_parts_are_what_hooks_on_torchvisions_network_see(version: str) -> None:
    torch.manual_seed(0)
    theirs, ours = TORCHVISION[version](num_classes=5).eval(), SqueezeNet(version, classes=5).eval()
    ours.load_state_dict(theirs.state_dict())
    batch = torch.randn(2, 3, 96, 96)
    seen: dict[str, torch.Tensor] = {}

    def keep(name: str, module: torch.nn.Module) -> None:
        module.register_forward_hook(lambda _m, _i, out: seen.update({name: out.clone()}))

    layers, fire = ours.plan.layers(), 2
    for layer in layers[: [layer.name for layer in layers].index("conv10")]:
        if layer.relu or layer.path:
            keep(layer.name, theirs.get_submodule(layer.relu or layer.path))
    for module in theirs.features:
        if type(module).__name__ == "Fire":
            keep(f"fire{fire}", module)
            fire += 1
    with torch.inference_mode():
        seen["logits"] = theirs(batch)
        parts = ours.parts(batch)
        assert torch.equal(parts["logits"], ours(batch))
    assert len(seen) == 1 + 1 + 3 + 8 * 4
    for name, value in seen.items():
        torch.testing.assert_close(parts[name], value, atol=1e-5, rtol=1e-5)
    pools = {"1.0": (1, 4, 8), "1.1": (1, 3, 5)}[version]
    stages = [(f"fire{n}" if n > 1 else "conv1", *[f"pool{n}"] * (n in pools)) for n in range(1, 10)]
    assert [part for part in parts if "/" not in part] == [*sum(stages, ()), "conv10", "logits"]
    assert torch.equal(parts["conv10"].mean((2, 3)), parts["logits"])


def test_a_channel_mask_multiplies_its_layer_and_what_follows_sees_that() -> None:
    torch.manual_seed(0)
    network, batch = SqueezeNet("1.1", classes=5).eval(), torch.randn(1, 3, 64, 64)
    mask = {"fire4/squeeze": torch.linspace(0, 2, 32).view(-1, 1, 1)}
    with torch.inference_mode():
        plain, masked = network.parts(batch), network.parts(batch, mask)
        assert torch.equal(masked["fire4/squeeze"], plain["fire4/squeeze"] * mask["fire4/squeeze"])
        expand = network.convolution("fire4/expand1x1")(masked["fire4/squeeze"]).relu()
        assert torch.equal(masked["fire4/expand1x1"], expand)
        assert torch.equal(masked["fire3"], plain["fire3"]) and not torch.equal(
            masked["logits"], plain["logits"]
        )
        assert torch.equal(network(batch, mask), masked["logits"])


def test_each_layer_reads_only_what_ran_before_it() -> None:
    plan = Plan(64, 3, PLANS["1.1"].pool_after, PLANS["1.1"].fires, bypass="complex")
    network = SqueezeNet(plan).eval()
    known = {"pictures"}
    for layer in network.layers():
        assert known.issuperset(layer.inputs) and layer.name not in known
        known.add(layer.name)
    functions = {layer.function for layer in network.layers()}
    assert functions.issuperset(m for m in network.modules() if isinstance(m, torch.nn.Conv2d))


def test_dropout_runs_in_training_only() -> None:
    network, picture = SqueezeNet("1.1", classes=5), torch.randn(1, 3, 64, 64)
    assert not torch.equal(network(picture), network(picture))
    network.eval()
    assert torch.equal(network(picture), network(picture))


def test_a_network_is_shown_in_one_line() -> None:
    assert repr(SqueezeNet("1.1")) == "SqueezeNet(8 Fire modules, 1,000 classes, 1,235,496 parameters)"


def test_a_part_is_its_convolution_of_what_it_reads() -> None:
    torch.manual_seed(0)
    network, batch = SqueezeNet("1.1", classes=5).eval(), torch.randn(1, 3, 64, 64)
    reads = {layer.name: layer.inputs for layer in network.layers()}
    with torch.inference_mode():
        parts = network.parts(batch)
        for part in ("fire2/squeeze", "fire4/squeeze", "fire5/expand3x3", "conv10"):
            (read,) = reads[part]
            assert torch.equal(network.convolution(part)(parts[read]).relu(), parts[part])
    for part in ("fire2", "fire2/bypass", "fire12/squeeze"):
        with pytest.raises(KeyError):
            network.convolution(part)


def test_parameter_counts_are_the_published_ones() -> None:
    assert parameters(SqueezeNet("1.0")) == 1_248_424
    assert parameters(SqueezeNet("1.1")) == 1_235_496
    assert SqueezeNet("1.1", classes=7)(torch.zeros(1, 3, 64, 64)).shape == (1, 7)


def test_layers_have_the_papers_names() -> None:
    network = SqueezeNet("1.0")
    assert network.plan.fire_names == tuple(f"fire{i}" for i in range(2, 10))
    assert network.convolution("conv1").out_channels == 96
    assert network.convolution("fire9/squeeze").out_channels == 64
    assert network.convolution("conv10").out_channels == 1000
    paths = {layer.path: layer.name for layer in network.plan.layers()}
    assert paths["features.3.squeeze"] == "fire2/squeeze" and paths["features.2"] == "pool1"


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
    assert ("fire2/expand3x3" in network.plan.channels) == (pct3x3 > 0)


def test_bypasses_add_the_modules_input() -> None:
    simple = SqueezeNet(Plan(96, 7, PLANS["1.0"].pool_after, PLANS["1.0"].fires, bypass="simple")).eval()
    assert parameters(simple) == 1_248_424
    with torch.inference_mode():
        parts = simple.parts(torch.randn(1, 3, 64, 64))
    bypassed = [name for name in simple.plan.fire_names if f"{name}/expands" in parts]
    assert bypassed == ["fire3", "fire5", "fire7", "fire9"]
    for name, read in zip(bypassed, ("fire2", "pool4", "fire6", "pool8"), strict=True):
        assert torch.equal(parts[name], parts[f"{name}/expands"] + parts[read])
    widening = SqueezeNet(Plan(96, 7, PLANS["1.0"].pool_after, PLANS["1.0"].fires, bypass="complex"))
    assert widening.convolution("fire2/bypass").weight.shape == (128, 96, 1, 1)
