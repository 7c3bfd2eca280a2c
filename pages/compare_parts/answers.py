"""What does each network say about the person's picture?"""

from __future__ import annotations

import streamlit as st

from pages.server import results
from pages.session import tray
from pages.widgets import downloads
from squeeze_core.classifier import Classification
from squeeze_core.cost import comparison
from squeeze_core.cost.comparison import NetworkRow
from squeeze_core.cost.units import amount
from squeeze_core.figures import classification
from squeeze_core.networks.catalogue import OURS, Network, named
from squeeze_core.networks.weights import Download
from squeeze_core.report import findings, tables


def collect(rows: tuple[NetworkRow, ...]) -> tuple[Classification, ...]:
    """The answers of the networks whose trained weights are here: those chosen, and the two shipped."""
    chosen = [row.network for row in rows if row.network]
    asked = [network for network in dict.fromkeys((*chosen, *map(named, OURS))) if network.present()]
    return tuple(results.classification(tray.current(), network) for network in asked)


def draw(rows: tuple[NetworkRow, ...]) -> None:
    picture, answers = tray.current(), collect(rows)
    with st.container(border=True):
        st.subheader(findings.picture(answers), anchor=False)
        image, bars = st.columns([2, 3], gap="medium")
        with image:
            st.image(tray.for_screen(picture), width="stretch", alt=tray.describe(picture))
        with bars:
            for answer in answers:
                size = amount(comparison.row(answer.network).parameters)
                st.markdown(f"**{answer.network.title}** · {size} parameters")
                figure = classification.probability_bars(answer.top(5), answer.network.colour)
                name = f"compare-answer-{answer.model}"
                downloads.plot(figure, name=name)
                downloads.buttons(name, figure=figure)
        table = tables.answers(answers)
        with st.expander("Table", icon=":material/table:"):
            st.dataframe(table, hide_index=True, key="answers-table", alt=findings.picture(answers))
            downloads.buttons("answers", table=table)
        absent = [row.network for row in rows if row.network and not row.network.present()]
        if absent:
            _how_to_have(absent)


def _how_to_have(absent: list[Network]) -> None:
    """Where weights that are not here come from, on a machine without internet too."""
    st.caption(
        f"No trained weights on this machine: {', '.join(network.title for network in absent)}. The page "
        "Classify fetches them when online. No Python package carries those of VGG or ResNet: without "
        "internet, save torchvision’s files by hand."
    )
    files = [
        {"Network": network.title, "Download": source.enum.url, "Save as": str(source.cached)}
        for network in absent
        if isinstance(source := network.weights, Download)
    ]
    if files:
        with st.expander("Which file goes where", icon=":material/folder:"):
            st.dataframe(files, hide_index=True, key="answers-files", alt="Which file goes where")
