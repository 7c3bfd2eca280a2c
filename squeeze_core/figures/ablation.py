"""Ablation in figures: the answers with channels disabled."""

from __future__ import annotations

from squeeze_core.cost.units import percent
from squeeze_core.figures.charts import Bar, Bars
from squeeze_core.figures.style import ACCENT
from squeeze_core.inside.ablation import Ablation

TOP = 5


def before_after(answer: Ablation) -> Bars:
    """The classes of `before_after_rows`: a bar without the channels, a line with all of them."""
    bars = []
    for row in before_after_rows(answer):
        before, after = float(row["before"]), float(row["after"])
        bars.append(
            Bar(str(row["class"]), after, f"{percent(after)}, before {percent(before)}", ACCENT, before)
        )
    return Bars(tuple(bars), "Probability; the line: with all channels", "%")


def before_after_rows(answer: Ablation) -> list[dict[str, str | float]]:
    """The table behind `before_after`: class, before and after (probabilities, 0–1).

    The TOP best classes of the whole network, best first, then the other TOP best without the channels.
    """
    before, after = answer.before, answer.after
    both = (answer.logits_before, answer.logits_after)
    best = [i for logits in both for i in (-logits).argsort(kind="stable")[:TOP].tolist()]
    return [
        {"class": answer.network.labels[i], "before": float(before[i]), "after": float(after[i])}
        for i in dict.fromkeys(best)
    ]
