from __future__ import annotations

import json

import numpy as np
import pytest

from squeeze_core import bench
from squeeze_core.__main__ import main
from squeeze_core.networks.catalogue import DEFAULT


def test_rows_have_one_unit_and_ratios_of_their_own_run(engine) -> None:
    found = {row.what: row for row in bench.whole_files(engine, DEFAULT)}
    for row in found.values():
        assert (row.milliseconds is None) != (row.images_per_second is None)
        assert all(other in found and ratio > 0 for other, ratio in row.ratio_to.items())
    whole = found["classifying a file, decoding included"]
    decoding = found["decoding a file"]
    expected = decoding.milliseconds * whole.images_per_second / 1000
    assert decoding.ratio_to == {whole.what: pytest.approx(expected)} and expected < 1


def test_works_take_turns_after_one_unseen_round() -> None:
    calls: list[str] = []
    medians = bench.interleaved([lambda: calls.append("a"), lambda: calls.append("b")], 3)
    assert calls == ["a", "b"] * 4
    assert len(medians) == 2 and all(median > 0 for median in medians)


def test_a_block_begins_with_one_unseen_run() -> None:
    calls: list[str] = []
    medians = bench.in_blocks([lambda: calls.append("a"), lambda: calls.append("b")], 2, 3)
    assert calls == (["a"] * 4 + ["b"] * 4) * 2
    assert len(medians) == 2 and all(median > 0 for median in medians)


def test_bench_prints_one_document(monkeypatch, capsys) -> None:
    found = [
        bench.Timing("base", 4.0),
        bench.Timing("other", images_per_second=500.0, ratio_to={"base": 0.5}),
    ]
    monkeypatch.setattr(bench, "GROUPS", (lambda engine, network: found,))
    assert main(["bench", "--json", "--device", "cpu"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "device": "cpu",
        "rows": [
            {"what": "base", "milliseconds": 4.0, "ratio_to": {}},
            {"what": "other", "images_per_second": 500.0, "ratio_to": {"base": 0.5}},
        ],
    }
    assert main(["bench", "--device", "cpu"]) == 0
    assert "0.50 × the time of base" in capsys.readouterr().out


def test_our_forward_pass_is_timed_beside_others(engine, monkeypatch) -> None:
    monkeypatch.setattr(bench, "FORWARD", (1, 2))
    found = {row.what: row for row in bench.forward(engine, DEFAULT)}
    title = "one picture, forward pass"
    ours, others = found[f"{title}: ours"], found.keys() - {f"{title}: ours"}
    assert {f"{title}: PyTorch", f"{title}: ONNX Runtime alone"} < others == ours.ratio_to.keys()
    assert not found[f"{title}: PyTorch"].ratio_to
    for other, ratio in ours.ratio_to.items():
        assert ratio == pytest.approx(ours.milliseconds / found[other].milliseconds)


def test_all_works_give_the_same_answer(engine) -> None:
    works = bench.forward_works(engine, DEFAULT)
    answers = [np.asarray(works[name]()).ravel() for name in ("PyTorch, channels last", "PyTorch", "ours")]
    answers.append(works["ONNX Runtime alone"]()[0].ravel())
    for answer in answers[1:]:
        np.testing.assert_allclose(answer, answers[0], atol=1e-3)
