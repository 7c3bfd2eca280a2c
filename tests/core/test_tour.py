"""The notebook of docs/ runs, and what its cells end in shows itself."""

from __future__ import annotations

import ast
import io
import json
from pathlib import Path
from typing import Any

from PIL import Image

from squeeze_core.cost.units import percent

TOUR = Path(__file__).parents[2] / "docs" / "tour.ipynb"


def test_every_cell_runs_and_shows_its_result() -> None:
    cells = json.loads(TOUR.read_text("utf-8"))["cells"]
    names: dict[str, Any] = {}
    shown = []
    for cell in cells:
        if cell["cell_type"] == "code":
            *before, last = ast.parse("".join(cell["source"])).body
            assert isinstance(last, ast.Expr)
            exec(compile(ast.Module(before, []), "cell", "exec"), names)
            shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), names))
    picture, answer, found, trace, (computed, network), explanation, _, design, opened = shown
    assert Image.open(io.BytesIO(picture._repr_png_())).size == (451, 300)
    assert f"<td>Egyptian cat</td><td>{percent(0.5158)}</td>" in answer._repr_html_()
    assert "<caption>1 objects" not in found._repr_html_() and "<td>cat</td>" in found._repr_html_()
    assert "<td>32 × 28 × 28, " in trace._repr_html_() and trace._repr_html_().count("<tr>") == 9
    assert abs(computed - network) < 1e-3 < computed
    assert Image.open(io.BytesIO(explanation._repr_png_())).size == explanation.view.size
    assert design.startswith("4,841,704 parameters")
    assert "\n" not in repr(opened) and len(repr(opened)) < 200
