"""The page Compress as a session sees it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
import torch
from safetensors.torch import save
from streamlit.testing.v1 import AppTest

from squeeze_core.compression.presets import Compressed
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.own import open_own
from squeeze_core.networks.plan import PLANS, Metaparameters
from squeeze_core.networks.preprocess import Preprocess

PAGE = str(Path(__file__).parents[2] / "pages" / "compress.py")


@pytest.fixture
def at() -> AppTest:
    at = AppTest.from_file(PAGE, default_timeout=120).run()
    assert not at.exception
    return at


def compress(at: AppTest, preset: str) -> Compressed:
    at.selectbox(key="compress-preset").set_value(preset).run()
    at.button(key="compress-start").click().run()
    assert not at.exception
    return at.session_state["compressed"]


def metrics(at: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in at.metric}


def test_a_first_visitor_sees_the_steps_from_alexnet_to_the_shipped_file(at: AppTest) -> None:
    assert at.title[0].value == "How small can it get?"
    answer = "473 kB instead of 4.94 MB: 10.5 times smaller, and 517 times smaller than AlexNet"
    assert at.subheader[0].value.replace("\\", "") == answer
    table = at.dataframe[0].value
    assert table["Step"][0] == "AlexNet" and table["Bytes"][0] == 4 * 61_100_840
    figures = dict(zip(table["Step"], table["Figure"], strict=True))
    assert figures["AlexNet, Deep Compression"] == "as printed" and "Biases" not in figures
    assert figures["AlexNet"] == figures["SqueezeNet 1.1, float32"] == figures["Range coding"] == "measured"
    assert list(table["Bytes"]) == sorted(table["Bytes"], reverse=True)
    assert table["Bytes"].iloc[-1] == 472_563


def test_a_step_says_what_it_does_and_who_says_so(at: AppTest) -> None:
    at.button_group[1].set_value("AlexNet, SVD").run()
    assert not at.exception
    assert any("strongest singular vectors" in one.value for one in at.markdown)
    assert any("48,000,000 bytes, as printed" in one.value for one in at.caption)


def test_a_network_of_other_classes_is_not_compared_with_alexnet(at: AppTest) -> None:
    own = open_own(save(SqueezeNet(PLANS["1.1"], 10).state_dict()), "mine.safetensors")
    chosen = at.session_state["networks"]
    chosen.own[own.name], chosen.chosen = own, own.name
    at.run()
    assert not at.exception
    heading = at.subheader[0].value.replace("\\", "")
    assert heading == "mine.safetensors: 2.91 MB in float32 for 10 classes"
    compress(at, "uniform")
    heading = at.subheader[0].value.replace("\\", "")
    assert heading.startswith("mine.safetensors: ") and "AlexNet" not in heading
    assert "AlexNet" not in set(at.dataframe[0].value["Step"])


def test_compressing_gives_a_file_that_opens_and_says_which_answers_changed(at: AppTest) -> None:
    found = compress(at, "uniform")
    shown = metrics(at)
    assert shown["File"] == f"{found.bytes / 1000:.0f} kB"
    assert open_own(found.data, "mine.sqz").key == found.network.key
    answers = next(one.value for one in at.dataframe if "Changed" in one.value)
    changed = (answers["Changed"] == "yes").sum()
    assert shown["Same first answer"] == f"{len(answers) - changed} of {len(answers)}"
    # What changed comes first.
    assert list(answers["Changed"]) == ["yes"] * changed + ["no"] * (len(answers) - changed)
    assert at.dataframe[0].value["Bytes"].iloc[-1] == found.bytes


@pytest.fixture
def small(at: AppTest) -> AppTest:
    """With a network so small that compressing it takes no time."""
    torch.manual_seed(0)
    plan = replace(PLANS["1.1"], conv1_channels=16, fires=Metaparameters(base_e=16, incr_e=8).fires())
    own = open_own(save(SqueezeNet(plan, 10).state_dict()), "small.safetensors", preprocess=Preprocess(64))
    chosen = at.session_state["networks"]
    chosen.own[own.name], chosen.chosen = own, own.name
    return at.run()


def test_the_sliders_are_what_is_compressed_with(small: AppTest) -> None:
    small.selectbox(key="compress-preset").set_value("deep-compression").run()
    small.slider(key="compress-deep-sparsity").set_value(80).run()
    found = compress(small, "deep-compression")
    assert found.stages[0].zeros == pytest.approx(0.8, abs=0.01)


def test_the_compressed_network_is_shown_layer_by_layer_and_used_on_every_page(small: AppTest) -> None:
    found = compress(small, "uniform")
    small.session_state["compress-tab"] = "Layers"
    small.run()
    assert not small.exception
    levels = next(one.value for one in small.dataframe if "Level" in one.value)
    assert levels["Weights"].sum() == found.tensors["classifier.1.weight"].values.size
    small.button(key="compress-look").click().run()
    assert not small.exception
    lens = small.session_state["networks"]
    assert lens.own[lens.chosen] == found.network
    assert any("Compress small" in one.value.replace("\\", "") for one in small.subheader)


def test_int8_is_measured_here_and_told_as_it_is(at: AppTest) -> None:
    at.session_state["compress-tab"] = "8-bit: speed and accuracy"
    at.run()
    at.button(key="int8-measure").click().run()
    assert not at.exception
    table = next(one.value for one in at.dataframe if "Time (ms)" in one.value)
    times = dict(zip(table["Precision"], table["Time (ms)"], strict=True))
    (share,) = re.findall(r"int8 takes (\d+)% of", at.subheader[-2].value)
    assert int(share) == pytest.approx(100 * times["int8, per channel"] / times["float32"], abs=3)


def test_weights_that_are_gone_are_one_sentence(at: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    st.cache_resource.clear()
    at.session_state["networks"].chosen = "squeezenet1_0"
    at.run()
    at.button(key="compress-start").click().run()
    assert not at.exception
    assert len(at.error) == 1 and "SqueezeNet 1" in at.error[0].value
    assert DEFAULT.title not in at.error[0].value
