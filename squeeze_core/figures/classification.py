"""Class probabilities as bars."""

from __future__ import annotations

from collections.abc import Sequence

from squeeze_core.classifier import Prediction
from squeeze_core.cost.units import percent
from squeeze_core.figures.charts import Bar, Bars


def describe(predictions: Sequence[Prediction]) -> str:
    """The bars in words, for people who cannot see them."""
    return "; ".join(f"{p.label} {percent(p.probability)}" for p in predictions)


def probability_bars(predictions: Sequence[Prediction], color: str) -> Bars:
    """One bar a class, from 0 to 1, the best on top."""
    bars = tuple(Bar(p.label, p.probability, percent(p.probability), color) for p in predictions)
    return Bars(bars, "", "%")
