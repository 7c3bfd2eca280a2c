"""Quantities in writing: names, units, ratios and the ticks of their axes."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

FP32_BYTES = 4  # a number takes
Cost = Literal["parameters", "megabytes", "gmacs", "activation_megabytes"]


Speed = Literal["milliseconds", "images_per_second", "peak_memory_bytes"]


class Axis(NamedTuple):
    """One quantity in writing: its title, the factor to its base unit, the unit, and the words
    for more and less of it than the reference."""

    title: str
    factor: float
    unit: str
    more: str
    less: str


COSTS: dict[Cost, Axis] = {
    "parameters": Axis("Parameters", 1, "", "larger", "smaller"),
    "megabytes": Axis("Size to store (MB, 10⁶ bytes)", 1e6, "B", "larger", "smaller"),
    "gmacs": Axis("Multiply-accumulates a picture", 1e9, "", "more", "fewer"),
    "activation_megabytes": Axis("Activation memory at batch 1 (MB, 10⁶ bytes)", 1e6, "B", "more", "less"),
}


SPEEDS: dict[Speed, Axis] = {
    "milliseconds": Axis("Time for one picture", 1e-3, "s", "slower", "faster"),
    "images_per_second": Axis("Pictures a second", 1, "", "faster", "slower"),
    "peak_memory_bytes": Axis("Peak memory, batch 1 (MB, 10⁶ bytes)", 1, "B", "more", "less"),
}


_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""), (1e-3, "m"), (1e-6, "µ"))


def amount(value: float, unit: str = "") -> str:
    """A number as people say it: 1,235,496 → "1.24 M", 0.0031 with unit s → "3.1 ms"."""
    scale, prefix = next(((s, p) for s, p in _PREFIXES if abs(value) >= 0.9995 * s), (1, ""))
    scaled = value / scale
    digits = max(0, 2 - math.floor(math.log10(abs(scaled)))) if scaled else 0
    text = f"{scaled:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text} {prefix}{unit}".rstrip()


def ratio(value: float, reference: float, axis: Axis) -> str:
    """ "112× larger" than the reference, the other way round "3.4× smaller"; empty for the same."""
    times = value / reference
    if 0.995 < times < 1.005:
        return ""
    more, word = (times, axis.more) if times > 1 else (1 / times, axis.less)
    return f"{more:.{0 if more >= 10 else 1 if more >= 1.95 else 2}f}× {word}"


def log_ticks(low: float, high: float) -> list[float]:
    """The ticks of a logarithmic axis: powers of ten, between which 2 and 5 where there are few."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1,) if len(decades) > 3 else (1, 2, 5)
    values = [step * 10.0**decade for decade in decades for step in steps]
    return [value for value in values if low <= value <= high]


def round_ticks(largest: float) -> list[float]:
    """Four to six round numbers from 0 up to the largest value."""
    rough = largest / 4
    power = 10 ** math.floor(math.log10(rough))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= 0.8 * rough)
    return [step * i for i in range(int(largest / step) + 1)]


def percent(share: float, digits: int = 1) -> str:
    """A share, 0–1, for people: "99.8 %", and "<0.1 %" rather than a false zero."""
    least = 10**-digits
    return f"<{least:g} %" if 0 < 200 * share < least else f"{100 * share:.{digits}f} %"
