"""A person's own SqueezeNet, compressed on the page, taken away, and used on the command line."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Page, expect
from safetensors.torch import save
from torch import nn

from squeeze_core import gallery
from squeeze_core.__main__ import main
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.own import open_own, to_safetensors
from squeeze_core.networks.plan import PLANS, Metaparameters
from squeeze_core.networks.preprocess import Preprocess
from tests.browser.conftest import open_network

NAMES = [f"flower {number}" for number in range(10)]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A file of so few weights that compressing them takes no time."""
    torch.manual_seed(0)
    plan = replace(PLANS["1.1"], conv1_channels=16, fires=Metaparameters(base_e=16, incr_e=8).fires())
    state = SqueezeNet(plan, 10).state_dict()
    nn.init.normal_(state["classifier.1.weight"], std=3)
    names = "names.txt", "\n".join(NAMES).encode()
    made = open_own(save(state), "flowers.safetensors", names, Preprocess(64))
    path = tmp_path / "flowers.safetensors"
    path.write_bytes(to_safetensors(made))
    return path


def test_an_own_network_is_compressed_downloaded_and_classifies(
    page: Page, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page.goto("/compress")
    expect(page.get_by_role("heading", name="How small can it get?")).to_be_visible()
    page.locator(".st-key-network-pick button:visible").first.click()
    open_network(page, file=weights)
    expect(page.get_by_role("heading", name="Compress flowers.safetensors")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    archive = weights.parent / "pictures.zip"
    with zipfile.ZipFile(archive, "w") as whole:
        for number in range(12):
            part, data = gallery.samples()[number % 6].picture().image, io.BytesIO()
            part.crop((9 * number, 0, part.width, part.height)).resize((160, 120)).save(data, "PNG")
            whole.writestr(f"{NAMES[number % 2]}/{number}.png", data.getvalue())
    page.locator(".st-key-compress-pictures input[type=file]").set_input_files(archive)
    expect(page.locator(".st-key-compress-pictures").get_by_text("pictures.zip")).to_be_visible()
    page.get_by_text("Set kilobytes").click()
    page.locator(".st-key-compress-kilobytes input").fill("4")
    page.locator(".st-key-compress-kilobytes input").press("Enter")
    page.locator(".st-key-compress-start button").click()
    expect(page.get_by_text(re.compile("^Smaller than float32"))).to_be_visible()
    with page.expect_download() as download:
        page.locator(".st-key-download-sqz button").first.click()
    file = weights.parent / download.value.suggested_filename
    download.value.save_as(file)
    assert file.name == "flowers.sqz"
    assert 2000 < file.stat().st_size <= 4000
    expect(page.get_by_text("Top-1 before")).to_be_visible()
    picture = gallery.samples()[0].path
    answers = {}
    for given in (weights, file):
        command = ["classify", str(picture), "--weights", str(given), "--json"]
        assert main(command) == 0
        answers[given.suffix] = json.loads(capsys.readouterr().out)["results"][0]["predictions"]
    # The file brings the class names along, and says what the network said.
    first = [one["label"] for one in answers[".safetensors"][:3]]
    assert answers[".sqz"][0]["label"] in first and set(first) < set(NAMES)
