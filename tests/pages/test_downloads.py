"""Charts on pages: what is kept for several sessions stays what it is, whoever draws it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import plotly.graph_objects as go

from pages.widgets import downloads


def test_a_kept_figure_is_the_same_for_many_threads() -> None:
    """Plotly takes a trace's type away while it copies it: another thread would see a scatter chart."""
    kept = go.Figure([go.Heatmap(z=[[0, 1], [2, 3]]), go.Bar(y=[1, 2])]).to_json()

    def kinds(_: int) -> list[str]:
        return [trace.type for trace in downloads.fresh(kept).data]

    with ThreadPoolExecutor(4) as threads:
        assert all(found == ["heatmap", "bar"] for found in threads.map(kinds, range(400)))


def test_what_is_drawn_is_nobody_elses() -> None:
    own = go.Figure(go.Bar(y=[1]))
    drawn = downloads.fresh(own)
    drawn.update_layout(font_color="#FF0000")
    drawn.data[0].y = [2]
    assert json.loads(own.to_json())["data"][0]["y"] == [1] and own.layout.font.color is None
