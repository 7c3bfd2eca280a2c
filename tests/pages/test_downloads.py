"""Charts on pages: what is drawn is a copy."""

from __future__ import annotations

import json

import plotly.graph_objects as go

from pages.widgets import downloads


def test_what_is_drawn_is_nobody_elses() -> None:
    own = go.Figure(go.Bar(y=[1]))
    drawn = downloads.fresh(own)
    drawn.update_layout(font_color="#FF0000")
    drawn.data[0].y = [2]
    assert json.loads(own.to_json())["data"][0]["y"] == [1] and own.layout.font.color is None
