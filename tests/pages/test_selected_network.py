"""A SqueezeNet of the session's own, opened beside the tray and used on every page."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torchvision
from streamlit.testing.v1 import AppTest
from torch import nn

from pages.session import selected_network
from pages.widgets import network_picker
from squeeze_core.detector.network import Detector
from squeeze_core.detector.pretrained import load_detector, save_detector
from squeeze_core.networks.catalogue import DEFAULT
from tests import sessions
from tools.compress_detector import PRESETS, compress_detector

NAMES = tuple(f"flower {number}" for number in range(10))


def weights(classes: int = 10) -> bytes:
    torch.manual_seed(0)
    network = torchvision.models.squeezenet1_1(num_classes=classes)
    nn.init.normal_(network.classifier[1].weight, std=0.1)
    buffer = io.BytesIO()
    torch.save({"state_dict": network.state_dict()}, buffer)
    return buffer.getvalue()


def pick(at: AppTest) -> AppTest:
    """The choice beside the tray, opened."""
    at.session_state["network-pick"] = True
    return at.run()


def opened(at: AppTest, name: str, content: bytes, class_names: bytes = b"") -> AppTest:
    """The file given and "Open" pressed."""
    pick(at)
    at.file_uploader(key="network-file").upload(name, content)
    if class_names:
        at.file_uploader(key="network-names").upload("names.txt", class_names)
    at.run()
    return at.button(key="network-open").click().run()


def title(at: AppTest) -> str:
    """Which network the picker says."""
    return next(one for one in at.get("popover")).proto.popover.label.replace("\\", "")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_HOME", str(tmp_path_factory.mktemp("torch")))
        yield


@pytest.fixture
def at(home: None) -> AppTest:
    return sessions.opened()


def test_the_picker_shows_the_shipped_network_at_first(at: AppTest) -> None:
    assert title(at) == network_picker.FIRST == DEFAULT.title
    pick(at)
    assert at.radio[0].value == DEFAULT.name
    assert {"squeezenet1_0", "squeezenet1_1_torchvision"} < set(selected_network.offered())


def test_an_own_network_is_used_on_every_page(at: AppTest) -> None:
    opened(at, "flowers.pth", weights(), "\n".join(NAMES).encode())
    assert not at.exception and not at.error
    assert title(at) == "flowers.pth"
    answer = at.header[0].value.removeprefix("Not sure: perhaps ")
    assert answer in NAMES and answer != at.header[0].value
    at.switch_page("pages/fire_modules.py").run()
    assert not at.exception
    assert any(
        f"flowers.pth is not sure, perhaps “{answer}”" in one.value.replace("\\", "") for one in at.caption
    )
    at.session_state["fire-tab"] = "One channel"
    at.run()
    assert any("No optimised pictures were made for" in one.value for one in at.caption)
    at.session_state["fire-tab"] = "All channels"
    at.run()
    at.button(key="fire-switch-0").click().run()
    assert not at.exception
    at.switch_page("pages/why.py").run()
    assert not at.exception and at.title[0].value == f"Why? Not sure: perhaps “{answer}”"
    assert at.warning[0].value.startswith("1 channel is off")
    at.button(key="channels-on").click().run()
    assert not at.exception and not at.warning
    at.switch_page("pages/detect.py").run()
    at.segmented_control(key="detect-mode").set_value("anything").run()
    assert not at.exception and at.selectbox[0].options[0].startswith(answer)
    at.switch_page("pages/compare.py").run()
    assert not at.exception and "flowers.pth" in at.dataframe[0].value.columns
    at.switch_page("pages/classify.py").run()
    pick(at)
    at.button(key="network-close-flowers.pth").click().run()
    assert not at.exception and title(at) == DEFAULT.title
    assert at.header[0].value == "Egyptian cat"


def test_what_cannot_be_opened_is_one_sentence_and_changes_nothing(at: AppTest) -> None:
    opened(at, "flowers.pth", weights(), b"rose\ntulip")
    assert [one.value.replace("\\", "") for one in at.error] == [
        "names.txt names 2 classes; flowers.pth has 10."
    ]
    assert at.session_state["networks"].own == {} and at.header[0].value == "Egyptian cat"
    at.file_uploader(key="network-file").set_value(
        ("cat.pth", b"\x89PNG\r\n\x1a\n", "application/octet-stream")
    )
    at.run()
    at.button(key="network-open").click().run()
    assert "cat.pth is a PNG picture" in at.error[0].value.replace("\\", "")


def test_two_sessions_do_not_share_a_network(at: AppTest) -> None:
    opened(at, "flowers.pth", weights())
    other = sessions.opened()
    assert title(other) == DEFAULT.title


@pytest.mark.parametrize("name", ["mine.safetensors", "mine.sqz", "../../mine.sqz", "..."])
def test_an_own_detector_finds_its_own_classes(at: AppTest, tmp_path: Path, name: str) -> None:
    torch.manual_seed(0)
    file = tmp_path / "mine.safetensors"
    save_detector(Detector(2, 32).eval(), ("red", "blue"), 64, file)
    if name.endswith(".sqz"):
        content, _ = compress_detector(load_detector(file), PRESETS["coded 6 bits"])
    else:
        content = file.read_bytes()
    opened(at, name, content)
    assert not at.exception and not at.error and title(at) == DEFAULT.title
    at.switch_page("pages/detect.py").run()
    assert not at.exception and not at.error
    assert at.segmented_control(key="detect-mode").options[0] == "2 classes"
    assert any("2 classes, pictures stretched to 64×64" in one.value for one in at.caption)
    pick(at)
    at.button(key="detector-close").click().run()
    assert at.segmented_control(key="detect-mode").options[0] == "20 classes"


def test_a_damaged_detector_is_one_sentence_and_the_shipped_one_stays(at: AppTest, tmp_path: Path) -> None:
    file = tmp_path / "mine.safetensors"
    save_detector(Detector(2, 32).eval(), ("red", "blue"), 64, file)
    opened(at, "mine.safetensors", file.read_bytes()[:-100])
    assert not at.exception and len(at.error) == 1
    assert at.error[0].value.replace("\\", "").startswith("mine.safetensors is a damaged")
    assert at.session_state["networks"].detector is None
