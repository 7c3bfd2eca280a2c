"""The page Compress as a session sees it."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace

import pytest
import streamlit as st
import torch
from safetensors.torch import save
from streamlit.testing.v1 import AppTest

from pages.compress_parts import own_pictures
from pages.session import tray
from pages.session.tray import Entry
from squeeze_core import gallery
from squeeze_core.compression.fit import Fitted
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.own import open_own
from squeeze_core.networks.plan import PLANS, Metaparameters
from squeeze_core.networks.preprocess import Preprocess
from tests.sessions import opened


@pytest.fixture
def at() -> AppTest:
    return opened("pages/compress.py")


def compress(at: AppTest) -> Fitted:
    at.segmented_control(key="compress-goal").set_value("size").run()
    at.number_input(key="compress-kilobytes").set_value(4).run()
    at.button(key="compress-start").click().run()
    assert not at.exception
    return at.session_state["compressed"]


def metrics(at: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in at.metric}


def test_a_first_visitor_sees_the_steps_from_alexnet_to_the_shipped_file(at: AppTest) -> None:
    assert at.title[0].value == "How small can it get?"
    answer = "471 kB instead of 4.94 MB: 10.5 times smaller, and 519 times smaller than AlexNet"
    assert at.header[0].value.replace("\\", "") == answer
    table = at.dataframe[0].value
    assert table["Step"][0] == "AlexNet" and table["Bytes"][0] == 4 * 61_100_840
    figures = dict(zip(table["Step"], table["Figure"], strict=True))
    assert figures["AlexNet, Deep Compression"] == "as printed" and "Biases" not in figures
    assert figures["AlexNet"] == figures["SqueezeNet 1.1, float32"] == figures["Range coding"] == "measured"
    assert list(table["Bytes"]) == sorted(table["Bytes"], reverse=True)
    assert table["Bytes"].iloc[-1] == 471_330


def test_a_step_says_what_it_does_and_who_says_so(at: AppTest) -> None:
    at.button_group[1].set_value("AlexNet, SVD").run()
    assert not at.exception
    assert any("strongest singular vectors" in one.value for one in at.markdown)
    assert any("48,000,000 bytes, as printed" in one.value for one in at.caption)


@pytest.fixture
def small(at: AppTest) -> AppTest:
    """With a network so small that compressing it takes no time."""
    torch.manual_seed(0)
    plan = replace(PLANS["1.1"], conv1_channels=16, fires=Metaparameters(base_e=16, incr_e=8).fires())
    own = open_own(save(SqueezeNet(plan, 10).state_dict()), "small.safetensors", preprocess=Preprocess(64))
    chosen = at.session_state["networks"]
    chosen.own[own.name], chosen.chosen = own, own.name
    return at.run()


def test_a_network_of_other_classes_is_not_compared_with_alexnet(small: AppTest) -> None:
    heading = small.header[0].value.replace("\\", "")
    assert re.fullmatch(r"small.safetensors: [\d.]+ kB in float32 for 10 classes", heading)
    found = compress(small)
    heading = small.header[0].value.replace("\\", "")
    assert heading.startswith("small.safetensors: ") and "AlexNet" not in heading
    assert "AlexNet" not in set(small.dataframe[0].value["Step"])
    assert small.dataframe[0].value["Bytes"].iloc[-1] == found.made.bytes


def test_compressing_gives_a_file_that_opens_and_is_used_on_every_page(small: AppTest) -> None:
    found = compress(small)
    shown = metrics(small)
    assert shown["File"] in (f"{found.made.bytes / 1000:.1f} kB", f"{found.made.bytes / 1000:.2f} kB")
    opened = open_own(found.made.data, "mine.sqz")
    assert opened.key == found.made.network.key
    assert opened.weights.words == "your file mine.sqz, compressed from small.safetensors"
    # Nothing of one's own judges it, and that is said.
    assert "Same first answer" not in shown and "are missing" in small.warning[0].value
    small.button(key="compress-look").click().run()
    assert not small.exception
    lens = small.session_state["networks"]
    assert lens.own[lens.chosen] == found.made.network
    assert any("Compress small" in one.value.replace("\\", "") for one in small.header)


def test_the_trays_pictures_calibrate_and_judge(small: AppTest) -> None:
    sample = tray.sample_entry("chelsea.png")
    entries = {}
    for number in range(9):
        image = sample.picture.image.crop((20 * number, 10 * number, 20 * number + 200, 10 * number + 150))
        picture = replace(sample.picture, image=image, key=f"{number:064x}", name=f"{number}.png")
        entries[picture.key] = Entry(picture, "", sample.thumbnail)
    small.session_state["tray"] = tray.Tray(entries=entries, chosen=next(iter(entries)))
    found = compress(small)
    assert found.judged is not None
    assert (found.calibrated, len(found.judged.pictures)) == (5, 4)
    (same,) = (one for one in small.metric if one.label == "Same first answer")
    assert f"{same.value} ({same.delta})" == str(found.judged.agreement)
    assert found.made.bytes <= 4000 and len(found.sizes) == 4
    rows = next(one.value for one in small.dataframe if "To (%)" in one.value)
    assert list(rows["File"]).count("Sizes tried") == 4 and list(rows["File"]).count("Your file") == 1


def test_a_zip_file_with_a_folder_a_class_gives_accuracy(small: AppTest, monkeypatch) -> None:
    labels = small.session_state["networks"].own["small.safetensors"].labels
    sample, buffer = gallery.samples()[0].picture().image, io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(20):
            part, data = sample.crop((9 * number, 0, 9 * number + 150, 150)), io.BytesIO()
            part.save(data, "PNG")
            archive.writestr(f"set/{labels[number % 10]}/{number}.png", data.getvalue())
        archive.writestr("__MACOSX/set/._0.png", b"no picture")
    buffer.name = "set.zip"
    monkeypatch.setattr(own_pictures, "ask", lambda: [buffer])
    found = compress(small)
    assert found.judged is not None and found.judged.accuracy is not None
    assert len(found.judged.pictures) == found.calibrated == 10
    shown = {one.label: f"{one.value} ({one.delta})" for one in small.metric}
    assert shown["Top-1 before"] == str(found.judged.accuracy[0])
    assert shown["Difference"] == found.judged.accuracy[2].points()
    if len(found.judged.changed):
        assert any("answers changed" in one.label for one in small.expander)
    broken = io.BytesIO(b"no archive")
    broken.name = "set.zip"
    monkeypatch.setattr(own_pictures, "ask", lambda: [broken])
    small.button(key="compress-start").click().run()
    assert not small.exception and "is not a ZIP file" in small.error[0].value.replace("\\", "")


def test_int8_is_measured_here_and_told_as_it_is(small: AppTest) -> None:
    compress(small)
    small.button(key="int8-measure").click().run()
    assert not small.exception
    table = next(one.value for one in small.dataframe if "Time (ms)" in one.value)
    assert list(table["Precision"]) == ["float32", "float16", "int8, per channel"]
    assert set(table["Same first answer"]) == {"not judged"}
    assert any(re.match(r"int8 takes \d+ % of", one.value) for one in small.header)


def test_weights_that_are_gone_are_one_sentence(at: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    st.cache_resource.clear()
    at.session_state["networks"].chosen = "squeezenet1_0"
    at.run()
    at.button(key="compress-start").click().run()
    assert not at.exception
    assert len(at.error) == 1 and "SqueezeNet 1" in at.error[0].value
    assert DEFAULT.title not in at.error[0].value
