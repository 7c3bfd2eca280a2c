from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from squeeze_core.detector.pretrained import load_detector
from squeeze_core.errors import UserError
from tools import detector_peers
from tools.detector_peers import PEERS, Peer

BY_NAME = {peer.name: peer for peer in PEERS}


def back(peer: Peer, image: Image.Image, boxes: np.ndarray) -> np.ndarray:
    """Boxes of the network's input → of the picture."""
    _, scale, shift = peer.prepare(image)
    return (boxes - shift) / scale


def test_yolox_answers_are_read_as_its_grids_say() -> None:
    rows = np.zeros((1, 3549, 85), np.float32)
    place = 52 * 52 + 3 * 26 + 5  # stride 16, row 3, column 5
    rows[0, place, :4] = [0.5, 0.25, np.log(2), np.log(4)]
    rows[0, place, 4], rows[0, place, 5 + 15] = 0.8, 0.5
    boxes, scores = BY_NAME["yolox_nano"].decode([rows])
    assert boxes[place] == pytest.approx([5.5 * 16 - 16, 3.25 * 16 - 32, 5.5 * 16 + 16, 3.25 * 16 + 32])
    assert scores[place, 15] == pytest.approx(0.4) and scores.sum() == pytest.approx(0.4)


def test_nanodet_sides_are_expectations() -> None:
    cells = [52 * 52, 26 * 26, 13 * 13]
    scores = [np.zeros((1, count, 80), np.float32) for count in cells]
    sides = [np.zeros((1, count, 44), np.float32) for count in cells]
    sides[2][0, 14] = -50  # stride 32, row 1, column 1
    for side, distance in enumerate((1, 1, 3, 2)):
        sides[2][0, 14, 11 * side + distance] = 50
    boxes, _ = BY_NAME["nanodet_g"].decode([*scores, *sides])
    assert boxes[cells[0] + cells[1] + 14] == pytest.approx([48 - 32, 48 - 32, 48 + 96, 48 + 64])
    assert boxes[0] == pytest.approx([4 - 40, 4 - 40, 4 + 40, 4 + 40])  # all alike: half of ten strides


def test_centernet_keeps_peaks_alone() -> None:
    heat, sides = np.zeros((128, 128, 80), np.float32), np.full((128, 128, 4), 8, np.float32)
    heat[10, 20, 3], heat[10, 21, 3] = 0.9, 0.6
    boxes, scores = BY_NAME["centernet"].decode([heat, sides])
    assert np.flatnonzero(scores[:, 3] > 0.1).tolist() == [10 * 128 + 20]
    assert boxes[10 * 128 + 20] == pytest.approx([72, 32, 88, 48])


@pytest.mark.parametrize("size", [(640, 480), (100, 300), (1, 5)])
@pytest.mark.parametrize("name", list(BY_NAME))
def test_the_picture_is_found_back(name: str, size: tuple[int, int]) -> None:
    """A white picture on the network's grey or black: what is white is the picture, edge to edge."""
    peer, image = BY_NAME[name], Image.new("RGB", size, (255, 255, 255))
    given = peer.prepare(image)[0][0]
    plane = given[..., 0] if given.shape[-1] == 3 else given[0]
    y, x = np.nonzero(plane == plane.max())
    box = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1])
    assert back(peer, image, box) == pytest.approx([0, 0, *size], abs=1 + max(size) / 416)


def test_every_class_of_ours_is_one_of_cocos() -> None:
    assert set(detector_peers.OF_COCO) == set(load_detector().labels)
    assert len(set(detector_peers.OF_COCO.values())) == 20


def test_missing_files_are_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "yolox_nano.onnx").write_bytes(b"nothing")
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UserError, match="cannot be run"):
            detector_peers.Running(PEERS[0], folder, 1)
