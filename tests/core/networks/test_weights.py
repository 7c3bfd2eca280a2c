from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import load_file

from squeeze_core.errors import WeightsError
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.weights import SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_files_are_those_of_the_manifest(name: str) -> None:
    shipped = SHIPPED[name]
    assert hashlib.sha256(shipped.path.read_bytes()).hexdigest() == shipped.sha256
    assert shipped.words and shipped.licence


def test_shipped_weights_give_torchvisions_own_class_the_same_logits(chelsea) -> None:
    theirs = torchvision.models.squeezenet1_1().eval()
    theirs.load_state_dict(load_file(SHIPPED["squeezenet1_1"].path))
    batch = torch.from_numpy(DEFAULT.preprocess([chelsea.image]))
    with torch.inference_mode():
        torch.testing.assert_close(DEFAULT.load()(batch), theirs(batch), atol=1e-5, rtol=0)


def test_a_shipped_file_that_was_changed_is_not_loaded(tmp_path: Path) -> None:
    shipped = SHIPPED["squeezenet1_1"]
    content = bytearray(shipped.path.read_bytes())
    content[-1] ^= 1
    changed = replace(shipped, path=tmp_path / shipped.path.name)
    changed.path.write_bytes(content)
    with pytest.raises(WeightsError, match="is damaged; install it again"):
        changed.state()
    changed.path.unlink()
    with pytest.raises(WeightsError, match="cannot be read"):
        changed.state()
