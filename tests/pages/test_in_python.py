"""The lines that each page gives do what the page does."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pages.widgets.in_python import LINES, lines
from squeeze_core import gallery
from squeeze_core.__main__ import main
from squeeze_core.cost.design_space import Choice
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.own import open_own_file, to_safetensors
from squeeze_core.networks.plan import FireShape, Plan
from squeeze_core.networks.preprocess import Preprocess
from squeeze_core.networks.torch_network import numpy_arrays
from squeeze_core.networks.weights import OwnFile

PLAN = Plan(16, 3, frozenset({"conv1"}), (FireShape(8, 16, 16), FireShape(8, 16, 16)))

# What a page says, and what its last line then gives.
PAGES: dict[str, tuple[dict[str, Any], str]] = {
    "classify": ({"top": 3}, "[one.label for one in value] == ['Egyptian cat', 'tiger cat', 'tabby']"),
    "detect": (
        {"threshold": 0.4, "overlap": 0.5, "tiled": True, "how": " --tiled"},
        "value.labels == ('cat',)",
    ),
    "fire_modules": (
        {"module": "fire4", "branch": "expand3x3", "channel": 79},
        "value[0].shape == (28, 28) and value[0].mean() == value[1][79]",
    ),
    "why": ({"method": "cam", "index": 285}, "value.shape == (14, 14)"),
    "teach": ({}, "value == ('cat', 'cup')"),
    "compare": ({"names": ("squeezenet1_1", "vgg16"), "models": "squeezenet1_1 vgg16"}, "value is None"),
    "compress": ({"kilobytes": None, "size": ""}, "value[1] > 5"),
    "design_space": ({"choice": Choice()}, "value[0] == 1_248_424"),
}


@pytest.mark.parametrize("page", LINES)
def test_the_lines_of_a_page_give_what_it_shows(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = "my cat's.png"
    Path(name).write_bytes((gallery.FOLDER / "chelsea.png").read_bytes())
    for label, file in (("cat", "chelsea.png"), ("cup", "coffee.jpg")):
        for side in (96, 128):
            path = Path("pictures", label, f"{side}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.open(gallery.FOLDER / file).resize((side, side)).save(path)
    said, expected = PAGES[page]
    network = DEFAULT
    if page == "compress":  # a small one of one's own, because the shipped one takes a minute
        state = numpy_arrays(SqueezeNet(PLAN, 1000).state_dict())
        small = replace(DEFAULT, plan=PLAN, preprocess=Preprocess(48), weights=OwnFile("", 0, state))
        Path("own.safetensors").write_bytes(to_safetensors(small))
        network = open_own_file(Path("own.safetensors"))
    python, command = lines(page, name, network, **said)
    *before, last = python.splitlines()
    names: dict[str, Any] = {}
    exec("\n".join(before if page != "compare" else [*before, last]), names)
    value = None if page == "compare" else eval(last, names)
    assert eval(expected, {"value": value})
    if command:
        assert main(shlex.split(command)[3:]) == 0
