"""The .sqz file: exact, close to the entropy, and nothing damaged or foreign gets in."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

from squeeze_core.errors import WeightsError
from squeeze_core.networks.catalogue import DEFAULT, Network
from squeeze_core.networks.own import metadata_of, open_own
from squeeze_core.networks.plan import FireShape, Plan
from squeeze_core.networks.preprocess import Preprocess
from squeeze_core.networks.weights import SHIPPED, OwnFile, sqz
from squeeze_core.networks.weights.sqz import Packed, Sqz, reader

LABELS = tuple(f"kind {n}" for n in range(10))
PLAN = Plan(8, 3, frozenset({"conv1"}), (FireShape(4, 8, 8), FireShape(4, 8, 8)))


def laplace(shape: tuple[int, ...], scale: float, seed: int = 0) -> np.ndarray:
    """Whole numbers, int32, whose rows differ in size as those of a trained layer do."""
    draw = np.random.default_rng(seed)
    rows = draw.lognormal(0, 0.7, (shape[0], *[1] * (len(shape) - 1)))
    return np.rint(draw.laplace(0, scale, shape) * rows).clip(-2000, 2000).astype(np.int32)


@pytest.fixture(scope="module")
def content() -> Sqz:
    """A small SqueezeNet of ten classes, every kind and coding in it."""
    torch.manual_seed(0)
    see = Preprocess(64, 72, (0.5, 0.4, 0.3), (0.2, 0.2, 0.1))
    record = Network("mine", "Mine", "", OwnFile("", 0, {}), see, LABELS, DEFAULT.published, plan=PLAN)
    kinds = [
        lambda v: Packed(v),
        lambda v: Packed(v.astype(np.float16).astype(np.float32), "float16"),
        lambda v: reader.of_steps(np.rint(v * 40).astype(np.int32), np.array([0.025]), "range"),
        lambda v: reader.of_steps(np.rint(v * 40).astype(np.int32), np.full(len(v), 0.025), "packed"),
    ]
    state = record.build().state_dict()
    tensors = {name: kinds[k % len(kinds)](value.numpy()) for k, (name, value) in enumerate(state.items())}
    return Sqz(tensors, metadata_of(record))


@pytest.mark.parametrize("scale", [0.0, 0.05, 0.4, 3.0, 60.0])
@pytest.mark.parametrize("shape", [(1, 1, 1), (64, 3, 9), (70, 33, 1), (10, 16, 9), (1000, 1, 1)])
def test_every_coder_gives_back_what_it_was_given(shape: tuple[int, int, int], scale: float) -> None:
    levels = laplace(shape, scale)
    assert np.array_equal(reader.range_decode(sqz.range_encode(levels), shape), levels)
    flat = levels.ravel()
    assert np.array_equal(reader.unpack(sqz.pack(levels), flat.size), flat)


def test_the_range_coder_beats_the_entropy_of_the_layer() -> None:
    levels = laplace((256, 64, 9), 0.8)
    size = len(sqz.range_encode(levels))
    assert 0.8 * sqz.entropy_bits(levels) < 8 * size < 0.97 * sqz.entropy_bits(levels)


def test_a_file_is_read_back_exactly_and_opens_as_the_network_it_was(content: Sqz) -> None:
    data = sqz.write_bytes(content)
    back = sqz.read_bytes(data)
    assert back.metadata == content.metadata and list(back.tensors) == list(content.tensors)
    for name, packed in content.tensors.items():
        other = back.tensors[name]
        assert (other.kind, other.coding) == (packed.kind, packed.coding)
        assert np.array_equal(other.values, packed.values) and other.values.dtype == np.float32
        if packed.levels is not None:
            assert np.array_equal(other.levels, packed.levels)
            assert np.array_equal(other.table, packed.table)
    record = open_own(data, "mine.sqz")
    assert record.plan == PLAN and record.labels == LABELS
    assert record.preprocess == Preprocess(64, 72, (0.5, 0.4, 0.3), (0.2, 0.2, 0.1))
    weight = record.load().get_parameter("features.0.weight")
    assert np.array_equal(weight.numpy(), content.tensors["features.0.weight"].values)


def test_2000_damaged_files_are_refused_in_a_sentence(content: Sqz) -> None:
    data = sqz.write_bytes(content)
    draw = np.random.default_rng(15)
    tracemalloc.start()
    for k in range(2000):
        damaged = bytearray(data)
        if k % 3 == 0:
            damaged[draw.integers(len(data))] ^= 1 << int(draw.integers(8))
        elif k % 3 == 1:
            del damaged[draw.integers(len(data)) :]
        else:
            while damaged == data:
                size = int(draw.integers(1, 64))
                a, b = sorted(int(v) for v in draw.integers(0, len(data) - size, 2))
                if a + size <= b:
                    damaged[a : a + size], damaged[b : b + size] = data[b : b + size], data[a : a + size]
        with pytest.raises(WeightsError, match=r"^net\.sqz .*\.$"):
            sqz.read_bytes(bytes(damaged), "net.sqz")
    assert tracemalloc.get_traced_memory()[1] < 500_000_000
    tracemalloc.stop()


def resealed(data: bytes, change) -> bytes:
    """The file with its description changed, and a checksum that fits."""
    _, length, _ = struct.unpack_from("<8sII", data)
    document = json.loads(zlib.decompress(data[16 : 16 + length]))
    parts = bytearray(data[16 + length :])
    change(document, parts)
    text = zlib.compress(json.dumps(document).encode())
    return struct.pack("<8sII", sqz.MAGIC, len(text), zlib.crc32(text)) + text + bytes(parts)


def test_parts_that_were_made_to_fit_their_checksum_still_do_no_harm(content: Sqz) -> None:
    data = sqz.write_bytes(content)
    draw = np.random.default_rng(3)

    def spoil(document: dict, parts: bytearray) -> None:
        row = int(draw.integers(len(document["tensors"])))
        start = sum(r[4] for r in document["tensors"][:row])
        end = start + document["tensors"][row][4]
        for _ in range(3):
            parts[int(draw.integers(start, end))] = int(draw.integers(256))
        document["tensors"][row][5] = zlib.crc32(parts[start:end])

    refused = 0
    for _ in range(300):
        try:
            tensors = sqz.read_bytes(resealed(data, spoil)).tensors
        except WeightsError:
            refused += 1
        else:
            assert all(np.isfinite(packed.values).all() for packed in tensors.values())
    assert 0 < refused < 300


def test_the_reader_alone_reads_every_file_bit_for_bit(content: Sqz, tmp_path: Path) -> None:
    (tmp_path / "sqz_reader.py").write_bytes(Path(reader.__file__).read_bytes())
    code = """import sys; sys.path.insert(0, "."); import numpy, sqz_reader
