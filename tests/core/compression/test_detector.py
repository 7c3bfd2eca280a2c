"""The shipped detector in fewer bytes answers as before."""

from __future__ import annotations

import torch

from squeeze_core.compression.detector import PRESETS, compress_detector
from squeeze_core.detector.pretrained import shipped_detector


def test_int8_and_coded_levels_are_smaller_and_move_the_answers_little() -> None:
    shipped = shipped_detector()
    count = sum(parameter.numel() for parameter in shipped.network.parameters())
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    want = shipped.network(x)
    sizes = {}
    for name in ("int8", "coded 6 bits"):
        data, made = compress_detector(shipped, PRESETS[name])
        sizes[name] = len(data)
        assert made.labels == shipped.labels and made.key != shipped.key
        moved = [(a - b).norm() / b.norm() for a, b in zip(flat(made.network(x)), flat(want), strict=True)]
        assert 0 < max(moved) < 0.1
    assert count < sizes["int8"] < 1.03 * count and sizes["coded 6 bits"] < 0.85 * count


def flat(output) -> list[torch.Tensor]:
    if isinstance(output, torch.Tensor):
        return [output.float()]
    return [tensor for part in output for tensor in flat(part)]
