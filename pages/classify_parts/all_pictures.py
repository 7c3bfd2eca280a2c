"""All pictures of the tray: the networks' answers side by side, and the person's verdicts on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages.server import results
from pages.session import tray
from pages.widgets import downloads
from pages.widgets.words import plain
from squeeze_core import verdicts
from squeeze_core.classifier import Classification
from squeeze_core.cost.units import percent
from squeeze_core.images import key_of
from squeeze_core.networks.catalogue import Network
from squeeze_core.verdicts import Verdicts

_OPEN = "all-open"
_TICKS = {True: "right", False: "wrong"}


def draw(networks: Sequence[Network], top: int) -> None:
    entries, refusals = tray.entries(), tray.state().refusals
    if (click := st.session_state.get(_OPEN)) and click["row"] < len(entries):
        tray.choose(entries[click["row"]].picture)
        st.toast(f"{plain(click['label'])} is shown above.")
        st.rerun()
    answers = _answers(entries, networks)
    noted: Verdicts = st.session_state.setdefault("verdicts", Verdicts())
    places = [entry.picture.key for entry in entries]
    key = f"all-table-{key_of(repr((places, len(refusals))).encode())[:12]}"
    _note(noted, places, networks, st.session_state.get(key, {}).get("edited_rows", {}))
    judged = [
        [noted.of(place, answer) for answer in row] for place, row in zip(places, answers, strict=True)
    ]
    counts = [verdicts.in_words(column) for column in zip(*judged, strict=True)]
    lines = [
        f"**{plain(one.title)}**: {count}" for one, count in zip(networks, counts, strict=True) if count
    ]
    if lines:
        st.markdown("  \n".join(lines), help="With the 95 % interval (Wilson) for so few pictures.")
    else:
        st.markdown("Is it good enough for yours? Tick what is right or wrong, or choose the right class.")
    _table(key, noted, networks, answers, judged)
    rows: list[dict[str, object]] = [
        {
            "file": answer.file,
            "network": answer.network.title,
            "answer": answer.top(1)[0].label,
            "probability": answer.top(1)[0].probability,
            "sure": answer.sure,
            "right class": noted.classes.get(place, ""),
            "verdict": "" if verdict is None else _TICKS[verdict],
        }
        for place, found, row in zip(places, answers, judged, strict=True)
        for answer, verdict in zip(found, row, strict=True)
    ]
    refused: list[dict[str, object]] = [{"file": one.name, "error": one.sentence} for one in refusals]
    documents = [
        {"model": answer.model} | answer.untimed_row(top) | {"right": verdict}
        for found, row in zip(answers, judged, strict=True)
        for answer, verdict in zip(found, row, strict=True)
    ]
    document = {"device": results.engine().device, "results": documents + refused}
    downloads.buttons("classify-all", table=rows + refused, json=document)


def _answers(entries: Sequence[tray.Entry], networks: Sequence[Network]) -> list[list[Classification]]:
    """A list a picture, the networks in their order."""
    progress, found = st.progress(0.0, text="Classifying"), []
    for number, entry in enumerate(entries, 1):
        found.append([results.classification(entry.picture, network) for network in networks])
        progress.progress(number / len(entries), text=f"{number} of {len(entries)}")
    progress.empty()
    return found


def _note(
    noted: Verdicts, places: Sequence[str], networks: Sequence[Network], edits: dict[int, dict[str, Any]]
) -> None:
    """Keep what was edited in the table: it would forget that with another picture or network."""
    for row, cells in edits.items():
        for place in places[row : row + 1]:  # none for a refused file
            if "class" in cells:
                noted.classes[place] = cells["class"] or ""
            for network in networks:
                right, wrong = (cells.get(f"{network.name} {word}") for word in _TICKS.values())
                if right is None and wrong is None:
                    continue
                noted.ticks.pop((place, network.key), None)
                if bool(right) != bool(wrong):  # neither, or both by mistake, is no verdict
                    noted.ticks[place, network.key] = bool(right)


def _table(
    key: str,
    noted: Verdicts,
    networks: Sequence[Network],
    answers: Sequence[Sequence[Classification]],
    judged: Sequence[Sequence[bool | None]],
) -> None:
    entries, refusals = tray.entries(), tray.state().refusals
    files, none = len(entries) + len(refusals), [None] * len(refusals)
    chosen = [noted.classes.get(entry.picture.key) or None for entry in entries]
    columns: dict[str, Any] = {
        "picture": [entry.thumbnail for entry in entries] + none,
        "file": [entry.picture.name for entry in entries] + [one.name for one in refusals],
        "class": pd.array(chosen + none, "string"),
    }
    labels = list(dict.fromkeys(label for network in networks for label in network.labels))
    config: dict[str, Any] = {
        "picture": st.column_config.ImageColumn("Picture", width="small"),
        "file": st.column_config.ButtonColumn(
            "File", type="tertiary", key=_OPEN, alignment="left", help="Opens the picture"
        ),
        "class": st.column_config.SelectboxColumn("Right class", options=labels),
    }
    for place, network in enumerate(networks):
        said = [f"{row[place].words} · {percent(row[place].top(1)[0].probability)}" for row in answers]
        columns[network.name] = said + [one.sentence for one in refusals]
        config[network.name] = st.column_config.TextColumn(network.title)
        for verdict, word in _TICKS.items():
            name = f"{network.name} {word}"
            columns[name] = [row[place] is verdict for row in judged] + [False] * len(refusals)
            config[name] = st.column_config.CheckboxColumn(word.title(), width="small")
    st.data_editor(
        pd.DataFrame(columns),
        hide_index=True,
        height=min(38 + 56 * files, 600),
        row_height=56,
        placeholder="–",
        key=key,
        alt=f"The best answers for each of {files} files",
        disabled=["picture", *(network.name for network in networks)],
        column_config=config,
    )
