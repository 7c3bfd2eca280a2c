"""HTML for notebooks, which show an object by its `_repr_html_` or `_repr_png_`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from squeeze_core.cost.units import percent


def table(caption: str, rows: Sequence[Mapping[str, object]]) -> str:
    """The rows under their keys, a float as a share in per cent; "none" where there are none."""
    cells = [list(map(_text, row.values())) for row in rows] or [["none"]]
    head = _row("th", list(rows[0]) if rows else [])
    body = "".join(_row("td", row) for row in cells)
    return f"<table><caption>{escape(caption)}</caption>{head}{body}</table>"


def _text(value: object) -> str:
    return percent(value) if isinstance(value, float) else str(value)


def _row(tag: str, texts: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts) + "</tr>"
