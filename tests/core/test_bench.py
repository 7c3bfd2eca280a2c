from __future__ import annotations

import json

import pytest

from squeeze_core import bench
from squeeze_core.__main__ import main
from squeeze_core.bench import peers, rows
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
    medians = rows.interleaved([lambda: calls.append("a"), lambda: calls.append("b")], 3)
    assert calls == ["a", "b"] * 4
    assert len(medians) == 2 and all(median > 0 for median in medians)


def test_a_block_begins_with_one_unseen_run() -> None:
    calls: list[str] = []
    medians = rows.in_blocks([lambda: calls.append("a"), lambda: calls.append("b")], 2, 3)
    assert calls == (["a"] * 4 + ["b"] * 4) * 2
    assert len(medians) == 2 and all(median > 0 for median in medians)


def test_bench_prints_one_document(monkeypatch, capsys) -> None:
    found = [rows.Row("base", 4.0), rows.Row("other", images_per_second=500.0, ratio_to={"base": 0.5})]
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


def test_what_others_would_write_is_timed_beside_ours(engine, monkeypatch) -> None:
    monkeypatch.setattr(peers, "FILES", 8)
    monkeypatch.setattr(peers, "LARGE", (800, 600))
    monkeypatch.setattr(peers, "FORWARD", (1, 2))
    monkeypatch.setattr(peers, "ONE_FILE", (1, 2))
    found = [
        *peers.forward(engine, DEFAULT),
        *peers.one_file(engine, DEFAULT),
        *peers.many_files(engine, DEFAULT),
    ]
    ours = [row for row in found if row.what.endswith(": ours")]
    assert len(ours) == 5 and all(len(row.ratio_to) >= 2 for row in ours)
    known = {row.what: row.milliseconds or 1 / (row.images_per_second or 0) for row in found}
    for row in ours:
        for other, ratio in row.ratio_to.items():
            assert ratio == pytest.approx(known[row.what] / known[other])


def test_recipes_of_others_give_the_same_answer(tmp_path) -> None:
    path = peers._written(tmp_path / "one.jpg", peers.SMALL)
    network, see = DEFAULT.load(), DEFAULT.preprocess
    session = peers.open_session(peers.to_onnx(network, see.size).SerializeToString())
    plain = peers._plain(network, see, path)[0].tolist()
    assert DEFAULT.labels[plain[0]] in ("moped", "motor scooter")
    assert peers._six_lines(session, see, path)[-1] == plain[0]
