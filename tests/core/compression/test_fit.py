"""Pictures that calibrate never judge; sizes are found; what people are told is true."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePath

import numpy as np
import pytest

from squeeze_core import gallery, images
from squeeze_core.__main__ import main
from squeeze_core.compression import fit as fitting
from squeeze_core.compression.fit import Fitted, fit
from squeeze_core.compression.pictures import Judged, Pictures, evenly, gather
from squeeze_core.compression.presets import CompressionError, uniform
from squeeze_core.images.sources import Source
from squeeze_core.networks.catalogue import DEFAULT, Network
from squeeze_core.networks.own import to_safetensors
from squeeze_core.networks.plan import FireShape, Plan
from squeeze_core.networks.preprocess import Preprocess
from squeeze_core.networks.weights import OwnFile

PLAN = Plan(16, 3, frozenset({"conv1"}), (FireShape(8, 16, 16), FireShape(8, 16, 16)))
LABELS = ("cat", "cup", "sky")


@pytest.fixture(scope="module")
def own() -> Network:
    """A small network of three classes with answers that differ from picture to picture."""
    draw = np.random.default_rng(0)
    record = replace(DEFAULT, name="mine", key="mine", plan=PLAN, labels=LABELS, preprocess=Preprocess(48))
    shapes = {name: value.shape for name, value in record.build().state_dict().items()}
    state = {
        name: draw.normal(0, np.sqrt(2 / np.prod(shape[1:])) if len(shape) == 4 else 0.05, shape)
        for name, shape in shapes.items()
    }
    state = {name: value.astype(np.float32) for name, value in state.items()}
    return replace(record, weights=OwnFile("mine", 1, state))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 crops of the samples, in one folder a class."""
    root = tmp_path_factory.mktemp("pictures")
    draw = np.random.default_rng(1)
    for number in range(24):
        image = gallery.samples()[number % 6].picture().image
        left, top = (int(draw.integers(0, side // 2)) for side in image.size)
        part = image.crop((left, top, left + image.width // 2, top + image.height // 2)).resize((96, 80))
        place = root / LABELS[number % 3]
        place.mkdir(exist_ok=True)
        part.save(place / f"{number}.png")
    return root


def sources(folder: Path) -> list[Source]:
    return [Source(path, partial(images.read, path)) for path in sorted(folder.rglob("*.png"))]


@pytest.fixture(scope="module")
def pictures(own: Network, folder: Path) -> Pictures:
    return gather(own, sources(folder))[0]


def test_evenly_spread_places_are_different_and_cover_all() -> None:
    assert evenly(3, 5) == [0, 1, 2] and evenly(0, 4) == []
    assert evenly(10, 5) == [1, 3, 5, 7, 9]


@pytest.mark.parametrize(("count", "judging"), [(0, 0), (7, 7), (8, 4), (199, 99), (200, 100), (1000, 300)])
def test_pictures_calibrate_or_judge_and_never_both(count: int, judging: int) -> None:
    all_ = Pictures(
        tuple(map(str, range(count))), (np.zeros((1, 1, 3), np.uint8),) * count, np.arange(count)
    )
    calibrate, judge = all_.divided()
    assert len(judge) == judging and not set(calibrate.names) & set(judge.names)
    assert sorted([*calibrate.names, *judge.names]) == sorted(all_.names)
    assert judge.truth is not None and judge.truth.tolist() == [int(name) for name in judge.names]


def test_pictures_come_in_one_order_wherever_they_come_from(own: Network, folder: Path) -> None:
    there, twice = sources(folder), sources(folder)[::-1] + sources(folder)[:3]
    one, other = gather(own, there)[0], gather(own, twice)[0]
    assert one.names == other.names and len(one) == 24
    assert one.truth is not None and one.truth.tolist() == [0] * 8 + [1] * 8 + [2] * 8
    assert all(np.array_equal(a, b) for a, b in zip(one.views, other.views, strict=True))


def test_folders_that_are_no_classes_give_no_labels(own: Network, folder: Path) -> None:
    moved = [
        Source(PurePath("2024" if k % 2 else "2025") / f"{k}.png", s.picture)
        for k, s in enumerate(sources(folder))
    ]
    assert gather(own, moved)[0].truth is None


def test_what_is_no_picture_is_said_and_left_out(own: Network, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    found, errors = gather(
        own,
        [*sources(folder), Source(tmp_path / "broken.png", partial(images.read, tmp_path / "broken.png"))],
    )
    assert len(found) == 24 and len(errors) == 1 and "broken.png" in errors[0]


def test_a_file_is_at_most_as_large_as_asked_for_and_judged_by_others(
    own: Network, pictures: Pictures
) -> None:
    shares: list[float] = []
    whole = fit(own, pictures, preset=uniform(7.0)).made.bytes / 1e3
    found = fit(own, pictures, kilobytes=0.5 * whole, progress=shares.append)
    assert 0.4 * whole < found.made.bytes / 1e3 <= 0.5 * whole
    assert found.judged is not None and found.calibrated == len(found.judged.pictures) == 12
    assert len(found.sizes) == 4 and [one.bytes for one in found.sizes] == sorted(
        one.bytes for one in found.sizes
    )
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1)
    again = fit(own, pictures, kilobytes=0.5 * whole)
    assert again.made.data == found.made.data


def test_without_a_size_the_answers_are_kept_and_what_chose_does_not_judge(
    own: Network, pictures: Pictures
) -> None:
    found = fit(own, pictures)
    assert found.judged is not None and len(found.judged.pictures) == 6
    chose = {name for one in found.sizes if one.judged for name in one.judged.pictures.names}
    assert len(chose) == 6 and not chose & set(found.judged.pictures.names)
    assert any(one.judged and one.judged.agreement.value >= fitting.KEPT for one in found.sizes)


def test_a_size_that_no_file_has_is_one_sentence(own: Network, pictures: Pictures) -> None:
    with pytest.raises(CompressionError, match=r"takes at least about \d+ kB"):
        fit(own, pictures, kilobytes=0.3)


def test_without_pictures_the_size_is_a_safe_one_and_the_person_is_told(own: Network) -> None:
    found = fit(own)
    assert found.judged is None and found.calibrated == 0 and "are missing" in found.warning
    few = fit(own, Pictures(("a",), (np.zeros((48, 48, 3), np.uint8),)))
    assert few.made.data == found.made.data and few.judged is not None


def judged(before: list[list[float]], after: list[list[float]], truth: list[int] | None = None) -> Judged:
    views = (np.zeros((1, 1, 3), np.uint8),) * len(before)
    index = None if truth is None else np.array(truth)
    return Judged(
        Pictures(tuple(map(str, range(len(before)))), views, index), np.log(before), np.log(after)
    )


def test_figures_of_a_judgement_are_those_worked_out_by_hand() -> None:
    one = judged([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], [[0.6, 0.4], [0.4, 0.6], [0.3, 0.7]], [0, 0, 0])
    row = one.row(("cat", "dog"))
    assert one.changed.tolist() == [1] and row["same_first_answer"] == 66.67
    assert (row["confidence_before"], row["confidence_after"]) == (0.8, 0.6333)
    assert (row["top1_before"], row["top1_after"]) == (66.67, 33.33)
    assert row["classes_that_lose"] == {"cat": {"pictures": 3, "right_before": 2, "right_after": 1}}
    nats = 0.9 * np.log(0.9 / 0.6) + 0.1 * np.log(0.1 / 0.4) + 0.8 * np.log(2) + 0.2 * np.log(1 / 3)
    assert row["divergence"] == pytest.approx(nats / 3, abs=1e-4)
    assert "top1_before" not in judged([[0.9, 0.1]], [[0.9, 0.1]]).row(("cat", "dog"))


def test_a_poor_result_is_said_with_the_size_that_would_keep_it(own: Network, pictures: Pictures) -> None:
    made = fit(own, pictures, preset=uniform(5.0)).made
    poor = judged([[0.9, 0.1]] * 10, [[0.6, 0.4]] * 10)
    good = judged([[0.9, 0.1]] * 10, [[0.89, 0.11]] * 10)
    sizes = (fitting.Size(1e-6, 500, poor), fitting.Size(1e-8, 171_400, good))
    words = Fitted(made, poor, sizes, 10).warning
    assert "0.90 to 0.60" in words and "about 171 kB" in words
    assert not Fitted(made, good, sizes, 10).warning


def test_the_command_judges_by_folder_and_gives_the_same_bytes_as_python(
    own: Network, folder: Path, pictures: Pictures, tmp_path: Path, capsys
) -> None:
    mine, out = tmp_path / "mine.safetensors", tmp_path / "mine.sqz"
    mine.write_bytes(to_safetensors(own))
    (tmp_path / "p").mkdir()
    for path in folder.rglob("*.png"):
        (tmp_path / "p" / path.parent.name).mkdir(exist_ok=True)
        (tmp_path / "p" / path.parent.name / path.name).write_bytes(path.read_bytes())
    (tmp_path / "p" / "cat" / "broken.png").write_bytes(b"no picture")
    command = ["compress", "--weights", str(mine), "--out", str(out), "--pictures", str(tmp_path / "p")]
    assert main([*command, "--kilobytes", "6", "--json"]) == 2  # one of the pictures cannot be read
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert "broken.png" in printed.err
    assert report["bytes"] == out.stat().st_size <= 6000
    assert report["calibrated"] == report["judged"]["pictures"] == 12 and "top1_after" in report["judged"]
    from squeeze_core.networks.own import open_own_file

    same = fit(open_own_file(mine), pictures, kilobytes=6)
    assert same.made.bytes == report["bytes"]


def test_exports_in_eight_bits_are_judged_by_the_others(
    own: Network, folder: Path, tmp_path: Path, capsys
) -> None:
    mine, out = tmp_path / "mine.safetensors", tmp_path / "mine.onnx"
    mine.write_bytes(to_safetensors(own))
    command = ["export", "classify", "--weights", str(mine), "--out", str(out), "--force"]
    command += ["--pictures", str(folder)]
    sizes = {}
    for precision in ("float32", "float16", "int8"):
        assert main([*command, "--precision", precision, "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        sizes[precision] = report["bytes"]
        assert report["precision"] == precision and report["judged"]["pictures"] == 12
        assert report["judged"]["same_first_answer"] >= (99 if precision == "float32" else 60)
    assert sizes["float16"] < sizes["float32"]


def test_pictures_that_are_none_are_refused_in_a_sentence(tmp_path: Path, capsys) -> None:
    (tmp_path / "empty").mkdir()
    out = str(tmp_path / "x.sqz")
    for arguments, says in (
        (["--pictures", str(tmp_path / "gone")], "There is no folder"),
        (["--pictures", str(tmp_path / "empty")], "holds no picture"),
        (["--labels", "x.json"], "--labels goes with --pictures"),
    ):
        assert main(["compress", "--out", out, *arguments]) == 2
        assert says in capsys.readouterr().err
