"""The report as one HTML file that needs nothing else: plotly.js and the picture are inside, once each."""

from __future__ import annotations

import base64
import io
from html import escape

import plotly.graph_objects as go
from PIL import Image
from plotly.offline import get_plotlyjs

from squeeze_core.cost import handmade
from squeeze_core.cost import rows as zoo
from squeeze_core.cost.published import TABLE_2
from squeeze_core.cost.rows import REFERENCE
from squeeze_core.figures import classification, comparison
from squeeze_core.figures.style import ACCENT, NEUTRAL, color_of
from squeeze_core.report import Report, findings, tables

_STYLE = """
:root { color-scheme: light; --ink: #1b1f24; --quiet: #5b636d; --line: #dde1e6; --accent: ACCENT; }
body { font: 17px/1.5 system-ui, sans-serif; color: var(--ink); background: #fff; margin: 0; }
main { max-width: 1000px; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
header { border-left: 8px solid var(--accent); padding-left: 1.25rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0; }
header p { color: var(--quiet); margin: .5rem 0 0; }
section { margin-top: 3rem; break-inside: avoid; }
h2 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .75rem; }
.source { color: var(--quiet); font-size: .85rem; margin: .25rem 0 0; }
.pair { display: grid; gap: 1.25rem; align-items: start; }
.pair { grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); }
.pair > * { min-width: 0; overflow: hidden; }
.pair h3 { font-size: 1rem; margin: 0; }
.scroll { overflow-x: auto; }
img { max-width: 100%; border-radius: 8px; }
table { border-collapse: collapse; font-size: .85rem; width: 100%; }
th, td { padding: .35rem .6rem; text-align: right; white-space: nowrap; }
th, td { border-bottom: 1px solid var(--line); }
th:first-child, td:first-child, th:last-child, td:last-child { text-align: left; }
thead th { border-bottom: 2px solid var(--ink); }
""".replace("ACCENT", ACCENT)


# A chart is drawn as soon as it is read, before what stands beside it has taken its share of the width.
_FIT = """addEventListener("load", () =>
  document.querySelectorAll(".plotly-graph-div").forEach((chart) => Plotly.Plots.resize(chart)));"""


def write(report: Report) -> str:
    """The document's text."""
    sections = [_size(report), _accuracy(report), _computation(report), _where(report)]
    if report.measurements:
        sections.append(_speed(report))
    if report.picture and report.answers:
        sections.append(_picture(report))
    sections += [_paper(), _hand_made(), _table(report)]
    lead = escape(findings.cost(report.rows, "parameters"))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>What does small cost?</title>\n<style>{_STYLE}</style>\n"
        f"<script>{get_plotlyjs()}</script><script>{_FIT}</script>"
        f'\n<link rel="icon" href="data:,"></head>\n<body><main>\n'
        f"<header><h1>What does small cost, and what does it save?</h1><p>{lead}.<br>"
        f"Squeeze Lab, {report.day}, {escape(report.versions)}</p></header>\n"
        + "\n".join(sections)
        + "\n</main></body></html>\n"
    )


def _section(title: str, body: str, source: str = "") -> str:
    note = f'<p class="source">{escape(source)}</p>' if source else ""
    return f"<section><h2>{escape(title)}</h2>{body}{note}</section>"


def _chart(figure: go.Figure, alt: str) -> str:
    drawn = go.Figure(figure)
    drawn.update_layout(font_color="#1b1f24")
    drawn.update_xaxes(gridcolor="#dde1e6")
    drawn.update_yaxes(gridcolor="#dde1e6")
    html = drawn.to_html(
        include_plotlyjs=False, full_html=False, config={"displaylogo": False, "responsive": True}
    )
    return f'<div role="img" aria-label="{escape(alt)}">{html}</div>'


def _counted(report: Report) -> str:
    return tables.sources(report)[0]


def _size(report: Report) -> str:
    figure = comparison.cost_bars(report.rows, "parameters")
    title = findings.cost(report.rows, "parameters")
    return _section(title, _chart(figure, title), _counted(report))


def _accuracy(report: Report) -> str:
    names = [row.name for row in report.rows]
    figure = comparison.accuracy_bubbles(report.field, "megabytes", names)
    title = findings.accuracy(report.rows, report.field, "megabytes")
    note = "Bubble area: multiply-accumulates. Filled: the networks chosen; rings: the others compared."
    return _section(title, _chart(figure, title), f"{tables.sources(report)[1]} {note}")


def _computation(report: Report) -> str:
    figure = comparison.cost_bars(report.rows, "gmacs")
    title = findings.cost(report.rows, "gmacs")
    return _section(title, _chart(figure, title), _counted(report))


def _where(report: Report) -> str:
    largest = max((row for row in report.rows if row.gmacs), key=lambda row: row.parameters)
    parts = []
    for name in dict.fromkeys((REFERENCE, largest.name)):
        figure = comparison.parameter_treemap(name, report.title_of(name), zoo.network(name).profile())
        parts.append(_chart(figure, findings.where(name)))
    return _section(
        findings.where(largest.name), f'<div class="pair">{"".join(parts)}</div>', _counted(report)
    )


def _speed(report: Report) -> str:
    titles = {m.name: report.title_of(m.name) for m in report.measurements}
    title = findings.speed(report.measurements)
    figure = comparison.speed_bars(report.measurements, titles, "milliseconds")
    source = f"Measured here: median at batch 1, {report.measurements[0].conditions}."
    return _section(title, _chart(figure, title), source)


def _picture(report: Report) -> str:
    assert report.picture is not None
    image = f'<img alt="{escape(report.picture.name)}" src="{_data_address(report.picture.image)}">'
    parts = []
    for answer in report.answers:
        top = answer.top(5)
        figure = classification.probability_bars(top, color_of(answer.model))
        chart = _chart(figure, classification.describe(top))
        parts.append(f"<h3>{escape(report.title_of(answer.model))}</h3>{chart}")
    body = f'<div class="pair"><div>{image}</div><div>{"".join(parts)}</div></div>'
    return _section(findings.picture(report.answers), body, tables.sources(report)[-1])


def _paper() -> str:
    title = findings.paper()
    return _section(title, _chart(comparison.published_bars(TABLE_2), title), tables.paper_source())


def _hand_made() -> str:
    record = handmade.study()
    accuracies = {
        "SqueezeNet 1.1 features": record["squeezenet"]["top1"],
        "HOG (hand-made)": record["hog"]["top1"],
        "Always the commonest class": record["always_the_commonest_class"],
    }
    title = findings.learnt_features()
    figure = comparison.accuracy_bars(
        accuracies, lambda name: ACCENT if name.startswith("Squeeze") else NEUTRAL
    )
    return _section(title, _chart(figure, title), tables.study_source())


def _table(report: Report) -> str:
    rows = tables.rows(report)
    head = "".join(f"<th>{escape(column)}</th>" for column in rows[0])
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(_written(value))}</td>" for value in row.values()) + "</tr>"
        for row in rows
    )
    body = (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'
        + "".join(f'<p class="source">{escape(line)}</p>' for line in tables.sources(report))
    )
    return _section("All figures, and where they come from", body)


def _written(value: object) -> str:
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _data_address(image: Image.Image) -> str:
    small = image.copy()
    small.thumbnail((1000, 1000))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=86)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
