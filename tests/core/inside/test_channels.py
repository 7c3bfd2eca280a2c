"""One channel's filter, and which pictures light it up where."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from squeeze_core.images import Picture
from squeeze_core.inside.channels import channel_filter, channel_maxima, top_activations
from squeeze_core.inside.trace import Unit, fire_trace
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.engine import Engine


def test_a_filter_is_the_networks_own() -> None:
    filter_ = channel_filter(DEFAULT, Unit("fire5", "expand3x3", 37))
    layer = DEFAULT.load().convolution("fire5/expand3x3")
    assert filter_.weights.shape == (32, 3, 3)
    assert np.array_equal(filter_.weights, layer.weight[37].detach().numpy())
    assert filter_.inputs[31] == "fire5/squeeze/31"
    best, *_, last = filter_.strongest(32)
    assert np.linalg.norm(filter_.weights[best]) == max(np.linalg.norm(w) for w in filter_.weights)
    assert np.linalg.norm(filter_.weights[last]) == min(np.linalg.norm(w) for w in filter_.weights)


@pytest.mark.parametrize(
    ("module", "first", "last", "count"),
    [
        ("fire2", "pool1/0", "pool1/63", 64),
        ("fire3", "fire2/expand1x1/0", "fire2/expand3x3/63", 128),
        ("fire4", "fire3/expand1x1/0", "fire3/expand3x3/63", 128),
        ("fire9", "fire8/expand1x1/0", "fire8/expand3x3/255", 512),
    ],
)
def test_a_squeeze_reads_the_layer_before(module: str, first: str, last: str, count: int) -> None:
    filter_ = channel_filter(DEFAULT, Unit(module, "squeeze", 0))
    assert (filter_.inputs[0], filter_.inputs[-1], len(filter_.inputs)) == (first, last, count)


@pytest.mark.parametrize(
    "unit", [Unit("fire2", "expand3x3", 5), Unit("fire5", "expand1x1", 20), Unit("fire9", "expand3x3", 99)]
)
def test_pictures_are_ranked_by_their_largest_value(
    samples: dict[str, Picture], engine: Engine, unit: Unit
) -> None:
    traces = [fire_trace(picture, engine, DEFAULT) for picture in samples.values()]
    found = top_activations([channel_maxima(trace) for trace in traces], unit)
    values = {trace.file: trace[unit.module, unit.branch].values[unit.channel].max() for trace in traces}
    assert [one.value for one in found] == sorted(values.values(), reverse=True)
    assert all(one.value == values[one.file] for one in found)


def test_the_outlined_patch_is_what_excites_the_channel(chelsea: Picture, engine: Engine) -> None:
    """Everything outside the patch can turn grey and the value at the peak stays."""
    unit = Unit(
        "fire4",
        "expand3x3",
        int(fire_trace(chelsea, engine, DEFAULT)["fire4", "expand3x3"].order()[0]),
    )
    trace = fire_trace(chelsea, engine, DEFAULT)
    (found,) = top_activations([channel_maxima(trace)], unit)
    grey = Image.new("RGB", found.view.size, "grey")
    grey.paste(found.view.crop(found.box), found.box[:2])
    maps = engine.get(DEFAULT).parts(DEFAULT.preprocess([grey]))[f"{unit.module}/{unit.branch}"]
    row, column = trace[unit.module, unit.branch].peaks[unit.channel]
    assert float(maps[0, unit.channel, row, column]) == pytest.approx(found.value, rel=1e-4)
