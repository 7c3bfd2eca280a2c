"""What switching channels off does, in figures."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from squeeze_core.figures.charts import Bar, Bars
from squeeze_core.figures.classification import percent
from squeeze_core.figures.style import ACCENT, styled
from squeeze_core.inside.ablation import Ablation, Cost


def before_after(answer: Ablation, count: int = 5) -> Bars:
    """The top classes before and those that came in since: a bar for now, a line for before."""
    bars = tuple(
        Bar(
            str(row["class"]),
            float(row["after"]),
            f"{percent(float(row['after']))}, before {percent(float(row['before']))}",
            ACCENT,
            float(row["before"]),
        )
        for row in before_after_rows(answer, count)
    )
    alt = "; ".join(f"{bar.name} {bar.label}" for bar in bars)
    ticks = tuple((share / 4, f"{share / 4:.0%}") for share in range(5))
    return Bars(bars, "Probability; the line: with all channels", ticks, 1, alt, "0%")


def before_after_rows(answer: Ablation, count: int = 5) -> list[dict[str, str | float]]:
    """The table behind `before_after`: class, before and after (probabilities, 0–1).

    The `count` best classes of the whole network, best first, then those of the `count` best without
    the channels that are not among them: the original answer never leaves the chart.
    """
    before, after = answer.before, answer.after
    originals = (-answer.logits_before).argsort(kind="stable")[:count].tolist()
    return [
        {"class": answer.network.labels[i], "before": float(before[i]), "after": float(after[i])}
        for i in dict.fromkeys([*originals, *(p.index for p in answer.top(count))])
    ]


def cost_curve(costs: Sequence[Cost], label: str) -> go.Figure:
    """The class's probability against the number of least useful channels switched off."""
    figure = go.Figure(
        go.Scatter(
            x=[cost.count for cost in costs],
            y=[cost.probability for cost in costs],
            customdata=[[cost.top_label] for cost in costs],
            mode="lines+markers",
            line={"color": ACCENT, "width": 3},
            hovertemplate="%{x:,} off: %{y:.1%}; says %{customdata[0]}<extra></extra>",
        )
    )
    styled(figure).update_layout(height=260)
    figure.update_xaxes(
        title_text=f"least useful channels switched off, of {costs[-1].count:,}", rangemode="tozero"
    )
    figure.update_yaxes(title_text=label, tickformat=".0%", rangemode="tozero")
    return figure
