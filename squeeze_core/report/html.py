"""The report as one HTML file that needs nothing else: for a phone, a large screen, a talk and paper.

Charts are Plotly figures; Plotly's script is in the file once. Each section fills a screen; arrow keys go
from one to the next, and a button shows them on the whole screen. Printed, each section has its own sheet.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from html import escape
from pathlib import Path

from plotly.offline import get_plotlyjs

from squeeze_core.figures import plotly_charts
from squeeze_core.figures.charts import Bars, Bubbles, Chart, Squares, Tiles
from squeeze_core.figures.maps import data_address, for_screen
from squeeze_core.figures.style import mixed, readable
from squeeze_core.report import Report
from squeeze_core.report.parts import Facts, Heading, Part, Photo, Rows, Section, Table, Words, written
from squeeze_core.report.sections import USUAL, sections

# Nothing but what is in the file: a browser refuses every request.
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"


def write(report: Report, keys: Iterable[str] = USUAL) -> str:
    """The document's text, of the sections of those keys."""
    chosen = sections(report, keys)
    branding = report.branding
    bar, style = branding.color, _file("page.css")
    colors = {"ACCENT": readable(bar), "LIGHT": mixed(bar, 0.4), "BAR": bar}
    for name, color in colors.items():
        style = style.replace(f'"{name}"', color)
    logo = f'<img alt="Logo" src="{data_address(branding.logo)}">' if branding.logo else ""
    by = f"{escape(branding.name)}<br>" if branding.name else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(branding.title)} · SqueezeNet 1.1</title>\n<style>{style}</style>\n"
        f'<link rel="icon" href="data:,"><script>{get_plotlyjs()}</script></head>\n<body>'
        '<nav><button type="button" id="back" aria-label="Previous section">‹</button>'
        '<output id="place" aria-live="polite"></output>'
        '<button type="button" id="on" aria-label="Next section">›</button>'
        '<button type="button" id="whole">Full screen</button></nav>\n<main>\n'
        f'<header tabindex="-1"><div><h1>{escape(branding.title)}</h1><p>{by}'
        f"Squeeze Lab, {report.day}</p></div>{logo}</header>\n"
        + "\n".join(_section(section) for section in chosen)
        + f"\n</main><script>{_file('page.js')}</script></body></html>\n"
    )


@cache
def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _section(section: Section) -> str:
    columns = "".join(f"<div>{''.join(map(_part, parts))}</div>" for parts in section.columns)
    body = f'<div class="columns">{columns}</div>' if len(section.columns) > 1 else columns
    if section.source:
        body += f'<p class="source">Source: {escape(section.source)}</p>'
    # The table behind the charts is closed until it is asked for.
    if section.rows and not any(isinstance(part, Table) for parts in section.columns for part in parts):
        body += f"<details><summary>Table</summary>{_table(section.rows)}</details>"
    return f'<section id="{section.key}" tabindex="-1"><h2>{escape(section.title)}</h2>{body}</section>'


def _part(part: Part) -> str:
    if isinstance(part, Bars | Bubbles | Squares | Tiles):
        return _chart(part)
    if isinstance(part, Heading):
        return f"<h3>{escape(part.text)}</h3>"
    if isinstance(part, Facts):
        facts = "".join(
            f"<div><b>{escape(value)}</b><span>{escape(words)}</span></div>" for value, words in part.facts
        )
        return f'<div class="facts">{facts}</div>'
    if isinstance(part, Words):
        return "".join(f"<p>{escape(sentence)}</p>" for sentence in part.sentences)
    if isinstance(part, Photo):
        return _photo(part)
    return _table(part.rows)


def _chart(chart: Chart) -> str:
    """A place, and the figure as JSON, in which no "<" can end its element."""
    figure = plotly_charts.figure(chart)
    text = figure.to_json().replace("<", "\\u003c")
    return (
        f'<figure class="chart" role="img" aria-label="{escape(chart.alt)}" '
        f'style="min-height:{figure.layout.height}px">'
        f'<script type="application/json">{text}</script></figure>'
    )


def _photo(part: Photo) -> str:
    image = data_address(for_screen(part.image, 960))
    caption = f"<figcaption>{escape(part.caption)}</figcaption>" if part.caption else ""
    return f'<figure><img alt="{escape(part.alt)}" src="{image}">{caption}</figure>'


def _table(rows: Rows) -> str:
    columns = list(rows[0])
    text = {column for column in columns if any(isinstance(row[column], str) for row in rows)}
    head = "".join(_cell("th", column in text, column) for column in columns)
    cells = ([_cell("td", one in text, written(row[one]), one) for one in columns] for row in rows)
    lines = "".join(f"<tr>{''.join(line)}</tr>" for line in cells)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="Table"><table><thead><tr>{head}</tr>'
        f"</thead><tbody>{lines}</tbody></table></div>"
    )


def _cell(tag: str, text: bool, words: str, column: str = "") -> str:
    """`column`: its name, which a phone writes before the cell."""
    kind = "text long" if text and len(words) > 40 else "text" if text else ""
    return f'<{tag} class="{kind}" data-column="{escape(column)}">{escape(words)}</{tag}>'
