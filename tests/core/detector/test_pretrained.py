"""Detector files: what is written is read back; what a stranger wrote is believed within bounds only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from squeeze_core.detector.detect import detect
from squeeze_core.detector.network import Detector
from squeeze_core.detector.pretrained import NAME, load_detector, save_detector
from squeeze_core.errors import WeightsError
from squeeze_core.images import Picture
from squeeze_core.networks.engine import Engine
from squeeze_core.networks.weights import SHIPPED

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector of three classes, one of them with a comma in its name."""
    file = tmp_path_factory.mktemp("small") / "detector.safetensors"
    torch.manual_seed(0)
    save_detector(Detector(3, 32), ("box, red", "Größe", "[x]"), 64, file)
    return file


def rewritten(file: Path, out: Path, **changes: str | None) -> Path:
    """The same weights with other metadata."""
    with safe_open(file, "pt") as opened:
        metadata = opened.metadata() | changes
        state = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
    save_file(state, out, {key: value for key, value in metadata.items() if value is not None})
    return out


def test_class_names_may_hold_anything(small: Path) -> None:
    assert load_detector(small).labels == ("box, red", "Größe", "[x]")
    assert small.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in small.parent.iterdir()] == [small.name]


def test_a_copy_of_the_shipped_file_answers_as_it_does(
    engine: Engine, chelsea: Picture, tmp_path: Path
) -> None:
    copied = tmp_path / "own.sqz"
    copied.write_bytes(SHIPPED[NAME].path.read_bytes())
    (ours,) = detect([chelsea], engine)
    (copys,) = detect([chelsea], engine, load_detector(copied))
    assert ours.best() is not None and ours.best() == copys.best()


OUT_OF_BOUNDS = {
    "size 33": ({"size": "33"}, "its size is 33, not a multiple of 32"),
    "size 0": ({"size": "0"}, "its size is 0"),
    "size huge": ({"size": "3200000"}, "its size is 3200000"),
    "size in words": ({"size": "large"}, "its size is 'large', not a whole number"),
    "size negative": ({"size": "-64"}, "its size is '-64'"),
    "no size": ({"size": None}, "it does not say its size"),
    "width huge": ({"width": "100000000"}, "its width is 100000000, not an even number"),
    "width odd": ({"width": "33"}, "its width is 33"),
    "width endless": ({"width": "9" * 5000}, "its width is '999"),
    "another width": ({"width": "64"}, "its tensors are not those of a detector of that width"),
    "too few labels": ({"labels": '["a", "b"]'}, "its tensors are not those"),
    "labels alike": ({"labels": '["a", "a", "b"]'}, "different names"),
    "labels numbers": ({"labels": "[1, 2, 3]"}, "not a list of names"),
    "labels nested": ({"labels": "[" * 90_000}, "its labels are not a list"),
    "labels many": ({"labels": json.dumps([str(i) for i in range(10_000)])}, "not 1 to 1,000"),
    "no labels": ({"labels": None}, "it does not say its labels"),
    "calibration": ({"calibration": "[3]"}, "its calibration is not one"),
    "calibration nested": ({"calibration": "[" * 90_000}, "its calibration is not one"),
}


@pytest.mark.parametrize("name", OUT_OF_BOUNDS)
def test_what_is_out_of_bounds_is_refused(name: str, small: Path, tmp_path: Path) -> None:
    changes, says = OUT_OF_BOUNDS[name]
    with pytest.raises(WeightsError, match=f"does not hold a detector's weights: .*{says}"):
        load_detector(rewritten(small, tmp_path / "own.safetensors", **changes))


def bombed(file: Path, small: Path) -> None:
    """A header of 4 MB."""
    rewritten(small, file, notes="x" * 4_000_000)


def crowded(file: Path, small: Path) -> None:
    """200,000 tensors."""
    row = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    header = json.dumps({f"t{number}": row for number in range(200_000)}).encode()
    file.write_bytes(len(header).to_bytes(8, "little") + header)


LOAD = """
import resource, sys
from pathlib import Path
from squeeze_core.detector.pretrained import load_detector
from squeeze_core.networks.weights import WeightsError

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for file in sys.argv[1:]:
    try:
        load_detector(Path(file))
    except WeightsError as error:
        print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_what_would_take_memory_or_time_is_one_sentence(small: Path, tmp_path: Path) -> None:
    files = []
    for make in (bombed, crowded, lambda file, _: os.mkfifo(file)):
        files.append(tmp_path / f"{len(files)}.safetensors")
        make(files[-1], small)
    command = [sys.executable, "-c", LOAD, *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    *sentences, grown = done.stdout.splitlines()
    assert len(sentences) == 3 and all(str(f) in s for f, s in zip(files, sentences, strict=True))
    assert int(grown) * (1 if sys.platform == "darwin" else 1024) < 50_000_000


@pytest.mark.parametrize("content", [b"", b"12345678", b"\x00" * 100, b"PK\x03\x04" * 50])
def test_what_is_no_weights_file_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "own.safetensors"
    file.write_bytes(content)
    with pytest.raises(WeightsError, match=r"own\.safetensors does not hold a detector's weights"):
        load_detector(file)
    for missing in (tmp_path / "none", tmp_path):
        with pytest.raises(WeightsError):
            load_detector(missing)
