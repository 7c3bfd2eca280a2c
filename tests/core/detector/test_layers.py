from __future__ import annotations

import numpy as np
import pytest
import torch

from squeeze_core.detector.layers import detector_shapes
from squeeze_core.detector.network import Detector
from squeeze_core.detector.pretrained import load_detector
from squeeze_core.images import Picture


@pytest.mark.parametrize("pictures", [1, 2, 5])
def test_answers_as_the_network_does(samples: dict[str, Picture], pictures: int) -> None:
    loaded = load_detector()
    batch = loaded.preprocess([picture.image for picture in samples.values()][:pictures])
    there = torch.from_numpy(loaded.load_on("cpu")(batch))
    with torch.inference_mode():
        here = loaded.network(torch.from_numpy(batch))
    assert torch.allclose(there[..., :4], here[..., :4], atol=0.05)  # pixels
    assert torch.allclose(there[..., 4:].sigmoid(), here[..., 4:].sigmoid(), atol=1e-3)


# 352 / 64 is no whole number: a level is enlarged by less than two.
@pytest.mark.parametrize(("height", "width"), [(64, 96), (352, 320)])
def test_every_part_is_the_networks(height: int, width: int) -> None:
    loaded, batch = load_detector(), torch.randn(1, 3, height, width)
    with torch.inference_mode():
        want = loaded.network.parts(batch)
    runner = loaded.load_on("cpu")
    got = {**runner.parts(batch.numpy()), "answers": runner(batch.numpy())}
    assert got.keys() == want.keys()
    for name, part in want.items():
        np.testing.assert_allclose(got[name], part, atol=0.02, rtol=1e-3, err_msg=name)


@pytest.mark.parametrize(("classes", "width"), [(20, 192), (3, 32)])
def test_the_shapes_are_those_of_the_state_dict(classes: int, width: int) -> None:
    state = Detector(classes, width).state_dict()
    assert detector_shapes(classes, width) == {name: tuple(value.shape) for name, value in state.items()}
