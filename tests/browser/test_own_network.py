"""A person's own SqueezeNet, opened beside the tray and used on another page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
import torchvision
from playwright.sync_api import Page, expect
from torch import nn

from tests.browser.conftest import open_network

NAMES = [f"flower {number}" for number in range(10)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    network = torchvision.models.squeezenet1_1(num_classes=10)
    nn.init.normal_(network.classifier[1].weight, std=0.1)
    path = tmp_path_factory.mktemp("own")
    wrapped = {f"module.{key}": value.half() for key, value in network.state_dict().items()}
    torch.save({"epoch": 3, "state_dict": wrapped}, path / "flowers.pth")
    torch.save(torch.nn.Conv2d(3, 8, 3).state_dict(), path / "other.pth")
    (path / "names.txt").write_text("\n".join(NAMES), encoding="utf-8")
    return path


def picker(page: Page) -> None:
    """Open the choice beside the tray."""
    page.locator(".st-key-network-pick button:visible").first.click()


def open_page(page: Page, title: str) -> None:
    page.get_by_test_id("stTopNav").get_by_role("link", name=title).click()


def test_own_weights_are_refused_in_a_sentence_then_opened_and_used_on_the_next_page(
    page: Page, folder: Path
) -> None:
    page.goto("/")
    card = page.locator('[class*="st-key-card-"]').first
    expect(card.get_by_role("heading")).to_have_text("Egyptian cat")
    picker(page)
    open_network(page, file=folder / "other.pth", names=folder / "names.txt")
    expect(page.get_by_role("alert").filter(has_text="a network that has no Fire modules")).to_be_visible()
    open_network(page, file=folder / "flowers.pth")
    expect(card.get_by_text("flowers.pth", exact=True)).to_be_visible()
    expect(card.get_by_role("heading")).to_have_text(re.compile("^Not sure: perhaps flower [0-9]$"))
    answer = card.get_by_role("heading").inner_text().removeprefix("Not sure: perhaps ")
    expect(card.get_by_text("flowers.pth knows 10 classes")).to_be_visible()
    page.keyboard.press("Escape")
    open_page(page, "Why?")
    expect(page.get_by_role("heading", name=f"Why? Not sure: perhaps “{answer}”")).to_be_visible()
    expect(page.get_by_text("flowers.pth gives it")).to_be_visible()
