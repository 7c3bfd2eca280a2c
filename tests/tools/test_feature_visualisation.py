"""The optimiser climbs, and its shipped pictures excite the channels that they were made for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from squeeze_core.inside import feature_visualisation as shipped
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.engine import Engine
from tools import feature_visualisation
from tools.feature_visualisation import Settings, normalise, optimise, response


@pytest.fixture(scope="module")
def network() -> SqueezeNet:
    loaded = DEFAULT.load()
    assert isinstance(loaded, SqueezeNet)
    return loaded


def test_the_pictures_excite_their_channels_more_than_the_gallery(engine: Engine) -> None:
    excitement = feature_visualisation.measure(engine)
    assert excitement.channels == 320 + 2560
    assert excitement.live > 2500
    assert excitement.share >= 0.95


def test_each_picture_belongs_to_its_own_channel(network: SqueezeNet) -> None:
    """Sheets read in the wrong order would still excite something: each must excite its own channel
    more than most of its neighbours' pictures do."""
    tiles = [np.asarray(shipped.tile("fire5", "expand1x1", c)) for c in range(32)]
    pictures = torch.from_numpy(np.stack(tiles)).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        value = response(network, "fire5/expand1x1", normalise(pictures))[:, :32].amax((2, 3))
    own = value.diagonal()
    assert (own[None] >= value).float().mean() > 0.95
    assert (value.argmax(0) == torch.arange(32)).float().mean() > 0.9


def test_the_optimiser_climbs(network: SqueezeNet) -> None:
    channels = [3, 11]
    settings = [Settings(size=24, jitter=2, steps=steps) for steps in (1, 24)]
    before, after = (optimise(network, "fire2", "squeeze", channels, one) for one in settings)
    assert after.shape == (2, 24, 24, 3)
    assert after.dtype == np.uint8
    with torch.inference_mode():
        values = [
            response(network, "fire2/squeeze", normalise(torch.from_numpy(p).permute(0, 3, 1, 2) / 255))
            for p in (before, after)
        ]
    for place, channel in enumerate(channels):
        assert values[1][place, channel].max() > values[0][place, channel].max() + 10
