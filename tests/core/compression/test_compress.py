"""Compressing a SqueezeNet: what each stage leaves, what it costs, and the file that comes of it."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from squeeze_core.__main__ import main
from squeeze_core.compression import presets
from squeeze_core.compression.presets import CompressionError, compress
from squeeze_core.compression.sensitivity import curvature, divergence
from squeeze_core.gallery import samples
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import DEFAULT, Network, named
from squeeze_core.networks.own import to_safetensors
from squeeze_core.networks.preprocess import Preprocess
from squeeze_core.networks.weights import OwnFile


@pytest.fixture(scope="module")
def own() -> Network:
    """The first 100 classes of the shipped network: a SqueezeNet of one's own, small and trained."""
    state = DEFAULT.weights.state()
    for name in ("classifier.1.weight", "classifier.1.bias"):
        state[name] = state[name][:100]
    labels = DEFAULT.labels[:100]
    source = OwnFile("mine", 1, state)
    return replace(
        DEFAULT, name="mine", key="mine", weights=source, preprocess=Preprocess(97), labels=labels
    )


@pytest.fixture(scope="module")
def inputs(own: Network) -> np.ndarray:
    return presets.views(own, each=3)


def test_divergence_is_kullback_and_leiblers_from_the_first_to_the_second() -> None:
    want, got = np.zeros((1, 2)), np.array([[math.log(3), 0.0]])
    assert divergence(want, got) == pytest.approx(0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25))


def test_a_compressed_file_is_smaller_and_opens_as_the_network(own: Network, inputs) -> None:
    want, preset = own.load_on("cpu")(inputs), presets.uniform(6.0)
    shares: list[float] = []
    result = compress(own, preset, shares.append, inputs=inputs)
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert result.bytes == len(result.data) == result.stages[-1].bytes < 4 * 773_796 / 5
    assert result.ratio == pytest.approx(4 * 773_796 / result.bytes)
    assert [stage.name for stage in result.stages] == [stage.name for stage in preset.stages]
    assert result.network.labels == own.labels and result.network.preprocess == own.preprocess
    state = result.network.weights.state()
    assert all(np.array_equal(state[n], p.values) for n, p in result.tensors.items())
    assert divergence(want, result.network.load_on("cpu")(inputs)) < 0.1


def test_levels_with_error_compensation_beat_uniform_steps(own: Network, inputs) -> None:
    want = own.load_on("cpu")(inputs)
    ours = compress(own, presets.second_order(3e-7), inputs=inputs)
    bits = ours.stages[-1].bits_per_weight
    larger = compress(own, presets.uniform(bits + 0.25), inputs=inputs)
    assert ours.bytes < larger.bytes < 1.2 * ours.bytes
    moved = [divergence(want, made.network.load_on("cpu")(inputs)) for made in (ours, larger)]
    assert moved[0] < 0.5 * moved[1]


def test_what_is_asked_in_vain_is_said_in_a_sentence() -> None:
    with pytest.raises(CompressionError, match=r"EfficientNet-Lite0 is no SqueezeNet"):
        compress(named("efficientnet_lite0"))


def test_what_progress_raises_stops_the_work(own: Network, inputs) -> None:
    told = []

    def progress(share: float) -> None:
        told.append(share)
        if len(told) > 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        compress(own, presets.second_order(), progress, inputs=inputs)
    assert len(told) == 4


def test_a_layer_of_no_use_has_no_curvature(own: Network, inputs) -> None:
    network = own.load()
    assert isinstance(network, SqueezeNet)
    with torch.no_grad():
        network.convolution("fire5/expand3x3").weight.zero_()
        network.convolution("fire5/expand3x3").bias.fill_(-1)  # silent, whatever comes in
    found = curvature(network, torch.from_numpy(inputs[:4]))
    least = min(found, key=lambda name: found[name])
    assert network.get_parameter(least) is network.convolution("fire5/expand3x3").weight


def test_the_command_writes_a_file_that_classifies(own: Network, tmp_path: Path, capsys) -> None:
    mine, out = tmp_path / "mine.safetensors", tmp_path / "mine.sqz"
    mine.write_bytes(to_safetensors(own))
    command = ["compress", "--weights", str(mine), "--out", str(out), "--preset", "uniform"]
    assert main([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {"bytes", "ratio", "bits_per_weight", "stages", "judged"} <= set(report)
    assert report["bytes"] == out.stat().st_size and report["ratio"] > 8
    assert [stage["name"] for stage in report["stages"]] == ["uniform", "range"]
    picture = str(samples()[0].path)
    answers = []
    for weights in (mine, out):
        assert main(["classify", picture, "--weights", str(weights), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)["results"][0]["predictions"]
        answers.append({one["label"] for one in found})
    assert answers[0] & answers[1] and answers[1] < set(own.labels)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--out", "net.sqz", "--preset", "best"], "There is no preset 'best'; try second-order"),
        (["--out", "nowhere/net.sqz"], "There is no folder nowhere"),
        (["--out", "net.bin"], "net.bin does not end in .sqz."),
        (["--out", "net.sqz", "--model", "efficientnet_lite0"], "is no SqueezeNet"),
    ],
)
def test_bad_requests_are_refused(arguments, says: str, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["compress", *arguments]) == 2
    assert says in capsys.readouterr().err and not list(tmp_path.iterdir())
