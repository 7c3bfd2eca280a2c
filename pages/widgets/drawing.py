"""Charts on screen: the drawings that slides and the web page show too, with names to point or tab at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from pages.widgets import downloads
from squeeze_core.figures import layout
from squeeze_core.figures.charts import Chart
from squeeze_core.figures.svg import svg

_HERE = Path(__file__).parent
# Drawn for a wide column, a narrow one and a phone; the style sheet shows the one that fits.
_WIDTHS = {"wide": 960, "middle": 560, "phone": 350}


def chart(figure: Chart, *, table: downloads.Rows, name: str) -> None:
    """The chart at full width, the table behind it, and downloads of both.

    `name`: file name without ending, unique on its page.
    """
    plot(figure, name=name)
    with st.expander("Table and downloads", icon=":material/table:"):
        st.dataframe(table, width="stretch", hide_index=True, key=f"table-{name}", alt=figure.alt)
        downloads.buttons(name, svg=svg(layout.draw(figure, _WIDTHS["wide"])), table=table)


def plot(figure: Chart, *, name: str, height: float | None = None) -> None:
    """The chart alone, at full width; a button under it saves it as a PNG.

    `height`: points, where its column is wide; None for what suits it.
    """
    drawn = {
        size: svg(layout.draw(figure, width, None if size == "phone" else height), "inherit")
        for size, width in _WIDTHS.items()
    }
    _component()(data={"drawings": drawn, "name": name}, key=f"drawing-{name}")


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component(
        "drawing",
        html='<div class="drawing"></div>',
        css=(_HERE / "drawing.css").read_text(),
        js=(_HERE / "drawing.js").read_text(),
    )
