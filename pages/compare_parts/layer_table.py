"""Two networks layer by layer, beside one another: what each layer gives, holds and costs."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.session import address
from pages.widgets import downloads
from squeeze_core.cost import comparison, layers
from squeeze_core.cost.comparison import REFERENCE
from squeeze_core.cost.units import amount

_NUMBERS = ("Parameters", "MACs", "Output (bytes, fp32)", "Weights (bytes, fp32)")
_VIEWS = {"beside": "Beside one another", "difference": "Only what differs", "one": "First network alone"}


@st.fragment
def draw(names: list[str]) -> None:
    """`names`: the networks chosen on the page, SqueezeNet left out."""
    counted = [name for name in comparison.ROW_NAMES if comparison.row(name).gmacs is not None]
    with st.container(border=True):
        with st.grid("auto", min_column_width=220, gap="small"):
            first = _choose("First network", counted, REFERENCE, "layers-first")
            usual = next((name for name in names if name in counted), "vgg16")
            second = _choose("Second network", counted, usual, "layers-second")
        view = st.segmented_control(
            "Show",
            list(_VIEWS),
            default="beside",
            required=True,
            format_func=_VIEWS.__getitem__,
            key="layers-view",
            label_visibility="collapsed",
            **address.BOUND,
        )
        one, other = comparison.row(first), comparison.row(second)
        if view == "one":
            table = layers.rows(one.profile())
            st.subheader(f"{one.title}: {len(table)} layers", anchor=False)
            _table(table, f"layers-{first}", "Every layer of the network")
            return
        table = layers.difference(one.profile(), other.profile())
        changed = [row for row in table if row["Difference"] != "same"]
        st.subheader(_finding(one.title, other.title, len(table) - len(changed), table), anchor=False)
        shown = changed if view == "difference" else table
        titled = [_titled(row, one.title, other.title) for row in shown]
        if titled:
            _table(titled, f"layers-{first}-{second}", "Both networks, layer by layer")
        st.caption(
            "Layers of one name are set beside one another; networks that name theirs differently are "
            "matched by kind and output. Counted here for one picture at each network’s own input size."
        )


def _choose(label: str, names: list[str], usual: str, key: str) -> str:
    return st.selectbox(
        label, names, names.index(usual), format_func=comparison.title, key=key, **address.BOUND
    )


def _finding(one: str, other: str, same: int, table: list[dict[str, Any]]) -> str:
    if same == len(table):
        return f"{one} and {other} are the same, layer by layer"
    more = sum(row["Δ parameters"] for row in table)
    word = "more" if more > 0 else "fewer"
    compared = f"{amount(abs(more))} parameters {word}" if more else "as many parameters"
    return f"{other} has {compared} than {one}; {same} of {len(table)} layers are the same"


def _titled(row: dict[str, Any], one: str, other: str) -> dict[str, Any]:
    """The row with the networks' names in place of first and second."""
    said = {"first": f"only {one}", "second": f"only {other}"}
    named = {
        (f"{key.removesuffix(', second')}, {other}" if key.endswith(", second") else f"{key}, {one}")
        if not key.startswith(("Δ", "Difference"))
        else key: value
        for key, value in row.items()
    }
    return named | {"Difference": said.get(row["Difference"], row["Difference"])}


def _table(table: list[dict[str, Any]], name: str, alt: str) -> None:
    numbers = [key for key, value in table[0].items() if key.startswith((*_NUMBERS, "Δ"))]
    st.dataframe(
        table,
        hide_index=True,
        height=560,
        placeholder="–",
        key=f"table-{name}",
        alt=alt,
        column_config={key: st.column_config.NumberColumn(format="localized") for key in numbers},
    )
    downloads.buttons(name, table=table)
