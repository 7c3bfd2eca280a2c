"""Names of files and classes are text in every figure, never markup."""

from __future__ import annotations

import html as markup
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from squeeze_core.cost.design_space import Choice, design
from squeeze_core.figures import channels, design_space, explanations, fire_modules
from squeeze_core.figures.charts import Bar, Bars, Bubble, Bubbles, Squares, Tile, Tiles
from squeeze_core.figures.plotly_charts import figure
from squeeze_core.inside.channels import Filter
from squeeze_core.inside.explain import Score

NAMES = (
    "<b>bold</b><a href='http://evil.example'>click</a>",
    "<script>alert(1)</script>",
    "%{x}%{customdata}",
    r"$\frac{a}{b}$",
    "AT&amp;T &lt;i&gt; &#60;i&#62;",
)
NETWORK = design(Choice())
SCORE = Score(np.linspace(0, 1, 3), np.zeros(3, np.float32), np.ones(3, np.float32))


def drawn(name: str) -> dict[str, go.Figure]:
    bar = Bar(name, 2.0, name, "#D9560B", facts=(name, name))
    bubble = Bubble(name, 2.0, 50.0, 1.0, "#D9560B", True, (name,))
    module = replace(NETWORK.modules[1], name=name)
    return {
        "bars": figure(Bars((bar, replace(bar, facts=())), name, "B")),
        "bubbles": figure(Bubbles((bubble,), (), name, "B", name, (name, name, name))),
        "squares": figure(Squares((bar, *(replace(bar, value=one) for one in (0.02, 0.01))))),
        "tiles": figure(Tiles(name, (Tile(name, 2.0, (Tile("a", 1.0), Tile(name, 1.0))),), "#D9560B")),
        "layers": fire_modules.network_strip({name: (8, 4, 4)}, name),
        "kernels": channels.weights(Filter(np.ones((2, 3, 3), np.float32), (name, name))),
        "weights": channels.weights(Filter(np.ones((2, 1, 1), np.float32), (name, name))),
        "curves": explanations.deletion_insertion([(name, SCORE)]),
        "design": design_space.strip(replace(NETWORK, modules=(module,))),
    }


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            # Keys of clicks and of a treemap's tree, which Plotly does not show.
            if key not in ("ids", "parents"):
                yield from texts(inner)
    elif isinstance(value, list | tuple | np.ndarray):
        for inner in value:
            yield from texts(inner)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", drawn("cat"))
def test_a_name_is_text_and_not_markup(kind: str, name: str) -> None:
    made = drawn(name)[kind]
    if kind == "layers":  # a click's key comes first
        made.data[0].customdata = [row[1:] for row in made.data[0].customdata]
    found = list(texts(made.to_plotly_json()))
    assert not [text for text in found if name in text]
    own = ("<br>", "<b>", "</b>", "<extra>", "</extra>")
    shown = []
    for text in found:
        for tag in own:
            text = text.replace(tag, " " if tag == "<br>" else "")
        assert "<" not in text and "$" not in text and "&amp;" not in text, text
        shown.append(markup.unescape(text))
    assert any(name in text for text in shown)
