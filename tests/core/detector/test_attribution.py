from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from squeeze_core.detector import attribution
from squeeze_core.detector.detect import detect
from squeeze_core.detector.detections import Detection
from squeeze_core.detector.network import Detector
from squeeze_core.detector.pretrained import shipped_detector
from squeeze_core.errors import UserError
from squeeze_core.images import Picture
from squeeze_core.inside import explain
from squeeze_core.networks.engine import Engine

SHOWN = [("chelsea.png", "cat"), ("motorcycle_left.jpg", "motorbike"), ("astronaut.jpg", "person")]


@pytest.fixture(scope="module")
def found(samples: dict[str, Picture], engine: Engine) -> dict[str, tuple[Picture, Detection]]:
    """The box of each class of SHOWN on its picture."""
    boxes = {}
    for file, label in SHOWN:
        every = next(detect([samples[file]], engine)).detections()
        boxes[label] = samples[file], next(one for one in every if one.label == label)
    return boxes


@pytest.mark.parametrize("label", [label for _, label in SHOWN])
def test_the_map_lies_in_the_box_and_knows_what_matters(
    found: dict[str, tuple[Picture, Detection]], engine: Engine, label: str
) -> None:
    picture, detection = found[label]
    explanation = attribution.explain(picture, detection, engine)
    assert explanation.inside >= 0.7
    assert explanation.map.shape == (len(explanation.map),) * 2 and (explanation.map >= 0).all()
    # Hiding the fifth of the pixels with the largest values loses the box, the smallest fifth does not.
    levels = explanation.upsampled()
    side = shipped_detector().preprocess.size
    pixels = np.asarray(picture.image.resize((side, side))).copy()
    left = {}
    for name, hidden in (
        ("largest", levels >= np.quantile(levels, 0.8)),
        ("smallest", levels.argsort(axis=None).argsort().reshape(levels.shape) < levels.size / 5),
    ):
        part = replace(
            picture, image=Image.fromarray(np.where(hidden[..., None], 127, pixels).astype(np.uint8))
        )
        left[name] = attribution.remaining_score(detection, next(detect([part], engine)))
    assert left["largest"] < 0.2 < 0.6 < left["smallest"]


def test_occlusion_finds_the_motorbike_too(
    found: dict[str, tuple[Picture, Detection]], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain, "PATCH_STRIDE", 32)  # a quarter of the work
    picture, detection = found["motorbike"]
    shares: list[float] = []
    explanation = attribution.explain(picture, detection, engine, None, "occlusion", shares.append)
    assert explanation.inside >= 0.75 > explanation.area and explanation.map.min() >= 0
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) > 5


def test_occlusion_can_be_given_up(found: dict[str, tuple[Picture, Detection]], engine: Engine) -> None:
    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attribution.explain(*found["cat"], engine, None, "occlusion", stop)


def test_another_place_and_another_class_have_another_map(
    found: dict[str, tuple[Picture, Detection]], engine: Engine
) -> None:
    picture, detection = found["motorbike"]
    left = Detection("bicycle", 1, 0.5, (0, 90, 70, 230))
    one, other = (attribution.explain(picture, box, engine) for box in (detection, left))
    assert one.inside > 0.7
    third = len(other.map) // 3
    share = other.map[:, :third].sum() / other.map.sum()
    assert share > one.map[:, :third].sum() / one.map.sum() + 0.2


def test_evidence_and_confidence_are_of_class_and_place() -> None:
    box = np.array([[10, 10, 30, 30], [10, 10, 30, 30]], np.float32)
    target = attribution.TargetBox(np.zeros((2, 3, 64, 64), np.float32), box, 1)
    answers = torch.full((2, 3, 6), -9.0)
    answers[:, :, :4] = torch.tensor([[10.0, 10, 30, 30], [10, 10, 30, 20], [40, 40, 60, 60]])
    answers[:, 0, 5], answers[:, 2, 5] = 2.0, 8.0  # the third is elsewhere, however sure
    assert target.evidence(answers).item() == pytest.approx(2.0, abs=1e-3)
    assert target.confidence(answers.numpy()).tolist() == pytest.approx(
        [torch.tensor(2.0).sigmoid().item()] * 2
    )
    answers[0, 0, 5] = -9.0  # then the half box is all that is left: half the place, and as unsure
    assert target.confidence(answers.numpy())[0].item() == pytest.approx(
        torch.tensor(-9.0).sigmoid().item()
    )


