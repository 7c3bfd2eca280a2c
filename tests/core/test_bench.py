from __future__ import annotations

import json

import pytest

from squeeze_core import bench
from squeeze_core.__main__ import main
from squeeze_core.networks.catalogue import DEFAULT


def test_rows_have_one_unit_and_ratios_of_their_own_run(engine) -> None:
    rows = {row.what: row for row in (*bench.forward(engine, DEFAULT), *bench.whole_files(engine, DEFAULT))}
    for row in rows.values():
        assert (row.milliseconds is None) != (row.images_per_second is None)
        assert all(other in rows and ratio > 0 for other, ratio in row.ratio_to.items())
    whole = rows["classifying a file, decoding included"]
    decoding = rows["decoding a file"]
    expected = decoding.milliseconds * whole.images_per_second / 1000
    assert decoding.ratio_to == {whole.what: pytest.approx(expected)} and expected < 1


def test_works_take_turns_after_one_unseen_round() -> None:
    calls: list[str] = []
    medians = bench.interleaved([lambda: calls.append("a"), lambda: calls.append("b")], 3)
    assert calls == ["a", "b"] * 4
    assert len(medians) == 2 and all(median > 0 for median in medians)


def test_bench_prints_one_document(monkeypatch, capsys) -> None:
    rows = [bench.Row("base", 4.0), bench.Row("other", images_per_second=500.0, ratio_to={"base": 0.5})]
    monkeypatch.setattr(bench, "GROUPS", (lambda engine, network: rows,))
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
