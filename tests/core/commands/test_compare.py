"""`compare` on the command line."""

from __future__ import annotations

import json

import pytest

from squeeze_core.__main__ import main
from squeeze_core.commands import compare
from squeeze_core.cost import comparison
from squeeze_core.cost.measure import Measurement


def test_json_has_the_contract_for_every_network(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--json"]) == 0
    models = {row["name"]: row for row in json.loads(capsys.readouterr().out)["models"]}
    assert list(models) == [*comparison.ROW_NAMES, "squeezenet1_1_sqz", "squeezenet1_1_sqz_496"]
    vgg = models["vgg16"]
    assert vgg["parameters"] == 138_357_544
    assert vgg["megabytes"] == pytest.approx(553.43, abs=0.01)
    assert vgg["gmacs"] == pytest.approx(15.47, abs=0.01)
    assert (vgg["top1"], vgg["top5"]) == (71.592, 90.382) and "VGG16_Weights" in vgg["source"]
    assert "milliseconds" not in vgg
    assert models["hog_linear"]["top1"] is None and models["hog_linear"]["parameters"] == 1_765_000


def test_what_was_measured_is_in_the_document_in_its_units(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = Measurement(
        "vgg16", "a CPU", 12.5, 12, 13, 9, 90.5, 8, 12_345_678, False, "2026-01-31", "torch"
    )
    asked: list[str] = []

    def measure(networks, device):  # type: ignore[no-untyped-def]
        asked.extend(one.name for one in networks)
        return [measured]

    monkeypatch.setattr(compare, "measure", measure)
    assert main(["compare", "--models", "vgg16", "hog_linear", "--measure", "--json"]) == 0
    assert asked == ["vgg16"]  # the hand-made features are no network
    row, _ = json.loads(capsys.readouterr().out)["models"]
    assert (row["milliseconds"], row["images_per_second"]) == (12.5, 90.5)
    assert row["peak_memory_megabytes"] == 12.3
    assert row["trained_weights"] is False and row["measured"] == "a CPU, 2026-01-31, torch"


def test_table_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--models", "squeezenet1_1", "vgg16", "squeezenet1_1_sqz_496"]) == 0
    out = capsys.readouterr().out
    assert "138,357,544" in out and "10^6 bytes" in out
    assert "a file of 496,077 bytes, −1.7 points (−4.0 to +0.7) of top-1" in out


def test_a_network_named_twice_is_one_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--models", "vgg16", "squeezenet1_1", "vgg16", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["models"]
    assert [row["name"] for row in rows] == ["vgg16", "squeezenet1_1"]


def test_an_unknown_network_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--models", "squeezenet9"]) == 2
    assert "squeezenet9" in capsys.readouterr().err


def test_a_compressed_file_has_its_difference_from_the_uncompressed_network(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["compare", "--json", "--models", "squeezenet1_1", "squeezenet1_1_sqz"]) == 0
    full, small = json.loads(capsys.readouterr().out)["models"]
    assert (full["top1"], small["top1"]) == (57.5, None) and full["megabytes"] == small["megabytes"]
    assert "took no part in compression or choice" in small["measured_accuracy"]["on"]
    assert full["measured_accuracy"]["difference"] is None
    assert small["measured_accuracy"]["difference"] == [0.0, -2.9, 2.9]
