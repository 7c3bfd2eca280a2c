from __future__ import annotations

import copy

import pytest
import torch

from squeeze_core.architecture import Fire
from squeeze_core.detector import detect
from squeeze_core.detector.bfloat16 import MergedFire, for_bfloat16
from squeeze_core.detector.network import Detector
from squeeze_core.engine import Engine
from squeeze_core.images import Picture


@pytest.mark.parametrize("bypass", ["none", "simple"])
def test_one_convolution_for_both_expands_answers_the_same(bypass: str) -> None:
    torch.manual_seed(0)
    fire = Fire(24, 6, 8, 16, bypass)  # type: ignore[arg-type]
    picture = torch.randn(2, 24, 9, 7)
    with torch.inference_mode():
        assert torch.allclose(MergedFire(fire)(picture), fire(picture), atol=1e-5)


def test_the_fast_form_is_the_same_function() -> None:
    torch.manual_seed(0)
    network = Detector(classes=3, width=32).eval()
    picture = torch.randn(2, 3, 64, 96)
    fast = for_bfloat16(copy.deepcopy(network))
    assert {parameter.dtype for parameter in fast.parameters()} == {torch.bfloat16}
    assert not any(isinstance(module, Fire) for module in fast.modules())
    with torch.inference_mode():
        # Weights rounded to bfloat16 but everything computed in float32: only the form differs.
        assert torch.allclose(fast.float()(picture), network.bfloat16().float()(picture), atol=1e-3)


def test_bfloat16_finds_what_float32_finds(
    samples: dict[str, Picture], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for fast in (False, True):
        monkeypatch.setattr(detect, "computes_bfloat16", lambda device, fast=fast: fast)
        engine = Engine("cpu")
        found.append([one.detections(0.4) for one in detect.detect(samples.values(), engine)])
        kind = next(detect.network(engine).network.parameters()).dtype
        assert kind == (torch.bfloat16 if fast else torch.float32)
    for exact, rounded in zip(*found, strict=True):
        for one in (d for d in exact if d.score > 0.45):
            scores = [d.score for d in rounded if d.label == one.label]
            assert min(abs(score - one.score) for score in scores) < 0.03
