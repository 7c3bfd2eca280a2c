"""Everything above as files: one click each."""

from __future__ import annotations

import json

import streamlit as st

from pages.common import tray
from pages.compare_parts import answers, machine
from squeeze_core.cost.rows import Row
from squeeze_core.report import Report, collect, tables
from squeeze_core.spreadsheet import csv_text

_PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"


def draw(rows: tuple[Row, ...], field: tuple[Row, ...]) -> None:
    measured = tuple(machine.measured()[row.name] for row in rows if row.name in machine.measured())
    report = collect(rows, field, measured, tray.current(), answers.collect(rows))
    with st.container(border=True):
        st.subheader("Take it with you", anchor=False)
        with st.container(horizontal=True, gap="small"):
            _button("PowerPoint", lambda: _pptx(report), "pptx", _PPTX, "slideshow", "primary")
            _button("Web page", lambda: _html(report), "html", "text/html", "html", "primary")
            _button("CSV", lambda: csv_text(tables.rows(report)), "csv", "text/csv", "table")
            document = tables.document(report)
            text = json.dumps(document, indent=1, ensure_ascii=False)
            _button("JSON", lambda: text, "json", "application/json", "data_object")
        st.caption(
            "The PowerPoint's charts are native: select one and edit its data. The web page works without "
            "a network. Each chart on this page comes as PNG and HTML too, under its table."
        )
        st.dataframe(
            tables.rows(report),
            hide_index=True,
            key="all-figures",
            alt="All figures of the report",
            column_config={"Parameters": st.column_config.NumberColumn(format="localized")},
        )
        for line in tables.sources(report):
            st.caption(line)
        if not measured:
            st.caption(
                "Nothing measured yet: the tab “This machine” adds times and memory to all of these."
            )


def _button(label: str, make: object, ending: str, mime: str, icon: str, kind: str = "secondary") -> None:
    st.download_button(
        label,
        make,  # type: ignore[arg-type]
        f"what-small-costs.{ending}",
        mime,
        key=f"report-{ending}",
        icon=f":material/{icon}:",
        type=kind,  # type: ignore[arg-type]
        on_click="ignore",
    )


def _pptx(report: Report) -> bytes:
    from squeeze_core.report import pptx

    return pptx.write(report)


def _html(report: Report) -> str:
    from squeeze_core.report import html

    return html.write(report)
