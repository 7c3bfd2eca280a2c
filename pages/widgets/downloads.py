"""Charts, the tables behind them, and downloads: PNG and HTML, CSV, JSON, NumPy arrays."""

from __future__ import annotations

import io
import json as json_text
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import streamlit as st

from pages.server.streamlit_internals import CHART_TEXT
from pages.widgets.words import plain
from squeeze_core.figures.charts import Chart
from squeeze_core.spreadsheet import csv_bytes

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from PIL import Image

PLOTLYS_HEIGHT = 450
Rows = Sequence[Mapping[str, Any]]
Figure: TypeAlias = "Chart | go.Figure"


def chart(figure: Figure, *, table: Rows, name: str, alt: str = "") -> None:
    """The figure at full width, the table behind it, and downloads of both.

    `name`: file name without ending, unique on its page. `alt`: the text alternative, a chart's own if "".
    """
    alt = alt or _alt(figure)
    plot(figure, name=name, alt=alt)
    with st.expander("Table and downloads", icon=":material/table:"):
        st.dataframe(table, width="stretch", hide_index=True, key=f"table-{name}", alt=alt)
        buttons(name, figure=figure, table=table)


def plot(figure: Figure, *, name: str, alt: str = "", height: int | None = None) -> None:
    """The figure alone, at full width; `buttons` of the same name offers it as PNG and HTML.

    `height`: in pixels; None for the figure's own.
    """
    camera = {"toImageButtonOptions": {"format": "png", "filename": name, "scale": 2}}
    config = camera | {"displaylogo": False, "modeBarButtons": [["toImage"]]}
    drawn = fresh(figure)
    # The theme's in the browser, also after the theme has changed; the PNG is what is drawn.
    drawn.update_layout(font_color=CHART_TEXT, paper_bgcolor=None)
    if height:
        drawn.update_layout(height=height)
    if "Mobi" in st.context.headers.get("User-Agent", ""):
        drawn.update_layout(dragmode=False)  # a finger scrolls the page instead of enlarging a part
    # The height is told, so that room is kept while the browser fetches the chart library.
    height = int(drawn.layout.height or PLOTLYS_HEIGHT)
    st.plotly_chart(drawn, height=height, key=f"chart-{name}", config=config, alt=alt or _alt(figure))


def fresh(figure: Figure) -> go.Figure:
    """A Plotly figure that nobody else holds."""
    import plotly.io

    from squeeze_core.figures import plotly_charts

    if isinstance(figure, Chart):
        return plotly_charts.figure(figure)
    return plotly.io.from_json(figure.to_json())


def _alt(figure: Figure) -> str:
    return figure.alt if isinstance(figure, Chart) else ""


def buttons(
    name: str,
    *,
    figure: Figure | None = None,
    table: Rows | None = None,
    json: Any = None,
    image: Callable[[], Image.Image] | None = None,
    npz: Callable[[], Mapping[str, Any]] | None = None,
) -> None:
    """One row of download buttons, each file made only when its button is pressed.

    `name`: file name without ending, unique on its page. `figure`: one that `plot` draws under that
    name. `table`: rows. `json`: anything that JSON holds. `image`, `npz` (arrays by name): made when asked
    for, since a session holds what is given here as long as the page is shown.
    """
    offers: dict[str, Callable[[], bytes | str]] = {}
    if image is not None:
        offers["png"] = lambda: _png(image())
    if figure is not None:
        offers["html"] = lambda: fresh(figure).to_html(config={"displayModeBar": False})
    if table is not None:
        offers["csv"] = lambda: csv_bytes(table)
    if json is not None:
        offers["json"] = lambda: json_text.dumps(json, indent=1, ensure_ascii=False)
    if npz is not None:
        offers["npz"] = lambda: npz_bytes(npz())
    with st.container(horizontal=True, gap="small"):
        if figure is not None:
            # The browser draws it, and page.js takes the click: the server has no part in it.
            st.button(_label(name, "png"), key=f"png-{name}", icon=":material/download:", type="tertiary")
        for ending, make in offers.items():
            key = f"download-{name}-{ending}"
            file(_label(name, ending), make, f"{name}.{ending}", key, "download", type="tertiary")


def _label(name: str, ending: str) -> str:
    """The ending alone for the eye, the whole file name for a screen reader (style.css)."""
    return f"**{ending.upper()}** Download {plain(name)}.{ending}"


def file(
    label: str, data: bytes | Callable[[], bytes | str], name: str, key: str, icon: str, **look: Any
) -> None:
    """A button that downloads a file, made when it is pressed where `data` makes it; the page stays."""
    st.download_button(label, data, name, key=key, icon=f":material/{icon}:", on_click="ignore", **look)


def _png(image: Image.Image) -> bytes:
    from squeeze_core.figures.maps import encoded

    return encoded(image, "PNG")


def npz_bytes(arrays: Mapping[str, Any]) -> bytes:
    """A compressed .npz file of those arrays."""
    import numpy as np

    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()