def test_a_level_map_leaves_out_what_speaks_against_the_box() -> None:
    picture, mirror = [[1.0, 2.0, 3.0], [3.0, 1.0, 2.0]], [[0.0, 1.0, 2.0], [1.0, 1.0, 0.0]]
    activations = np.array([picture, mirror])[:, :, None]
    picture, mirror = [[1.0, -2.0, 5.0], [1.0, 1.0, -1.0]], [[7.0, 1.0, -3.0], [2.0, -4.0, 1.0]]
    gradient = np.array([picture, mirror])[:, :, None]
    # The picture's products sum to 4, −3, 13; its mirror image's, turned back, to −6, −3, 2.
    assert attribution.level_map(activations, gradient).tolist() == [[0.0, 0.0, 15.0]]
    assert attribution.level_map(activations, -gradient).tolist() == [[2.0, 6.0, 0.0]]


def test_an_unknown_method_is_refused(found: dict[str, tuple[Picture, Detection]], engine: Engine) -> None:
    with pytest.raises(UserError, match="There is no method named 'lime'; try gradients, occlusion"):
        attribution.explain(*found["cat"], engine, method="lime")


def test_contributions_foretell_what_is_lost(
    found: dict[str, tuple[Picture, Detection]], engine: Engine
) -> None:
    """To first order: disabling channels that speak for the box weakens it, the weakest do not."""
    picture, detection = found["motorbike"]
    contributions = attribution.contributions(picture, detection, engine)
    assert contributions.label == "motorbike"
    modules = [module for module, branch in contributions.of if branch == "squeeze"]
    assert [name for name in modules if name.startswith("fire")] == [f"fire{n}" for n in range(2, 10)]
    # The head's modules are listed once, though they run once a level.
    assert {"class_tower.0", "class_tower.1", "box_tower"} <= set(modules)
    strongest = contributions.strongest(10)
    values = [value for _, value in strongest]
    assert len(strongest) == 10 and values == sorted(values, reverse=True) and values[-1] > 0
    backbone = [unit for unit in contributions.ranked() if unit.module.startswith("fire")]
    left = {
        name: attribution.remaining_score(detection, attribution.ablate(picture, units, engine))
        for name, units in (
            ("all", []),
            ("without the idle", backbone[:10]),
            ("without the strongest", [unit for unit, _ in strongest]),
        )
    }
    assert left["all"] == pytest.approx(detection.score, abs=0.02)
    assert left["without the idle"] == pytest.approx(left["all"], abs=0.05)
    assert left["without the strongest"] < 0.5 * left["all"]


def test_the_parts_are_those_of_the_answer() -> None:
    torch.manual_seed(0)
    network = Detector(classes=2, width=32).eval()
    picture = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        parts = network.parts(picture)
        assert torch.equal(parts["answers"], network(picture))
        off = network.parts(picture, {"fire9/squeeze": torch.zeros(64, 1, 1)})
    assert parts["fire5"].shape == (1, 256, 8, 8) and parts["fire9"].shape == (1, 512, 4, 4)
    assert torch.equal(off["fire8"], parts["fire8"]) and not torch.equal(off["fire9"], parts["fire9"])
    assert not off["fire9/squeeze"].any() and not torch.equal(off["answers"], parts["answers"])
    heads = ("class_tower.p{}.1", "class_logits.p{}", "box_tower.p{}", "distances.p{}")
    assert {head.format(stride) for head in heads for stride in (8, 16, 32, 64)} <= parts.keys()
