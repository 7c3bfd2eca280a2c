"""Recipes of others are timed beside ours and answer as ours do."""

from __future__ import annotations

from pathlib import Path

import pytest

from squeeze_core import bench
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.engine import Engine
from tools import bench_peers as peers


def test_recipes_of_others_are_timed_beside_ours(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "FILES", 8)
    monkeypatch.setattr(peers, "LARGE", (800, 600))
    monkeypatch.setattr(bench, "FORWARD", (1, 2))
    monkeypatch.setattr(peers, "ONE_FILE", (1, 2))
    groups = (peers.beside_busy, peers.one_file, peers.many_files)
    found = [row for group in groups for row in group(engine, DEFAULT)]
    ours = [row for row in found if row.what.endswith(": ours")]
    assert len(ours) == 4 and all(len(row.ratio_to) >= 2 for row in ours)
    times = {row.what: row.milliseconds or 1 / (row.images_per_second or 0) for row in found}
    for row in ours:
        for other, ratio in row.ratio_to.items():
            assert ratio == pytest.approx(times[row.what] / times[other])


def test_recipes_of_others_give_the_same_answer(tmp_path: Path) -> None:
    path = peers._written(tmp_path / "one.jpg", peers.SMALL)
    network, see = DEFAULT.load(), DEFAULT.preprocess
    session = peers.open_session(peers.to_onnx(network, see.size).SerializeToString())
    plain = peers._plain(network, see, path)[0].tolist()
    assert DEFAULT.labels[plain[0]] in ("moped", "motor scooter")
    assert peers._six_lines(session, see, path)[-1] == plain[0]
