"""The package as other people's code uses it."""

from __future__ import annotations

import doctest
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file

import squeeze_core as sq
from squeeze_core import gallery
from squeeze_core.images import Picture
from squeeze_core.inside.trace import Maps
from squeeze_core.networks.catalogue import DEFAULT

ROOT = Path(__file__).parents[2]
SHOW = """
import json, os, sys, warnings
import numpy, PIL.Image  # which set filters of their own
before = dict(os.environ), list(warnings.filters), PIL.Image.MAX_IMAGE_PIXELS
import squeeze_core as sq
heavy = [name for name in ("torch", "streamlit", "plotly", "onnxruntime") if name in sys.modules]
picture = sq.read(sys.argv[1])
same = before == (dict(os.environ), warnings.filters, PIL.Image.MAX_IMAGE_PIXELS)
label = sq.classify(picture).top(1)[0].label
same = same and before[2] == PIL.Image.MAX_IMAGE_PIXELS
print(json.dumps({"heavy": heavy, "label": label, "same": same}))
"""


@pytest.fixture
def cat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with cat.jpg, where the test runs."""
    path = tmp_path / "cat.jpg"
    path.write_bytes((gallery.FOLDER / "chelsea.png").read_bytes())
    monkeypatch.chdir(tmp_path)
    return path


def test_the_examples_of_the_documentation_are_true(cat: Path) -> None:
    result = doctest.testmod(sq)
    assert result.attempted >= 9 and result.failed == 0


def test_a_script_without_a_main_guard_imports_little_and_finds_its_process_as_it_was(cat: Path) -> None:
    script = cat.with_name("script.py")
    script.write_text(SHOW)
    done = subprocess.run(
        [sys.executable, script, cat],
        capture_output=True,
        text=True,
        timeout=120,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(cat.parent)},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"heavy": [], "label": "Egyptian cat", "same": True}


def test_many_pictures_are_a_stream(chelsea: Picture) -> None:
    asked = 0

    def endless():  # type: ignore[no-untyped-def]
        nonlocal asked
        while True:
            asked += 1
            yield chelsea

    answers, boxes = sq.classify(endless()), sq.detect(endless())
    assert next(answers).top(1)[0].label == "Egyptian cat"
    assert next(boxes).detections()[0].label == "cat"
    assert asked <= 64


def test_detections_are_counted_sliced_and_read_as_arrays(samples: dict[str, Picture]) -> None:
    found = sq.detect(samples["motorcycle_left.jpg"]).detections(0.05)
    assert len(found) > 2
    first = found[:2]
    assert isinstance(first, sq.Detections) and len(first) == 2 and list(first) == [found[0], found[1]]
    assert found.boxes.shape == (len(found), 4) and tuple(found.boxes[0]) == pytest.approx(found[0].box)
    assert (found.scores[:-1] >= found.scores[1:]).all()
    assert sq.detect(samples["coffee.jpg"]).detections(1.0).boxes.shape == (0, 4)


def test_ones_own_network_goes_wherever_a_name_goes(tmp_path: Path, chelsea: Picture) -> None:
    theirs = torchvision.models.squeezenet1_1(num_classes=3).eval()
    save_file(theirs.state_dict(), tmp_path / "own.safetensors")
    (tmp_path / "names.txt").write_text("cat\ndog\nbird\n")
    own = sq.open_network(tmp_path / "own.safetensors", tmp_path / "names.txt")
    with torch.inference_mode():
        expected = theirs(own.preprocess([chelsea.image]))[0].softmax(0)
    answer = sq.classify(chelsea, own)
    assert answer.labels == ("cat", "dog", "bird")
    assert answer.probabilities == pytest.approx(expected.numpy(), abs=1e-5)
    assert isinstance(sq.trace(chelsea, own)["fire9", "output"], Maps)
    assert sq.explain(chelsea, "grad_cam", 2, own).label == "bird"
    assert sq.profile(own).parameters == sum(p.numel() for p in theirs.parameters())


def test_every_public_name_is_there_and_documented() -> None:
    for name in set(sq.__all__) - {"__version__"}:
        assert (getattr(sq, name).__doc__ or "").strip()
        assert name in dir(sq)
    with pytest.raises(AttributeError, match="no attribute 'clasify'"):
        sq.clasify  # type: ignore[attr-defined]  # noqa: B018
    assert sq.network_names()[0] == DEFAULT.name
    with pytest.raises(sq.UserError, match="There is no network named 'vgg61'"):
        sq.profile("vgg61")
