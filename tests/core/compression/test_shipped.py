"""The compressed SqueezeNet that comes with the package, and the curve it lies on."""

from __future__ import annotations

import numpy as np
import pytest

from squeeze_core.compression.curve import curve
from squeeze_core.compression.presets import views
from squeeze_core.compression.sensitivity import divergence
from squeeze_core.networks.catalogue import DEFAULT, compressed_of, named
from squeeze_core.networks.own import open_own_file

NAME = "squeezenet1_1_sqz"


@pytest.mark.parametrize("name", [NAME, "squeezenet1_1_sqz_496"])
def test_a_shipped_file_answers_as_the_full_network_does(name: str) -> None:
    record = named(name)
    assert record.present() and record.plan == DEFAULT.plan and record.preprocess == DEFAULT.preprocess
    pictures = views(DEFAULT, each=1)
    want, got = (network.load_on("cpu")(pictures) for network in (DEFAULT, record))
    assert 0 < divergence(want, got) < 0.15
    for full, small in zip(want, got, strict=True):  # a cat may change between tabby and Egyptian
        assert small.argmax() in full.argsort()[-3:]
    path = record.weights.file()
    assert path is not None and path.stat().st_size < 0.11 * 4 * 1_235_496
    opened = open_own_file(path)
    assert opened.preprocess == DEFAULT.preprocess and opened.labels == DEFAULT.labels
    state = record.weights.state()
    assert all(np.array_equal(value, state[key]) for key, value in opened.weights.state().items())


def test_the_curve_holds_the_shipped_files_and_ours_beats_uniform_steps_at_every_size() -> None:
    points = curve().points
    shipped = [point.bytes for point in points if point.series == "shipped"]
    assert shipped == [one.weights.bytes() for one in compressed_of(DEFAULT)]
    ours = [point for point in points if point.series == "second-order"]
    beaten = [point for point in points if point.series == "uniform" and 300_000 < point.bytes < 900_000]
    assert len(beaten) >= 5
    for uniform in beaten:
        near = [point for point in ours if point.bytes < 1.05 * uniform.bytes]
        assert min(point.divergence for point in near) < uniform.divergence
