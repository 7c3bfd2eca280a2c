from __future__ import annotations

import pytest

from squeeze_core.cost.comparison import row
from squeeze_core.cost.layer_times import REST, layer_times
from squeeze_core.cost.roofline import DevicePeak, layer_timings, least_time
from squeeze_core.networks.catalogue import DEFAULT


def test_every_layer_that_multiplies_has_a_time_of_its_own() -> None:
    times = layer_times(DEFAULT.load(), DEFAULT.preprocess.size)
    layers = row(DEFAULT).profile().layers
    assert {layer.name for layer in layers if layer.macs} <= set(times)
    assert all(milliseconds > 0 for milliseconds in times.values())
    assert sum(times.values()) > 0.1  # 388 M multiply-accumulates: no processor does 4·10^12 a second
    fires = {name for name in times if name.startswith("fire") and "." not in name}
    assert set(times) - {layer.name for layer in layers} - fires <= {REST}


def test_stretches_keep_every_millisecond_and_mac_and_stand_in_the_networks_order() -> None:
    cost = row(DEFAULT).profile()
    measured = {"conv1": 1.0, "fire2.squeeze": 0.25, "fire2.expand3x3": 0.5, "fire2": 0.125, REST: 0.5}
    measured |= {layer.name: 0.0 for layer in cost.layers if layer.name not in measured}
    peak = DevicePeak(bandwidth=1e9, throughput=1e9, number_bytes=4)
    conv1, fire2, rest = layer_timings(cost, peak, measured)
    assert (conv1.name, fire2.name, rest.name) == ("conv1", "fire2", REST)
    assert (conv1.milliseconds, fire2.milliseconds, rest.milliseconds) == (1.0, 0.875, 0.5)
    # 22,064,832 multiply-accumulates at 10^9 a second take longer than 3.9 MB at 10^9 bytes a second.
    assert conv1.macs == 22_064_832 and conv1.least == pytest.approx(22.064832)
    assert fire2.macs == 3_211_264 + 3_211_264 + 28_901_376 and rest.least == 0
    every = layer_timings(cost, peak, {layer.name: 1.0 for layer in cost.layers})
    assert sum(one.least for one in every) == pytest.approx(1000 * least_time(cost, peak))
    assert sum(one.macs for one in every) == cost.macs
