"""What switching channels off does, in figures."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from squeeze_core.figures.style import ACCENT, NEUTRAL, styled
from squeeze_core.inside.ablation import Ablation, Cost


def before_after(answer: Ablation, count: int = 5) -> go.Figure:
    """The top classes before and those that came in since, each with its probability then and now."""
    rows = before_after_rows(answer, count)
    figure = go.Figure()
    for key, name, colour in (("before", "everything on", NEUTRAL), ("after", "with channels off", ACCENT)):
        figure.add_bar(
            x=[row[key] for row in rows],
            y=[row["class"] for row in rows],
            name=name,
            orientation="h",
            marker_color=colour,
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    styled(figure).update_layout(
        height=44 * len(rows) + 60, barmode="group", legend={"orientation": "h", "y": 1.12}
    )
    figure.update_xaxes(range=[0, 1], tickformat=".0%")
    figure.update_yaxes(autorange="reversed")
    return figure


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
