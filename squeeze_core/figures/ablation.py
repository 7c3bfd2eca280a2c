"""Ablation in figures: the answers with channels disabled."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from squeeze_core.figures.charts import Bar, Bars
from squeeze_core.figures.classification import percent
from squeeze_core.figures.style import ACCENT, styled
from squeeze_core.inside.ablation import Ablation, PruningPoint

TOP = 5


def before_after(answer: Ablation) -> Bars:
    """The top classes before and those that came in since: a bar for now, a line for before."""
    bars = tuple(
        Bar(
            str(row["class"]),
            float(row["after"]),
            f"{percent(float(row['after']))}, before {percent(float(row['before']))}",
            ACCENT,
            float(row["before"]),
        )
        for row in before_after_rows(answer)
    )
    alt = "; ".join(f"{bar.name} {bar.label}" for bar in bars)
    ticks = tuple((share / 4, f"{share / 4:.0%}") for share in range(5))
    return Bars(bars, "Probability; the line: with all channels", ticks, 1, alt, "0%")


def before_after_rows(answer: Ablation) -> list[dict[str, str | float]]:
    """The table behind `before_after`: class, before and after (probabilities, 0–1).

    The TOP best classes of the whole network, best first, then those of the TOP best without the
    channels that are not among them: the original answer never leaves the chart.
    """
    before, after = answer.before, answer.after
    originals = (-answer.logits_before).argsort(kind="stable")[:TOP].tolist()
    return [
        {"class": answer.network.labels[i], "before": float(before[i]), "after": float(after[i])}
        for i in dict.fromkeys([*originals, *(p.index for p in answer.top(TOP))])
    ]


def pruning_curve(points: Sequence[PruningPoint], label: str) -> go.Figure:
    """The class's probability against the number of least useful channels switched off."""
    figure = go.Figure(
        go.Scatter(
            x=[point.count for point in points],
            y=[point.probability for point in points],
            customdata=[[point.top_label] for point in points],
            mode="lines+markers",
            line={"color": ACCENT, "width": 3},
            hovertemplate="%{x:,} off: %{y:.1%}; says %{customdata[0]}<extra></extra>",
        )
    )
    styled(figure).update_layout(height=260)
    figure.update_xaxes(
        title_text=f"least useful channels switched off, of {points[-1].count:,}", rangemode="tozero"
    )
    figure.update_yaxes(title_text=label, tickformat=".0%", rangemode="tozero")
    return figure
