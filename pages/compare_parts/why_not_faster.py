"""SqueezeNet's time beside AlexNet's on this machine, layer by layer, and the reasons."""

from __future__ import annotations

import streamlit as st

from pages.compare_parts import machine
from pages.widgets import downloads
from pages.widgets.words import plain
from squeeze_core.cost import comparison
from squeeze_core.cost.comparison import REFERENCE, NetworkRow
from squeeze_core.cost.measure import Measurement
from squeeze_core.cost.profile import Profile
from squeeze_core.cost.roofline import layer_timings, least_time, moved
from squeeze_core.cost.units import FP32_BYTES, amount
from squeeze_core.figures import comparison_charts
from squeeze_core.report import findings

# Fifty times larger: the network that the paper compares with.
LARGE = "alexnet"


def draw() -> None:
    """SqueezeNet beside AlexNet: counted and published, and once both were measured, layer by layer."""
    small, large = comparison.row(REFERENCE), comparison.row(LARGE)
    here, other = (machine.measured().get(row.name) for row in (small, large))
    with st.container(border=True):
        st.header("Why isn’t fifty times smaller fifty times faster?", anchor=False)
        st.markdown(
            f"**{findings.not_as_fast([one for one in (here, other) if one])}.** Parameters have to be "
            "stored and sent; what takes time is multiplying and moving numbers."
        )
        if not (here and other):
            machine.run((small, large), f"Measure SqueezeNet and {large.title}", key="why-not-faster")
            return
        _quantities(small, large, here, other)
        if here.layers and here.peak:
            _layers(small, here)


def _quantities(small: NetworkRow, large: NetworkRow, here: Measurement, other: Measurement) -> None:
    """Numbers stored, multiplied and moved by each network, and its time here."""
    size = here.peak.number_bytes if here.peak else FP32_BYTES
    table = []
    for cost, measured in ((small.profile(), here), (large.profile(), other)):
        found: dict[str, tuple[float, str]] = {
            "Parameters": (cost.parameters, ""),
            "Multiply-accumulates": (cost.macs, ""),
            "Activations moved": (_activations(cost, size), "B"),
            "Weights moved": (size * cost.parameters, "B"),
        }
        if here.peak and measured.peak:
            found["Least time, by the roofline"] = (least_time(cost, measured.peak), "s")
        found["Measured time"] = (measured.milliseconds / 1000, "s")
        table.append(found)
    rows = []
    for name, (value, unit) in table[0].items():
        times = table[1][name][0] / value
        rows.append(
            {
                "For one picture": name,
                small.title: amount(value, unit),
                large.title: amount(table[1][name][0], unit),
                "Times as much": f"{times:.{0 if times >= 10 else 1}f}×",
            }
        )
    st.dataframe(rows, hide_index=True, key="why-not-faster-table", alt="Needs of each network")
    downloads.buttons("why-not-faster", table=rows)


def _activations(cost: Profile, number_bytes: int) -> int:
    """Bytes of activations that its layers read and write, at so many a number."""
    weights = sum(layer.parameters for layer in cost.layers if moved(layer, number_bytes))
    return sum(moved(layer, number_bytes) for layer in cost.layers) - number_bytes * weights


def _layers(small: NetworkRow, here: Measurement) -> None:
    """The time of each of SqueezeNet's layers, beside its roofline."""
    assert here.peak is not None
    found = layer_timings(small.profile(), here.peak, here.layers)
    st.markdown(f"**Where {plain(small.title)}’s time goes**")
    table = [
        {
            "Layer": one.name,
            "Measured (ms)": round(one.milliseconds, 3),
            "Roofline (ms)": round(one.least, 3),
            "MACs": one.macs,
            "Bytes moved": one.moved,
        }
        for one in found
    ]
    downloads.chart(comparison_charts.layer_timing_bars(found), table=table, name="layer-times")
    st.caption(
        f"Measured on {here.conditions}: each layer by ONNX Runtime’s own clock, median of its runs, a "
        "convolution with its ReLU; “rest” is what belongs to no layer. Roofline (Williams, Waterman and "
        "Patterson 2009): the longer of multiplying and of moving weights and activations once, at the "
        f"{here.peak} that PyTorch reached here on a matrix product and a copy. Between layers numbers "
        "may stay in the processor’s caches, and small layers do not fill it: so measured times lie on "
        "both sides."
    )
