"""SqueezeNet's size and accuracy are the same on pages, slides, the web page, in CSV and in docs/."""

from __future__ import annotations

import csv
import html as markup
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pptx import Presentation

from squeeze_core.cost import comparison
from squeeze_core.cost.comparison import headline
from squeeze_core.networks.catalogue import DEFAULT, compressed_of
from squeeze_core.report import Report, card, html, pptx, tables
from squeeze_core.spreadsheet import csv_bytes
from tests.sessions import opened

ROOT = Path(__file__).parents[2]
# Every figure that a text may give of SqueezeNet 1.1’s top-1, of other SqueezeNets and of AlexNet (57.2).
KNOWN = {"57.5", "57.2", "55.4", "62.7", "61.0", "58.2", "58.178", "58.092", "58.1", "60.4", "58.8"}


def page(name: str, **state: object) -> str:
    app = opened(f"pages/{name}", **state)
    parts = [*app.header, *app.markdown, *app.caption]
    words = [part.value for part in parts] + [f"{one.label} {one.value}" for one in app.metric]
    return "\n".join(words).replace("\\", "")


@pytest.fixture(scope="module")
def report() -> Report:
    everybody = tuple(map(comparison.row, comparison.NAMES))
    return Report(tuple(map(comparison.row, comparison.DEFAULT_NAMES)), everybody)


def on_slides(report: Report) -> str:
    deck = Presentation(io.BytesIO(pptx.write(report))).slides
    texts = [shape.text_frame.text for slide in deck for shape in slide.shapes if shape.has_text_frame]
    return "\n".join(texts + [slide.notes_slide.notes_text_frame.text for slide in deck])


def on_the_web_page(report: Report) -> str:
    text = re.sub(r"<(script|style).*?</\1>", " ", html.write(report), flags=re.S)
    return markup.unescape(re.sub(r"<[^>]+>", " ", text))


def on_cards(report: Report) -> str:
    networks = (DEFAULT, compressed_of(DEFAULT)[0])
    return "\n".join(card.markdown(network, card.parts(network)) for network in networks)


def in_documents(report: Report) -> str:
    files = (ROOT / "README.md", ROOT / "docs" / "use.md", ROOT / "docs" / "networks.md")
    return " ".join(file.read_text("utf-8") for file in files).replace("\n", " ")


PLACES: dict[str, Callable[[Report], str]] = {
    "Compare": lambda report: page("compare.py"),
    "Compress": lambda report: page("compress.py"),
    "slides": on_slides,
    "web page": on_the_web_page,
    "model cards": on_cards,
    "documents": in_documents,
}


@pytest.mark.parametrize("place", PLACES)
def test_no_place_has_another_accuracy_or_size_of_squeezenet(place: str, report: Report) -> None:
    words = PLACES[place](report)
    small = compressed_of(DEFAULT)[0]
    assert DEFAULT.measured is not None and small.measured is not None
    said = set(
        re.findall(r"(?<![\d.])(5[3-9]\.\d+|6[0-7]\.\d+)(?=\s?[%/])", sentences_about_squeezenet(words))
    )
    assert said <= KNOWN, said - KNOWN
    assert "+0.0 points (−2.9 to +2.9)" in words
    _, ours, file = headline()
    for size in re.findall(r"([\d.]+) times (?:smaller|fewer)(?! than AlexNet)(?! parameters)", words):
        assert size == f"{ours.megabytes / file.megabytes:.1f}"
    assert "252 MB" not in words and "MiB" not in words
    if place in ("Compare", "slides", "web page"):
        assert "57.5 %" in words and "SqueezeNet 1.0" in words and "0.47 MB" in words
        assert ("1/112" if place == "Compare" else "1/49") in words


def sentences_about_squeezenet(words: str) -> str:
    """Those that name it, and no detector or peer."""
    found = [
        one for one in re.split(r"(?<=[.!?])\s|\n", words) if "mAP" not in one and "detector" not in one
    ]
    return "\n".join(one for one in found if re.search("SqueezeNet|[Tt]op-1", one))


def test_the_csv_has_the_file_beside_the_network(report: Report) -> None:
    rows = list(csv.DictReader(io.StringIO(csv_bytes(tables.rows(report)).decode("utf-8-sig"))))
    ours, small, larger = rows[0], rows[-2], rows[-1]
    assert larger["Top-1 against uncompressed (points)"] == "-1.7"
    assert (ours["Network"], small["Network"]) == ("SqueezeNet 1.1", "SqueezeNet 1.1, compressed")
    assert ours["Top-1 published (%)"] == "57.5" and small["Top-1 published (%)"] == ""
    assert (ours["Top-1 measured (%)"], small["Top-1 measured (%)"]) == ("55.4", "62.67")
    same_pictures = "Top-1 uncompressed, same pictures (%)"
    assert (ours[same_pictures], small[same_pictures]) == ("", "62.67")
    assert ours["Measured on"].startswith("1,000") and small["Measured on"].startswith("300")
    # A spreadsheet would take text that begins with a sign for a formula.
    assert small["Top-1 against uncompressed (points)"] == "0.0"
    assert small["95 % interval (points)"] == "−2.9 to 2.9"
    assert (ours["MB to store (10⁶ bytes)"], small["MB to store (10⁶ bytes)"]) == ("4.94", "0.47")
    assert "SqueezeNet 1.0" in ours["Accuracy from"]


def test_no_slide_sets_accuracies_of_different_pictures_side_by_side(report: Report) -> None:
    deck = Presentation(io.BytesIO(pptx.write(report))).slides
    tables_shown = [shape.table for slide in deck for shape in slide.shapes if shape.has_table]
    words = "\n".join(cell.text for table in tables_shown for cell in table.iter_cells())
    assert "Top-1 published" in words and "Top-1 against uncompressed" in words
    assert "Top-1 measured" not in words and "62.67" not in words and "55.4" not in words


def test_one_file_and_one_ratio_lead_every_page() -> None:
    from pages.classify import why_small

    assert headline()[2].stored_bytes == compressed_of(DEFAULT)[0].weights.bytes() == 471_330
    assert "0.47 MB compressed" in why_small() and "244 MB" in why_small()
    assert "10.5 times smaller" in page("compress.py") and "0.47 MB" in page("compare.py")
