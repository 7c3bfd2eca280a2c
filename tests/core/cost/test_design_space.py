"""The design space builds what the paper describes, and says which number to change when it cannot."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import onnx.reference
import pytest
import torch

from squeeze_core.cost import design_space
from squeeze_core.cost.design_space import Choice, DesignError, design, export, snippet
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.plan import PLANS, Metaparameters


def count(choice: Choice) -> int:
    return design(choice).cost.parameters


def test_defaults_are_squeezenet() -> None:
    assert count(Choice()) == 1_248_424
    assert count(Choice(stem="1.1")) == 1_235_496
    assert count(Choice(bypass="simple")) == 1_248_424


def test_complex_bypass_adds_four_convolutions_and_the_note_says_how_it_differs_from_the_paper() -> None:
    added = sum(a * b + b for a, b in ((96, 128), (128, 256), (256, 384), (384, 512)))
    assert count(Choice(bypass="complex")) == 1_248_424 + added
    note = design_space.complex_bypass_note()
    assert "6.36 MB" in note and "prints 7.7 MB" in note


def test_modules_add_up_to_the_network() -> None:
    built = design(Choice(Metaparameters(sr=0.75), bypass="complex", stem="1.1"))
    assert sum(sum(module.parameters.values()) for module in built.modules) == built.cost.parameters
    assert sum(module.macs for module in built.modules) == built.cost.macs
    assert [module.name for module in built.modules] == [
        "conv1",
        *(f"fire{i}" for i in range(2, 10)),
        "conv10",
    ]


@pytest.mark.parametrize("point", [point for point in design_space.DESIGNS if point.bypass != "complex"])
def test_sizes_in_units_of_2_to_the_20_bytes_are_the_papers_to_four_percent(
    point: design_space.PublishedDesign,
) -> None:
    built = design(Choice(point.metaparameters, bypass=point.bypass))
    assert 4 * built.cost.parameters / 2**20 == pytest.approx(point.megabytes, rel=0.04)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (Choice(Metaparameters(sr=0.001)), "raise SR"),
        (Choice(Metaparameters(base_e=0)), "raise base_e or incr_e"),
        (Choice(Metaparameters(pct3x3=1.2)), "pct3x3"),
        (Choice(Metaparameters(freq=0)), "freq"),
        (Choice(size=20), "raise the input size to 21"),
        (Choice(classes=0), "raise classes"),
    ],
)
def test_an_impossible_choice_names_the_number_to_change(choice: Choice, words: str) -> None:
    with pytest.raises(DesignError, match=words):
        design(choice)


@pytest.mark.parametrize("version", PLANS)
def test_smallest_input_is_the_smallest_that_runs(version: str) -> None:
    network, side = SqueezeNet(version).eval(), PLANS[version].smallest_input
    assert network(torch.zeros(1, 3, side, side)).shape == (1, 1000)
    with pytest.raises(RuntimeError):
        network(torch.zeros(1, 3, side - 1, side - 1))


def test_snippet_builds_the_same_network() -> None:
    choice = Choice(Metaparameters(sr=0.25), stem="1.1", bypass="complex", classes=7)
    names: dict[str, SqueezeNet] = {}
    exec(snippet(choice), names)
    assert sum(weight.numel() for weight in names["network"].parameters()) == count(choice)


def test_an_export_holds_the_network_of_the_snippet_and_says_that_it_is_untrained() -> None:
    choice = Choice(stem="1.1", size=33, classes=5)
    image = torch.rand(1, 3, 33, 33, generator=torch.Generator().manual_seed(1))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = SqueezeNet(choice.plan(), 5).eval()
    model = onnx.load_from_string(export(choice))
    onnx.checker.check_model(model)
    (logits,) = onnx.reference.ReferenceEvaluator(model).run(None, {"pictures": image.numpy()})
    np.testing.assert_allclose(logits, network(image).detach().numpy(), atol=1e-4)
    assert "random" in model.doc_string


def test_several_people_export_at_once() -> None:
    choice = Choice(Metaparameters(base_e=16, incr_e=8), size=64, classes=3)
    with ThreadPoolExecutor(4) as threads:
        files = list(threads.map(lambda _: export(choice), range(4)))
    for file in files:
        onnx.checker.check_model(onnx.load_from_string(file))
