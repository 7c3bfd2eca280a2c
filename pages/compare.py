"""The page Compare: SqueezeNet compared with the chosen networks."""

from __future__ import annotations

import streamlit as st

from pages.compare_parts import (
    accuracy_cost,
    cost_bars,
    fits,
    headline,
    machine,
    meaning_tab,
    report_tab,
)
from pages.session import address, selected_network
from pages.widgets import in_python
from pages.widgets.choices import tabs
from squeeze_core.cost import comparison
from squeeze_core.cost.comparison import NetworkRow
from squeeze_core.networks.catalogue import CATALOGUE, Network


def field() -> tuple[NetworkRow, ...]:
    """Every network, counted once per process."""
    with st.spinner(f"Counting {len(comparison.NAMES)} networks", show_time=True):
        return tuple(map(comparison.row, comparison.NAMES))


st.title("What do we give up for a smaller network?", anchor=False)
names = st.multiselect(
    "Compare SqueezeNet 1.1 with",
    [name for name in comparison.ROW_NAMES if name != comparison.REFERENCE],
    default=[name for name in comparison.DEFAULT_NAMES if name != comparison.REFERENCE],
    format_func=comparison.title,
    key="compare-networks",
    select_all=False,
    **address.BOUND,
)
compared: list[Network | str] = [comparison.REFERENCE, *selected_network.own(), *names]
rows = tuple(map(comparison.row, compared))
headline.draw(rows)

tabs(
    "compare-tab",
    {
        "What it means": lambda: meaning_tab.draw(rows),
        "Cost": lambda: cost_bars.draw(rows),
        "Accuracy": lambda: accuracy_cost.draw(rows, field()),
        "What fits?": lambda: fits.draw(field()),
        "This machine": lambda: machine.draw(rows),
        "Report": lambda: report_tab.draw(rows, field()),
    },
)
known = [row.name for row in rows if row.name in CATALOGUE]
in_python.draw("compare", names=known, models=" ".join(known))
