"""The comparison as slides, a web page and a table."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.compare_parts import fits, machine, meaning_tab
from pages.server import results
from pages.session import selected_network, tray
from pages.widgets import downloads
from pages.widgets.words import plain
from squeeze_core import images
from squeeze_core.cost.comparison import NetworkRow, compressed_rows
from squeeze_core.figures.style import ACCENT
from squeeze_core.images import ImageError
from squeeze_core.networks.catalogue import OURS, named
from squeeze_core.report import DECISION, NEXT_STEP, TITLE, Branding, Report, tables
from squeeze_core.report.sections import CHOICES, MAIN, USUAL, sections
from squeeze_core.spreadsheet import csv_bytes

_LOGO_MEGABYTES, _TEMPLATE_MEGABYTES = 5, 30
_PRESENT_PIXELS = 620


def draw(rows: tuple[NetworkRow, ...], everybody: tuple[NetworkRow, ...]) -> None:
    with st.container(border=True):
        st.header("Slides and a web page", anchor=False)
        branding = _branding()
    report = collect(rows, everybody, branding)
    with st.container(border=True):
        keys = _choose(report)
    with st.container(border=True):
        _files(report, keys)
    with st.container(border=True):
        _figures(report)
    with st.container(border=True):
        _card(report)


def collect(rows: tuple[NetworkRow, ...], everybody: tuple[NetworkRow, ...], branding: Branding) -> Report:
    """This session's report: measurements, the current picture and its answers, the budget."""
    measured = tuple(machine.measured()[row.name] for row in rows if row.name in machine.measured())
    picture = tray.current()
    # Those whose weights are here, and the two that ship.
    chosen = [row.network for row in rows if row.network]
    asked = [network for network in dict.fromkeys((*chosen, *map(named, OURS))) if network.present()]
    said = tuple(results.classification(picture, network) for network in asked)
    return Report(
        rows,
        everybody,
        measured,
        picture,
        said,
        results.candidates(picture, selected_network.detector()).detections(),
        fits.budget(),
        meaning_tab.given(),
        branding,
    )


def _branding() -> Branding:
    def ask(label: str, key: str, value: str, **look: Any) -> str:
        said = st.text_input(label, value, max_chars=120, key=key, persist_state="session", **look)
        return said.strip() or value

    with st.grid("auto", min_column_width=300, gap="small", vertical_alignment="bottom"):
        decision = ask("Decision that you ask for", "report-decision", DECISION)
        next_step = ask("Next step", "report-next", NEXT_STEP)
        title = ask("Title", "deck-title", TITLE)
        name = ask("Name, team or date", "deck-name", "", placeholder="at the foot of each slide")
    with st.grid("auto", min_column_width=230, gap="small", vertical_alignment="bottom"):
        color = st.color_picker("Colour", ACCENT, key="deck-color", persist_state="session")
        file = st.file_uploader(
            "Logo (PNG or JPEG, at most 5 MB)",
            ["png", "jpg", "jpeg"],
            key="deck-logo",
            max_upload_size=_LOGO_MEGABYTES,
        )
        template = st.file_uploader(
            "Template (.potx, at most 30 MB)",
            ["potx", "pptx"],
            key="deck-template",
            max_upload_size=_TEMPLATE_MEGABYTES,
            help="The slides take its layouts, fonts and colours; the colour above is for the web page.",
        )
    logo, dressed = None, None
    if file is not None:
        try:
            logo = images.decode(file.getvalue(), file.name).image
        except ImageError as error:
            st.error(str(error), icon=":material/broken_image:")
    if template is not None:
        from squeeze_core.report import pptx

        try:
            pptx.opened(template.getvalue())
            dressed = template.getvalue()
        except pptx.TemplateError as error:
            st.error(str(error), icon=":material/broken_image:")
    return Branding(title, name, color, logo, decision, next_step, dressed)


def _choose(report: Report) -> list[str]:
    """The keys of the sections that are ticked, each with its finding."""
    made = {section.key: section for section in sections(report)}
    chosen: list[str] = []
    groups = {"Slides": MAIN, "Appendix": [key for key in CHOICES if key not in MAIN]}
    for group, keys in groups.items():
        st.markdown(f"**{group}**")
        with st.grid("auto", min_column_width=260, gap="small"):
            for key in filter(made.__contains__, keys):
                with st.container(gap=None):
                    if st.checkbox(CHOICES[key], key in USUAL, key=f"deck-{key}", persist_state="session"):
                        chosen.append(key)
                    st.caption(plain(made[key].title))
    return chosen


def _files(report: Report, keys: list[str]) -> None:
    from squeeze_core.report import html, pptx

    deck = pptx.slides(report, keys)
    st.header("Present it or take it with you", anchor=False)
    if not deck:
        st.info("Tick at least one slide.", icon=":material/check_box:")
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        presents = st.toggle("Present", key="deck-present")
        # The number says which ticks the file follows, should somebody click while the page is at work.
        label = f"PowerPoint, {len(deck)} slide{'s' if len(deck) > 1 else ''}"
        name, icon = "what-small-costs", "slideshow"
        offer = downloads.file
        offer(label, lambda: pptx.write(report, keys), f"{name}.pptx", "report-pptx", icon, type="primary")
        offer("Web page", lambda: html.write(report, keys), f"{name}.html", "report-html", "html")
        offer("CSV", lambda: csv_bytes(tables.rows(report)), f"{name}.csv", "report-csv", "table")
    st.caption(
        "Present shows the web page here: use the left and right arrow keys, or full screen. The web page "
        "works offline and prints one section on each sheet. The PowerPoint’s charts are native: select "
        "one and edit its data; what to say and the sources are in the speaker’s notes."
    )
    if presents:
        st.iframe(html.write(report, keys), height=_PRESENT_PIXELS, alt=report.branding.title)


def _figures(report: Report) -> None:
    st.dataframe(
        tables.rows(report),
        hide_index=True,
        placeholder="–",
        key="all-figures",
        alt="All figures of the report",
        column_config={"Parameters": st.column_config.NumberColumn(format="localized")},
    )
    measured = [f"Time and memory: {one.conditions}." for one in report.measurements[:1]]
    st.caption(" ".join([tables.accuracy_source(report.rows), *measured]))


def _card(report: Report) -> None:
    """The model card of a network compared or in use."""
    from squeeze_core.report import card

    st.header("Model card", anchor=False)
    known = [row.network for row in (*report.rows, *compressed_rows()) if row.network]
    networks = {one.title: one for one in (selected_network.current(), *known)}
    network = networks[st.selectbox("Network", list(networks), key="card-network")]
    written = card.parts(network, measured=machine.measured().get(network.name))
    with st.container(horizontal=True, gap="small"):
        name, offer = f"{network.name}-card", downloads.file
        offer("Markdown", lambda: card.markdown(network, written), f"{name}.md", "card-md", "description")
        offer("HTML", lambda: card.html(network, written), f"{name}.html", "card-html", "html")
    st.caption(
        "One page, with Hugging Face’s front matter. The command “card --pictures” adds accuracy, weakest "
        "classes and calibration on your labelled pictures."
    )
