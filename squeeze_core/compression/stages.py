"""The stages of compression: each a function with its title, its words and its source.

A stage takes a network's tensors by name, as stored so far, and returns them as it stores them. presets.py
combines stages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from squeeze_core.compression.second_order import quantise
from squeeze_core.compression.sensitivity import Study
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.weights import sqz
from squeeze_core.networks.weights.sqz.reader import Packed, of_steps

Tensors = Mapping[str, Packed]


@dataclass(frozen=True)
class Stage:
    """`run(tensors, study)` returns the new tensors; the study measures each layer's sensitivity."""

    name: str
    title: str
    words: str
    source: str
    run: Callable[[Tensors, Study], Tensors]


# -- quantise ----------------------------------------------------------------------------------------


_DEAD_ZONE = 0.1  # steps around zero that become zero beyond what rounding to the nearest gives


def uniform(bits: float) -> Stage:
    """One step for a layer, a share of its standard deviation: about `bits` of entropy a weight."""

    def run(tensors: Tensors, study: Study) -> Tensors:
        deviation = {n: float(p.values.std()) for n, p in tensors.items() if p.values.ndim == 4}
        return _biases(_at_bits(tensors, deviation, bits), _half)

    return Stage(
        "uniform",
        "Round to steps",
        f"Each layer's weights become whole multiples of one step: about {bits:g} bits each.",
        "Uniform quantiser with a dead zone",
        run,
    )


def second_order(rd_weight: float) -> Stage:
    """Levels by `second_order.quantise`, and the biases that go with them; `rd_weight`: λ, nats a bit."""

    def run(tensors: Tensors, study: Study) -> Tensors:
        assert isinstance(study.network, SqueezeNet)
        quantised = quantise(
            study.network, study.inputs, study.curvature, rd_weight, lambda s: study.tick(0.5 + 0.5 * s)
        )
        out = dict(tensors)
        for name, layer in quantised.items():
            out[name] = of_steps(layer.levels, np.array([layer.step]))
            out[name.removesuffix("weight") + "bias"] = Packed(layer.bias)
        return _biases(out, _sixteenths)

    return Stage(
        "second-order",
        "Choose levels with error compensation",
        "Each weight takes the level of least loss and fewest bits; the weights after it, and the bias, "
        "compensate for its rounding error.",
        "Frantar and Alistarh, Optimal Brain Compression, arXiv:2208.11580; GPTQ, arXiv:2210.17323",
        run,
    )


def _at_bits(tensors: Tensors, deviation: Mapping[str, float], bits: float) -> Tensors:
    """Rounded with steps in the proportions of `deviation`, so large that `bits` of entropy remain."""
    weights = {name: p.values for name, p in tensors.items() if p.values.ndim == 4}
    most, least = -5.0, 4.0
    for _ in range(12):
        middle = (most + least) / 2
        changed = {n: _round(w, _step(w, deviation[n] * 2**middle), _DEAD_ZONE) for n, w in weights.items()}
        made = {name: changed.get(name, p) for name, p in tensors.items()}
        if mean_entropy(made) > bits:
            most = middle
        else:
            least = middle
    return made


def _step(values: np.ndarray, step: float) -> float:
    """A step that leaves levels which the coder takes."""
    return max(step, float(np.abs(values).max()) / sqz.LARGEST, 1e-12)


def _round(values: np.ndarray, step: float, dead_zone: float) -> Packed:
    levels = np.sign(values) * np.floor(np.abs(values) / step + 0.5 - dead_zone)
    return of_steps(levels.astype(np.int32), np.array([step]))


def mean_entropy(tensors: Tensors) -> float:
    """Mean entropy of the weights' levels, bits a weight."""
    coded = [p.levels for p in tensors.values() if p.levels is not None and p.values.ndim == 4]
    return sum(map(sqz.entropy_bits, coded)) / sum(levels.size for levels in coded)


def _half(packed: Packed) -> Packed:
    largest = float(np.finfo(np.float16).max)
    values = np.clip(packed.values, -largest, largest).astype(np.float16).astype(np.float32)
    return replace(packed, values=values, kind="float16", coding="plain", levels=None, table=None)


def _biases(tensors: Tensors, change: Callable[[Packed], Packed]) -> Tensors:
    """The biases, which are few, changed: to float16, or to multiples of a sixteenth of their spread."""
    return {name: change(p) if p.values.ndim == 1 else p for name, p in tensors.items()}


def _sixteenths(bias: Packed) -> Packed:
    step = _step(bias.values, float(bias.values.std()) / 16)
    return replace(_round(bias.values, step, 0.0), coding="range")


# -- code --------------------------------------------------------------------------------------------


def range_coding() -> Stage:
    """The adaptive range coder of `sqz.reader`."""

    def run(tensors: Tensors, study: Study) -> Tensors:
        return {
            name: replace(p, coding="range") if p.levels is not None else p for name, p in tensors.items()
        }

    return Stage(
        "range",
        "Range coding",
        "Frequent values get short codes, as in a ZIP file; earlier weights say which are frequent.",
        "Martin 1979; Bamler, constriction, arXiv:2201.01741",
        run,
    )
