"""The shipped feature visualisations."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from squeeze_core.errors import UserError
from squeeze_core.inside import feature_visualisation
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import CATALOGUE, DEFAULT
from squeeze_core.networks.plan import BRANCHES

NUMBER_OF_CHANNELS = 320 + 2560


@pytest.fixture(scope="module")
def network() -> SqueezeNet:
    loaded = DEFAULT.load()
    assert isinstance(loaded, SqueezeNet)
    return loaded


def test_every_channel_has_its_picture(network: SqueezeNet) -> None:
    total = 0
    for module in network.plan.fire_names:
        for branch in BRANCHES:
            channels = network.convolution(f"{module}/{branch}").out_channels
            assert feature_visualisation.manifest()["sheets"][f"{module}/{branch}"]["channels"] == channels
            last = feature_visualisation.tile(module, branch, channels - 1)
            assert last.mode == "RGB"
            assert np.asarray(last).std() > 5
            total += channels
    assert total == NUMBER_OF_CHANNELS


def test_they_are_of_the_shipped_weights_and_of_no_others() -> None:
    assert feature_visualisation.made_for(DEFAULT)
    assert not feature_visualisation.made_for(CATALOGUE["squeezenet1_1_torchvision"])


def test_the_sheets_are_the_manifests_and_at_most_6_mb() -> None:
    sheets = feature_visualisation.manifest()["sheets"].values()
    contents = [(feature_visualisation.FOLDER / sheet["file"]).read_bytes() for sheet in sheets]
    assert [hashlib.sha256(content).hexdigest() for content in contents] == [s["sha256"] for s in sheets]
    assert sum(map(len, contents)) <= 6_000_000


@pytest.mark.parametrize("fault", ["one bit", "gone"])
def test_a_sheet_that_is_not_the_shipped_one_is_one_sentence(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = feature_visualisation.manifest()["sheets"]["fire2/squeeze"]["file"]
    shipped = feature_visualisation.FOLDER / name
    if fault == "one bit":
        content = bytearray(shipped.read_bytes())
        content[-100] ^= 1
        (tmp_path / shipped.name).write_bytes(content)
    monkeypatch.setattr(feature_visualisation, "FOLDER", tmp_path)
    with pytest.raises(UserError, match=f"^{name}, part of Squeeze Lab"):
        feature_visualisation.tile("fire2", "squeeze", 0)


@pytest.mark.parametrize("channel", [-1, 16])
def test_a_channel_that_is_not_there_is_refused(channel: int) -> None:
    with pytest.raises(KeyError):
        feature_visualisation.tile("fire2", "squeeze", channel)
