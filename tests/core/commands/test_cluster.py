"""`--engine ray`: the same rows as here, also when a worker is lost in the middle."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
import ray

from squeeze_core.__main__ import main
from squeeze_core.commands import cluster
from squeeze_core.gallery import FOLDER

ROOT = Path(__file__).parents[3]
COMMAND = ["classify", "--device", "cpu", "--top", "2"]


def test_without_ray_it_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main([*COMMAND, str(FOLDER / "chelsea.png"), "--engine", "ray"]) == 2
    assert capsys.readouterr().err == '--engine ray needs Ray: pip install "squeeze-lab[ray]".\n'


def test_a_lost_worker_is_replaced_and_the_rows_are_those_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        shutil.copy(FOLDER / ("chelsea.png" if number % 2 else "coffee.jpg"), tmp_path / f"{number:02}.png")
    (tmp_path / "20.png").write_bytes(b"")

    class Dying(cluster.Worker):
        """Ends its process the first time that it is to do a certain file."""

        def found(self, files: list[Path]) -> list:
            mark = files[0].parent / "lost"
            if any(file.name == "09.png" for file in files) and not mark.exists():
                mark.touch()
                os._exit(1)
            return super().found(files)

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    monkeypatch.setattr(cluster, "Worker", Dying)
    monkeypatch.setattr(cluster, "LOT", 4)
    rows = []
    for engine in ("local", "ray"):
        out = tmp_path / f"{engine}.csv"
        assert main([*COMMAND, str(tmp_path), "--engine", engine, "--out", str(out)]) == 2
        lines = out.read_text("utf-8").splitlines()
        time = lines[0].split(",").index("milliseconds")
        rows.append([[cell for i, cell in enumerate(row.split(",")) if i != time] for row in lines])
    assert (tmp_path / "lost").exists()
    assert rows[0] == rows[1] and len(rows[0]) == 22
