"""A detector in fewer bytes answers as before, opens from its file, and can be calibrated there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from squeeze_core.detector.calibration import Bin, Calibration
from squeeze_core.detector.network import Detector
from squeeze_core.detector.pretrained import (
    holds_detector,
    load_detector,
    save_detector,
    shipped_detector,
    write_calibration,
)
from squeeze_core.errors import WeightsError
from squeeze_core.networks import DETECTOR
from squeeze_core.networks.weights import SHIPPED
from tools.compress_detector import PRESETS, compress_detector
from tools.compress_detector import main as compress_command


def test_coded_levels_are_smaller_and_move_the_answers_little() -> None:
    shipped = shipped_detector()
    count = sum(parameter.numel() for parameter in shipped.network.parameters())
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    want = shipped.network(x)
    sizes = {}
    for name in PRESETS:
        data, made = compress_detector(shipped, PRESETS[name])
        sizes[name] = len(data)
        assert made.labels == shipped.labels and made.key != shipped.key
        moved = [(a - b).norm() / b.norm() for a, b in zip(flat(made.network(x)), flat(want), strict=True)]
        assert 0 < max(moved) < 0.1
    assert sizes["coded 5 bits"] < sizes["coded 6 bits"] < 0.85 * count


def test_a_detector_of_ones_own_becomes_a_file_that_opens_and_takes_a_calibration(tmp_path: Path) -> None:
    trained, small = tmp_path / "trained.safetensors", tmp_path / "small.sqz"
    torch.manual_seed(0)
    save_detector(Detector(2, 32).eval(), ("red", "blue"), 64, trained)
    carried = Calibration(1.0, 0.5, -0.5, 0.4, (Bin(0.1, 0.2, 3),), (Bin(0.2, 0.2, 3),), "there")
    write_calibration(trained, carried)
    command = ["--weights", str(trained), "--preset", "coded 6 bits", "--out", str(small)]
    assert compress_command(command) == 0
    assert small.stat().st_size < 0.6 * trained.stat().st_size
    assert holds_detector(small.read_bytes()) and holds_detector(trained.read_bytes())
    assert not holds_detector(b"\x89SQZ\r\n\x1a\n" + bytes(50))
    loaded = load_detector(small)
    assert loaded.labels == ("red", "blue") and loaded.preprocess.size == 64
    assert loaded.calibration == carried
    calibration = Calibration(2.0, 1.5, -0.25, 0.35, (Bin(0.1, 0.2, 3),), (Bin(0.2, 0.2, 3),), "here")
    write_calibration(small, calibration)
    again = load_detector(small)
    assert again.calibration == calibration
    before = loaded.network.state_dict()
    assert all((again.network.state_dict()[name] == value).all() for name, value in before.items())


def test_what_cannot_be_read_or_written_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut, nowhere = tmp_path / "cut.sqz", tmp_path / "none" / "small.sqz"
    cut.write_bytes(SHIPPED[DETECTOR].path.read_bytes()[:50_000])
    with pytest.raises(WeightsError) as refused:
        load_detector(cut)
    assert str(refused.value) == f"{cut} is damaged: its length does not fit."
    command = ["--preset", "coded 5 bits", "--out"]
    assert compress_command([*command, str(nowhere)]) == 2
    assert capsys.readouterr().err.startswith(f"{nowhere} cannot be written: No such file")


def test_the_shipped_file_keeps_its_calibration() -> None:
    assert shipped_detector().calibration.threshold > 0 and shipped_detector().calibration.after


def flat(output) -> list[torch.Tensor]:
    if isinstance(output, torch.Tensor):
        return [output.float()]
    return [tensor for part in output for tensor in flat(part)]
