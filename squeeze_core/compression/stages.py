"""The stages of compression: each a function with its title, its words and its source.

A stage takes a network's tensors by name, as stored so far, and returns them as it stores them. presets.py
combines stages.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from squeeze_core.compression.rate import code_lengths
from squeeze_core.compression.second_order import quantise
from squeeze_core.compression.sensitivity import Curvature, Study
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.weights import sqz
from squeeze_core.networks.weights.sqz import Coding, Packed, coder

Tensors = Mapping[str, Packed]

DEEP_COMPRESSION = "Han, Mao and Dally, Deep Compression, arXiv:1510.00149"


@dataclass(frozen=True)
class Stage:
    """`run(tensors, study)` returns the new tensors; the study measures each layer's sensitivity."""

    name: str
    title: str
    words: str
    source: str
    run: Callable[[Tensors, Study], Tensors]


def _each_weight(change: Callable[[Packed], Packed]) -> Callable[[Tensors, Study], Tensors]:
    def run(tensors: Tensors, study: Study) -> Tensors:
        return {name: change(p) if p.values.ndim == 4 else p for name, p in tensors.items()}

    return run


# -- prune -------------------------------------------------------------------------------------------


def prune(sparsity: float) -> Stage:
    """Set the share `sparsity` of all weights to zero, in each layer those of least magnitude.

    How many in which layer: all weights are ranked by curvature × square, the rise of the loss when
    a weight is left out.
    """

    def run(tensors: Tensors, study: Study) -> Tensors:
        curvature = study.curvature
        cost = {n: curvature[n] * np.square(p.values) for n, p in tensors.items() if p.values.ndim == 4}
        threshold = np.quantile(np.concatenate([c.ravel() for c in cost.values()]), sparsity)
        return {
            name: Packed(p.values * (cost[name] > threshold), "float32", "masked") if name in cost else p
            for name, p in tensors.items()
        }

    return Stage(
        "prune",
        "Prune",
        f"The {sparsity:.0%} of the weights that matter least to the answers become zero.",
        "Han, Pool, Tran and Dally, arXiv:1506.02626, section 3",
        run,
    )


# -- quantise ----------------------------------------------------------------------------------------


def codebook(bits: int) -> Stage:
    """Share weights: each layer's non-zero ones become 2^bits − 1 values, by one-dimensional k-means."""

    def change(packed: Packed) -> Packed:
        values = packed.values
        nonzero = values[values != 0]
        levels = np.zeros(values.shape, np.int32)
        if not nonzero.size:
            return sqz.of_codebook(levels, np.zeros(1))
        centres = k_means(nonzero, min(2**bits - 1, np.unique(nonzero).size))
        levels[values != 0] = 1 + np.searchsorted((centres[1:] + centres[:-1]) / 2, nonzero)
        return sqz.of_codebook(levels, np.concatenate([[0.0], centres]))

    return Stage(
        "codebook",
        "Share weights",
        f"Each layer has {2**bits} values, found by k-means; a weight is a number of {bits} bits.",
        f"{DEEP_COMPRESSION}, section 3",
        _each_weight(change),
    )


def k_means(values: np.ndarray, count: int) -> np.ndarray:
    """`count` ascending centres of one-dimensional `values`, begun evenly spread (the paper's "linear")."""
    ordered = np.sort(values.astype(np.float64))
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    centres = np.linspace(ordered[0], ordered[-1], count)
    for _ in range(25):
        edges = np.searchsorted(ordered, (centres[1:] + centres[:-1]) / 2)
        edges = np.concatenate([[0], edges, [ordered.size]])
        members = np.diff(edges)
        means = (sums[edges[1:]] - sums[edges[:-1]]) / np.maximum(members, 1)
        moved = np.where(members > 0, means, centres)
        if np.allclose(moved, centres, rtol=1e-6, atol=0):
            break
        centres = np.sort(moved)
    return centres.astype(np.float32)


_DEAD_ZONE = 0.1  # steps around zero that become zero beyond what rounding to the nearest gives


