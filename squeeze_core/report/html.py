"""The report as one HTML file that needs nothing else, for a phone, a large screen and paper."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from squeeze_core.figures import layout
from squeeze_core.figures.charts import Bars, Bubbles, Chart, Squares, Tiles
from squeeze_core.figures.svg import data_address, svg
from squeeze_core.report import Report, findings
from squeeze_core.report.parts import Facts, Heading, Part, Photo, Rows, Section, Table, Words, written
from squeeze_core.report.sections import USUAL, sections
from squeeze_core.report.slide import readable

# A chart is in the file twice, drawn for its column and for a phone; the page shows the one that fits.
_WHOLE, _HALF, _PHONE = 960, 470, 350

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --quiet: #5b636d; --line: #dde1e6; --paper: #fff;
  --accent: ACCENT; --bar: BAR; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --quiet: #a6aeb8; --line: #323a44; --paper: #12151a; --accent: LIGHT; } }
* { box-sizing: border-box; }
body { font: 17px/1.5 Helvetica, Arial, "Liberation Sans", sans-serif; color: var(--ink);
  background: var(--paper); margin: 0; }
main { max-width: 1000px; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
header { border-left: 8px solid var(--bar); padding-left: 1.25rem; display: flex; gap: 1rem;
  justify-content: space-between; }
header img { max-width: 140px; max-height: 56px; object-fit: contain; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0; }
header p { color: var(--quiet); margin: .5rem 0 0; }
section { margin-top: 3rem; }
h2 { font-size: 1.45rem; line-height: 1.25; margin: 0 0 1rem; text-wrap: balance; }
h3 { font-size: 1rem; margin: 0 0 .5rem; }
.source { color: var(--quiet); font-size: .8rem; margin: .6rem 0 0; overflow-wrap: anywhere; }
.columns { display: grid; gap: 1.5rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 290px), 1fr)); }
.columns > div { min-width: 0; }
svg { display: block; width: 100%; height: auto; max-width: max-content; }
.phone { display: none; }
@media screen and (max-width: 640px) { .wide { display: none; } .phone { display: block; }
  h1 { font-size: 1.6rem; } header { flex-direction: column-reverse; } }
.facts { display: grid; gap: 1.25rem; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); }
.facts b { display: block; font-size: 2.4rem; line-height: 1.2; color: var(--accent); }
.facts span, figcaption { color: var(--quiet); font-size: .9rem; }
figure { margin: 0; } img { max-width: 100%; height: auto; border-radius: 8px; display: block; }
.scroll { overflow-x: auto; border-right: 1px dashed var(--line); padding-bottom: .25rem; }
table { border-collapse: collapse; font-size: .82rem; width: 100%; }
th, td { padding: .35rem .6rem; text-align: right; white-space: nowrap; }
th, td { border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: var(--paper); }
td.text, th.text { text-align: left; }
td.long { white-space: normal; min-width: 15rem; }
thead th { border-bottom: 2px solid var(--ink); }
details { margin-top: .75rem; font-size: .9rem; } summary { cursor: pointer; color: var(--quiet); }
@media print {
  @page { size: A4; margin: 14mm; }
  body { font-size: 12px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { padding: 0; max-width: none; }
  section { break-inside: avoid; margin-top: 1.5rem; } h2 { font-size: 1.2rem; }
  .scroll { overflow: visible; border: 0; } table { font-size: 8px; } th, td { padding: .2rem .25rem; }
  td { white-space: normal; } details { display: none; } }
"""


def write(report: Report, keys: Iterable[str] = USUAL) -> str:
    """The document's text, of the sections of those keys."""
    chosen = sections(report, keys)
    look = report.look
    style = (
        _STYLE.replace("ACCENT", readable(look.color))
        .replace("LIGHT", _lightened(look.color))
        .replace("BAR", look.color)
    )
    logo = f'<img alt="Logo" src="{data_address(look.logo)}">' if look.logo else ""
    by = f"{escape(look.name)}<br>" if look.name else ""
    lead = escape(findings.cost(report.rows, "parameters"))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(look.title)}</title>\n<style>{style}</style>\n"
        '<link rel="icon" href="data:,"></head>\n<body><main>\n'
        f"<header><div><h1>{escape(look.title)}</h1><p>{by}{lead}.<br>"
        f"Squeeze Lab, {report.day}, {escape(report.versions)}</p></div>{logo}</header>\n"
        + "\n".join(_section(section) for section in chosen)
        + "\n</main></body></html>\n"
    )


def _lightened(color: str) -> str:
    """The colour, mixed with white for a dark page."""
    channels = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(0.6 * channel + 0.4 * 255):02x}" for channel in channels)


def _section(section: Section) -> str:
    columns = "".join(
        f"<div>{''.join(_part(part, len(section.columns)) for part in parts)}</div>"
        for parts in section.columns
    )
    source = f'<p class="source">Source: {escape(section.source)}</p>' if section.source else ""
    body = f'<div class="columns">{columns}</div>' if len(section.columns) > 1 else columns
    return (
        f'<section id="{section.key}"><h2>{escape(section.title)}</h2>{body}{source}'
        f"{_numbers(section)}</section>"
    )


def _numbers(section: Section) -> str:
    """The table behind a section's charts, closed until it is asked for."""
    if not section.rows or any(isinstance(part, Table) for parts in section.columns for part in parts):
        return ""
    return f"<details><summary>Table</summary>{_table(section.rows)}</details>"


def _part(part: Part, columns: int) -> str:
    if isinstance(part, Bars | Bubbles | Squares | Tiles):
        return _chart(part, columns)
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


def _chart(chart: Chart, columns: int) -> str:
    wide = svg(layout.draw(chart, _WHOLE if columns == 1 else _HALF if columns == 2 else _PHONE))
    phone = svg(layout.draw(chart, _PHONE))
    return f'<div class="wide">{wide}</div><div class="phone">{phone}</div>'


def _photo(part: Photo) -> str:
    image = part.image.copy()
    image.thumbnail((960, 960))
    caption = f"<figcaption>{escape(part.caption)}</figcaption>" if part.caption else ""
    return f'<figure><img alt="{escape(part.alt)}" src="{data_address(image)}">{caption}</figure>'


def _table(rows: Rows) -> str:
    columns = list(rows[0])
    text = {column for column in columns if any(isinstance(row[column], str) for row in rows)}
    head = "".join(f"<th{_class(column in text, False)}>{escape(column)}</th>" for column in columns)
    cells = [[(column, written(row[column])) for column in columns] for row in rows]
    lines = "".join(
        "<tr>"
        + "".join(
            f"<td{_class(column in text, len(cell) > 40)}>{escape(cell)}</td>" for column, cell in line
        )
        + "</tr>"
        for line in cells
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="Table"><table><thead><tr>{head}</tr>'
        f"</thead><tbody>{lines}</tbody></table></div>"
    )


def _class(text: bool, long: bool) -> str:
    names = " ".join(name for name, there in (("text", text), ("long", long)) if there)
    return f' class="{names}"' if names else ""
