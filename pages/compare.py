"""What do we give up for a smaller network? SqueezeNet compared with the chosen networks."""

from __future__ import annotations

import streamlit as st

from pages.compare_parts import (
    accuracy_cost,
    answers,
    cost_bars,
    detectors,
    fits,
    headline,
    layer_table,
    machine,
    network_choice,
    report_tab,
    why_not_faster,
)
from pages.session import selected_network
from squeeze_core.cost import comparison
from squeeze_core.cost.comparison import NetworkRow


def field() -> tuple[NetworkRow, ...]:
    """Every network, counted once per process."""
    with st.spinner(f"Counting {len(comparison.NAMES)} networks", show_time=True):
        return tuple(comparison.row(name) for name in comparison.NAMES)


def this_machine(rows: tuple[NetworkRow, ...]) -> None:
    machine.draw(rows)
    why_not_faster.draw(rows)


st.title("What do we give up for a smaller network?", anchor=False)
names = network_choice.choose()
rows = (
    comparison.row(comparison.REFERENCE),
    *map(comparison.row, selected_network.own()),
    *map(comparison.row, names),
)

headline.draw(rows)

tabs = st.tabs(
    [
        "Cost",
        "Accuracy",
        "Layers",
        "What fits?",
        "This machine",
        "Your picture",
        "Detectors",
        "The paper",
        "Report",
    ],
    key="compare-tab",
    on_change="rerun",
    bind="query-params",
)
drawings = (
    lambda: cost_bars.draw(rows),
    lambda: accuracy_cost.draw(rows, field()),
    lambda: layer_table.draw(names),
    lambda: fits.draw(field()),
    lambda: this_machine(rows),
    lambda: answers.draw(rows),
    detectors.draw,
    accuracy_cost.draw_published,
    lambda: report_tab.draw(rows, field()),
)
for tab, draw in zip(tabs, drawings, strict=True):
    if tab.open:
        with tab:
            draw()
st.caption(
    "Parameters, bytes and multiply-accumulates are counted here on PyTorch's meta device; MB are 10⁶ "
    "bytes. Accuracy is published, with its source in each table."
)
