from __future__ import annotations

import numpy as np
import pytest
import torch

from squeeze_core.detector.layers import average_flipped
from squeeze_core.detector.network import (
    Detector,
    add_batchnorm,
    fold_batchnorm,
    positions,
)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (64, 96), (320, 320)])
def test_one_answer_for_each_position(height: int, width: int) -> None:
    network = Detector(classes=7, width=32).eval()
    with torch.inference_mode():
        output = network(torch.zeros(2, 3, height, width))
    centres = positions(height, width, torch.device("cpu"))
    assert output.shape == (2, len(centres), 4 + 7)
    assert (centres > 0).all() and (centres < torch.tensor([width, height])).all()


def test_boxes_surround_their_positions() -> None:
    network = Detector(classes=2, width=32).eval()
    with torch.inference_mode():
        boxes = network(torch.randn(1, 3, 96, 64))[0, :, :4]
    centres = positions(96, 64, torch.device("cpu"))
    assert (boxes[:, :2] < centres).all() and (boxes[:, 2:] > centres).all()


def test_a_position_looks_at_its_own_place() -> None:
    """Moving the only bright spot moves the position whose answer changes most."""
    torch.manual_seed(0)
    network = Detector(classes=2, width=32).eval()
    centres = positions(160, 160, torch.device("cpu"))
    stride8 = centres[: 20 * 20]
    with torch.inference_mode():
        blank = network(torch.zeros(1, 3, 160, 160))[0, : len(stride8)]
        for x, y in ((40, 40), (120, 40), (72, 104)):
            picture = torch.zeros(1, 3, 160, 160)
            picture[..., y - 3 : y + 4, x - 3 : x + 4] = 4
            change = (network(picture)[0, : len(stride8)] - blank)[:, 4:].abs().sum(1)
            seen = (stride8 * change[:, None]).sum(0) / change.sum()
            assert torch.allclose(seen, torch.tensor([x, y], dtype=torch.float32), atol=16)


def test_folding_batchnorm_changes_no_answer() -> None:
    torch.manual_seed(0)
    network = add_batchnorm(Detector(classes=3, width=32))
    picture = torch.randn(4, 3, 64, 64)
    network.train()
    for _ in range(3):
        network(picture)  # gives every BatchNorm statistics of its own
    network.eval()
    with torch.inference_mode():
        before = network(picture)
        after = fold_batchnorm(network)(picture)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    assert torch.allclose(before, after, atol=1e-3)
    assert network.state_dict().keys() == Detector(classes=3, width=32).state_dict().keys()


def test_answers_for_a_mirror_image_are_turned_back() -> None:
    """Each position's own centre, mirrored, is a box corner: turned back it lies at that position."""
    height, width = 64, 96
    centres = positions(height, width, torch.device("cpu"))
    boxes = torch.cat([centres - 3, centres + 5], 1)
    output = torch.cat([boxes, torch.arange(len(centres))[:, None]], 1)[None]
    x0, y0, x1, y1, logit = output.unbind(2)
    mirrored = torch.stack([width - x1, y0, width - x0, y1, logit], 2)
    rows = []
    for level in mirrored.split([8 * 12, 4 * 6, 2 * 3, 1 * 2], 1):
        columns = {96: 12, 24: 6, 6: 3, 2: 2}[level.shape[1]]
        rows.append(level.unflatten(1, (-1, columns)).flip(2).flatten(1, 2))
    found = average_flipped(torch.cat([output, torch.cat(rows, 1)]).numpy(), height, width)
    np.testing.assert_allclose(found, output, rtol=1e-5)


def test_a_picture_and_its_mirror_image_get_mirrored_answers() -> None:
    torch.manual_seed(0)
    network = Detector(classes=3, width=32).eval()
    picture = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        there, back = network(picture).numpy(), network(picture.flip(3)).numpy()
    one, other = (average_flipped(np.concatenate(pair), 64, 64) for pair in ((there, back), (back, there)))
    turned = 2 * average_flipped(np.concatenate([0 * other, other]), 64, 64)  # `other`, turned back
    np.testing.assert_allclose(one, turned, atol=1e-3)


def test_at_most_three_and_a_half_million_parameters() -> None:
    assert sum(parameter.numel() for parameter in Detector().parameters()) <= 3_500_000