def uniform(bits: float) -> Stage:
    """One step for a layer, a share of its standard deviation: about `bits` of entropy a weight."""

    def run(tensors: Tensors, study: Study) -> Tensors:
        deviation = {n: float(p.values.std()) for n, p in tensors.items() if p.values.ndim == 4}
        return _at_bits(tensors, deviation, bits, _DEAD_ZONE)

    return Stage(
        "uniform",
        "Round to steps",
        f"Each layer's weights become whole multiples of one step: about {bits:g} bits each.",
        "Uniform quantiser with a dead zone",
        run,
    )


def rate_distortion(bits: float) -> Stage:
    """Steps by sensitivity; then each level is the one of least distortion + λ × bits."""

    def run(tensors: Tensors, study: Study) -> Tensors:
        curvature = study.curvature
        relative = {name: 1 / math.sqrt(value) for name, value in curvature.items()}

        def chosen(rounded_bits: float) -> Tensors:
            return choose_levels(tensors, _at_bits(tensors, relative, rounded_bits, 0.0), curvature)

        # The choice of levels saves bits, so the rounding has more.
        return _search(chosen, 1.5 * bits, 0.75 * bits, 5, bits)

    return Stage(
        "rate-distortion",
        "Choose levels by rate and distortion",
        "Layers that matter more get finer steps, and a weight takes a smaller level where that saves bits "
        f"and changes the answers little: about {bits:g} bits each.",
        "Entropy-constrained quantisation; Wiedemann et al., DeepCABAC, arXiv:1907.11900",
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
            out[name] = sqz.of_steps(layer.levels, np.array([layer.step]))
            out[name.removesuffix("weight") + "bias"] = Packed(layer.bias)
        return out

    return Stage(
        "second-order",
        "Choose levels with error compensation",
        "Each weight takes the level of least loss and fewest bits; the weights after it, and the bias, "
        "compensate for its rounding error.",
        "Frantar and Alistarh, Optimal Brain Compression, arXiv:2208.11580; GPTQ, arXiv:2210.17323",
        run,
    )


# λ over the median layer's curvature × step²: one bit less balances its distortion at high rates, ln 2 / 6.
_RD_WEIGHT = math.log(2) / 6


def choose_levels(tensors: Tensors, rounded: Tensors, curvature: Curvature) -> Tensors:
    """`rounded` (kind "steps") with each level moved one nearer to zero where that costs less.

    Cost: curvature × squared error + λ × bits, with the bits that the range coder's contexts give.
    `tensors` hold the weights before rounding.
    """
    steps = {name: float(p.table[0]) for name, p in rounded.items() if p.table is not None}
    distortion = {name: curvature[name] * step**2 for name, step in steps.items()}
    rd_weight = _RD_WEIGHT * float(np.quantile(list(distortion.values()), 0.5, method="lower"))
    chosen = dict(rounded)
    for name, step in steps.items():
        target = sqz.as_layer(tensors[name].values / step)
        nearest = np.rint(target)
        smaller = nearest - np.sign(nearest)
        levels = nearest
        for _ in range(3):
            lengths = code_lengths(levels)
            stay, move = (
                distortion[name] * np.square(target - option) + rd_weight * lengths.of(option)
                for option in (nearest, smaller)
            )
            levels = np.where(move < stay, smaller, nearest)
        levels = levels.astype(np.int32).reshape(tensors[name].values.shape)
        chosen[name] = sqz.of_steps(levels, np.array([step]), rounded[name].coding)
    return chosen


def _at_bits(tensors: Tensors, relative: Mapping[str, float], bits: float, dead_zone: float) -> Tensors:
    """Rounded with steps in the proportions of `relative`, so large that `bits` of entropy remain."""
    weights = {name: p.values for name, p in tensors.items() if p.values.ndim == 4}
    ratio = np.median([float(w.std()) / relative[name] for name, w in weights.items()])

    def rounded(power: float) -> Tensors:
        steps = {name: _step(w, relative[name] * ratio * 2**power) for name, w in weights.items()}
        changed = {name: _round(w, steps[name], dead_zone) for name, w in weights.items()}
        return {name: changed.get(name, p) for name, p in tensors.items()}

    return _search(rounded, -5.0, 4.0, 12, bits)


def _search(
    make: Callable[[float], Tensors], most: float, least: float, rounds: int, bits: float
) -> Tensors:
    """`make` of the number between `most` and `least`, found by bisection, that gives `bits` of entropy."""
    for _ in range(rounds):
        middle = (most + least) / 2
        made = make(middle)
        if mean_entropy(made) > bits:
            most = middle
        else:
            least = middle
    return made


def _step(values: np.ndarray, step: float) -> float:
    """A step that leaves levels which the coder takes."""
    return max(step, float(np.abs(values).max()) / coder.LARGEST, 1e-12)


def _round(values: np.ndarray, step: float, dead_zone: float) -> Packed:
    levels = np.sign(values) * np.floor(np.abs(values) / step + 0.5 - dead_zone)
    return sqz.of_steps(levels.astype(np.int32), np.array([step]))


def mean_entropy(tensors: Tensors) -> float:
    """Mean entropy of the weights' levels, bits a weight."""
    coded = [p.levels for p in tensors.values() if p.levels is not None and p.values.ndim == 4]
    return sum(map(coder.entropy_bits, coded)) / sum(levels.size for levels in coded)


def half() -> Stage:
    """Every tensor as float16."""

    def run(tensors: Tensors, study: Study) -> Tensors:
        return {name: _half(p) for name, p in tensors.items()}

    return Stage(
        "half", "Half precision", "Each weight takes 16 bits instead of 32.", "IEEE 754 binary16", run
    )


def _half(packed: Packed) -> Packed:
    largest = float(np.finfo(np.float16).max)
    values = np.clip(packed.values, -largest, largest).astype(np.float16).astype(np.float32)
    return replace(packed, values=values, kind="float16", coding="plain", levels=None, table=None)


def int8() -> Stage:
    """Eight bits a weight, one step for each output channel."""

    def change(packed: Packed) -> Packed:
        values = packed.values
        steps = np.maximum(np.abs(values).reshape(len(values), -1).max(1) / 127, 1e-12)
        levels = np.rint(values / steps.reshape(-1, 1, 1, 1)).astype(np.int32)
        return sqz.of_steps(levels, steps)

    return Stage(
        "int8",
        "int8 per channel",
        "Each weight takes 8 bits; each output channel has its own step.",
        "Jacob et al., arXiv:1712.05877; per channel: Krishnamoorthi, arXiv:1806.08342",
        _each_weight(change),
    )


def biases(kind: str = "half") -> Stage:
    """Biases as float16, or as whole multiples of a sixteenth of their spread, range coded."""

    def run(tensors: Tensors, study: Study) -> Tensors:
        change = _half if kind == "half" else _sixteenths
        return {name: change(p) if p.values.ndim == 1 else p for name, p in tensors.items()}

    rounded = "keep 16 bits" if kind == "half" else "are rounded to a sixteenth of their spread"
    return Stage("biases", "Biases", f"The biases, which are few, {rounded}.", "", run)


def _sixteenths(bias: Packed) -> Packed:
    step = _step(bias.values, float(bias.values.std()) / 16)
    return replace(_round(bias.values, step, 0.0), coding="range")


# -- code --------------------------------------------------------------------------------------------


def _code(coding: Coding) -> Callable[[Tensors, Study], Tensors]:
    return _each_weight(lambda p: p if p.levels is None else replace(p, coding=coding))


def huffman() -> Stage:
    """Huffman codes of the gaps between non-zero weights and of their levels."""
    return Stage(
        "huffman",
        "Huffman coding",
        "Frequent values get short code words; zeros are left out and only their number is stored.",
        f"{DEEP_COMPRESSION}, sections 2 and 4",
        _code("gap-huffman"),
    )


def range_coding() -> Stage:
    """The adaptive range coder of coder.py."""
    return Stage(
        "range",
        "Range coding",
        "Frequent values get short codes, as in a ZIP file; the weights before tell how frequent each is.",
        "Martin 1979; Bamler, constriction, arXiv:2201.01741",
        _code("range"),
    )