for name in sys.argv[1:]:
    numpy.savez(name + ".npz", **sqz_reader.read_bytes(open(name, "rb").read()).state_dict())
print(sorted({"torch", "squeeze_core"} & set(sys.modules)))"""
    files = {
        file.path.name: file.path.read_bytes() for file in SHIPPED.values() if file.path.suffix == ".sqz"
    }
    assert len(files) >= 2
    files["fresh.sqz"] = sqz.write_bytes(content)
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    command = [sys.executable, "-I", "-c", code, *files]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert told.stdout.strip() == "[]"
    for name, data in files.items():
        want, got = sqz.read_bytes(data).state_dict(), np.load(tmp_path / f"{name}.npz")
        assert set(want) == set(got.files)
        assert all(want[key].tobytes() == got[key].tobytes() for key in want)


@pytest.mark.parametrize(
    "change",
    [
        lambda d, p: d["tensors"][0].__setitem__(1, [100_000, 100_000]),
        lambda d, p: d["tensors"][0].__setitem__(1, [-1, 5]),
        lambda d, p: d["tensors"][0].__setitem__(2, "pickle"),
        lambda d, p: d["tensors"][0].__setitem__(4, -4),
        lambda d, p: d["tensors"].clear(),
        lambda d, p: d.__setitem__("version", 2),
        lambda d, p: d.__setitem__("metadata", {"labels": [1]}),
    ],
)
def test_a_description_that_is_none_is_refused_before_anything_is_made(content: Sqz, change) -> None:
    with pytest.raises(WeightsError, match=r"version of \.sqz|length does not fit"):
        sqz.read_bytes(resealed(sqz.write_bytes(content), change))


@pytest.mark.parametrize(
    "foreign", [b"", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n", sqz.MAGIC, sqz.MAGIC + bytes(8)]
)
def test_foreign_files_are_refused(foreign: bytes) -> None:
    with pytest.raises(WeightsError, match=r"not a \.sqz file|damaged|unknown version"):
        sqz.read_bytes(foreign)
    with pytest.raises(WeightsError):
        open_own(foreign, "net.sqz")
