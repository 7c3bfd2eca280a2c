"""The package as other people's code uses it."""

from __future__ import annotations

import doctest
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from safetensors.torch import save_file

import squeeze_core as sq
from squeeze_core import api, gallery, images
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
found = sq.detect(sys.argv[1]).detections()[0].label
sq.trace(picture), sq.explain(picture, "cam")
never = ("torch", "torchvision", "scipy", "sklearn", "matplotlib", "captum", "pandas")
late = [name for name in never if name in sys.modules]
same = same and before[2] == PIL.Image.MAX_IMAGE_PIXELS
print(json.dumps({"heavy": heavy + late, "label": label, "found": found, "same": same}))
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
    assert json.loads(done.stdout) == {
        "heavy": [],
        "label": "Egyptian cat",
        "found": "cat",
        "same": True,
    }


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


def test_a_path_and_a_pillow_image_are_pictures_too(cat: Path, chelsea: Picture) -> None:
    known = sq.classify(chelsea).probabilities
    with Image.open(cat) as opened:
        for given in (cat, str(cat), opened):
            assert sq.classify(given).probabilities == pytest.approx(known, abs=0.02)
            found = sq.detect(given)
            assert (found.width, found.height) == (chelsea.width, chelsea.height)
            assert found.detections()[0].label == "cat"
    assert [answer.file for answer in sq.classify([cat, chelsea])] == ["cat.jpg", chelsea.name]
    assert sq.trace(cat)["fire5", "expand3x3"].shape == (128, 28, 28)
    assert sq.explain(str(cat)).label == "Egyptian cat"


def test_a_pillow_image_is_made_upright_and_opaque(chelsea: Picture) -> None:
    turned = chelsea.image.transpose(Image.Transpose.ROTATE_90)
    turned.getexif()[0x0112] = 6  # to be shown a quarter turn clockwise
    picture = images.from_pillow(turned)
    assert np.array_equal(np.asarray(picture.image), np.asarray(chelsea.image))
    assert (picture.width, picture.height) == chelsea.image.size
    clear = images.from_pillow(Image.new("RGBA", (40, 30), (200, 0, 0, 0)))
    assert clear.image.mode == "RGB" and clear.image.getpixel((3, 3)) == (255, 255, 255)
    wide = images.from_pillow(Image.new("L", (4000, 10)))
    assert wide.image.size == (images.LONGEST_SIDE, 3) and (wide.width, wide.height) == (4000, 10)
    same = Image.new("RGB", (8, 8))
    assert images.from_pillow(same).image is not same  # the caller's may change


def test_a_large_photograph_is_decoded_near_the_networks_side(
    tmp_path: Path, chelsea: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.jpg"
    chelsea.image.resize((4000, 3000)).save(path, quality=90)
    decoded: list[Picture] = []
    read = images.read
    monkeypatch.setattr(api, "read", lambda *given: decoded.append(read(*given)) or decoded[-1])
    assert sq.classify(path).top(1)[0].label == "Egyptian cat"
    assert sq.detect(path).width == 4000
    assert [max(one.image.size) <= 1000 for one in decoded] == [True, True]


@pytest.mark.parametrize("given", [42, None, b"bytes", np.zeros((8, 8, 3)), [42], ["cat.jpg", 42]])
@pytest.mark.parametrize("task", [sq.classify, sq.detect])
def test_what_is_no_picture_is_refused_at_the_call(task: Callable[[Any], object], given: object) -> None:
    with pytest.raises(sq.UserError, match="A picture is a path, a Pillow image or a Picture, not a"):
        task(given)


def test_what_is_unknown_is_refused_at_the_call(chelsea: Picture, tmp_path: Path) -> None:
    for call, sentence in (
        (lambda: sq.classify([chelsea], "vgg61"), "There is no network named 'vgg61'"),
        (lambda: sq.classify([chelsea], 42), "A network is a name or what open_network returns, not a int"),
        (lambda: sq.detect([chelsea], "yolo"), "A detector is what load_detector returns, not a str"),
        (lambda: sq.explain(chelsea, "lime"), "There is no method named 'lime'; try cam, grad_cam"),
        (lambda: sq.explain(chelsea, index=1000), "SqueezeNet 1.1 has classes 0 to 999, not 1000"),
        (lambda: sq.explain(chelsea, index=-1), "SqueezeNet 1.1 has classes 0 to 999, not -1"),
        (lambda: sq.trace(42), "A picture is a path"),
        (lambda: sq.trace(chelsea, "efficientnet_lite0"), "is no SqueezeNet"),
        (lambda: sq.classify(tmp_path / "none.jpg"), "There is no file"),
    ):
        with pytest.raises(sq.UserError, match=sentence):
            call()


def test_a_stream_raises_for_a_bad_file_in_its_turn(cat: Path, tmp_path: Path) -> None:
    answers = sq.classify([cat, tmp_path / "none.jpg"])
    assert next(answers).top(1)[0].label == "Egyptian cat"
    with pytest.raises(sq.UserError, match="There is no file"):
        next(answers)


def test_detections_are_counted_and_read_as_arrays(samples: dict[str, Picture]) -> None:
    found = sq.detect(samples["motorcycle_left.jpg"]).detections(0.05)
    assert len(found) > 2
    assert isinstance(found, sq.Detections) and found.labels[:2] == (found[0].label, found[1].label)
    assert found.boxes.shape == (len(found), 4) and tuple(found.boxes[0]) == pytest.approx(found[0].box)
    assert (found.scores[:-1] >= found.scores[1:]).all()
    assert sq.detect(samples["coffee.jpg"]).detections(1.0).boxes.shape == (0, 4)


def test_ones_own_network_goes_wherever_a_name_goes(tmp_path: Path, chelsea: Picture) -> None:
    theirs = torchvision.models.squeezenet1_1(num_classes=3).eval()
    save_file(theirs.state_dict(), tmp_path / "own.safetensors")
    (tmp_path / "names.txt").write_text("cat\ndog\nbird\n")
    own = sq.open_network(tmp_path / "own.safetensors", tmp_path / "names.txt")
    with torch.inference_mode():
        expected = theirs(torch.from_numpy(own.preprocess([chelsea.image])))[0].softmax(0)
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
