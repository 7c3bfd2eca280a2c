"""Shared by all tests: the shipped samples and one engine, whose networks are loaded once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

import squeeze_core.own_process  # noqa: F401 – before PyTorch
from squeeze_core import gallery
from squeeze_core.images import Picture
from squeeze_core.networks.engine import Engine
from tests.server import app_url  # noqa: F401 – a fixture


class RoomScheduling(LoadFileScheduling):
    """A file's tests share a process and its fixtures; all that need a server share one process.

    xdist's own `--dist loadgroup` (3.8) does not see groups with pytest 9.2, whose node ids are fixed.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "server" if nodeid.startswith(("tests/browser/", "tests/load/")) else nodeid.split("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> RoomScheduling:
    return RoomScheduling(config, log)


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine("cpu")


@pytest.fixture(scope="session")
def samples() -> dict[str, Picture]:
    """The gallery, decoded: file name → picture."""
    return {sample.file: sample.picture() for sample in gallery.samples()}


@pytest.fixture(scope="session")
def chelsea(samples: dict[str, Picture]) -> Picture:
    return samples["chelsea.png"]


@pytest.fixture
def coco_folder(tmp_path: Path) -> Path:
    """A COCO-format folder: train/ and val/ with a coloured rectangle on noise in each picture."""
    random = np.random.default_rng(0)
    for part, count in (("train", 8), ("val", 4)):
        (tmp_path / part).mkdir()
        document: dict[str, list] = {"images": [], "annotations": []}
        document["categories"] = [{"id": 3, "name": "red"}, {"id": 7, "name": "blue"}]
        for number in range(count):
            pixels = random.integers(80, 170, (60, 80, 3), np.uint8)
            category, color = ((3, (230, 20, 20)), (7, (20, 20, 230)))[number % 2]
            x, y, width, height = 8 + number, 6, 40, 44
            pixels[y : y + height, x : x + width] = color
            name = f"{number}.png"
            Image.fromarray(pixels).save(tmp_path / part / name)
            document["images"].append({"id": number, "file_name": name, "width": 80, "height": 60})
            document["annotations"].append(
                {"id": number, "image_id": number, "category_id": category, "bbox": [x, y, width, height]}
            )
        (tmp_path / f"{part}.json").write_text(json.dumps(document))
    return tmp_path
