"""Lists of class names, as people and programs write them → index → name."""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Collection
from contextlib import suppress
from functools import lru_cache
from typing import Any

import yaml

# How a column, a line above names or a key that leads to them is called.
CALLED = ("names", "name", "classes", "class", "labels", "label", "class_names", "class_name", "categories",
          "category", "classname", "label_name")  # fmt: skip
# Half a character, which no file can be written with, is not one.
_WORD = re.compile(r"^[^\ud800-\udfff]*[^\s\ud800-\udfff][^\ud800-\udfff]*$")
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def encoding_of(data: bytes) -> str:
    """The encoding that the first bytes state, else UTF-8 where the data are that, else Latin-1."""
    for mark, encoding in _BOMS.items():
        if data.startswith(mark):
            return encoding
    try:
        data.decode()
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def read(data: bytes) -> dict[int, str]:
    """Index → class name, by index, of a file in any encoding of `encoding_of`.

    Names stand one a line, with or without a number, quotes or a dash; in rows with commas, semicolons or
    tabs between; or in JSON, YAML (also ultralytics' data.yaml) or a Python dict, as a list, index → name,
    name → index, or Keras' index → (id, name). ValueError where no names can be made out.
    """
    text = data.decode(encoding_of(data))
    if re.search(r"[\x00-\x08\x0e-\x1f]", text):
        raise ValueError("not a text")
    brackets = re.match(r"\s*[\[{]", text)
    document = None
    if brackets or re.match(r"(\s*(#.*)?\n)*(- |['\"]?\w+['\"]?\s*:(\s|$))", text):
        with suppress(ValueError):
            document = _document(text)
    # Lines that are settings are no names.
    found = listed(document) if brackets or isinstance(document, dict | list) else _in_lines(text)
    if not found:
        raise ValueError("no list of names")
    return found


def index_of(label: object, labels: tuple[str, ...]) -> int | None:
    """The index of the class of that name, capitals and underscores aside, or of that index, also as text;
    None where there is none."""
    if type(label) is int:
        return label if 0 <= label < len(labels) else None
    wanted = _plain(str(label))
    number = int(wanted) if _is_index(wanted) else len(labels)
    return _places(labels).get(wanted, number if number < len(labels) else None)


@lru_cache(4)
def _places(labels: tuple[str, ...]) -> dict[str, int]:
    return {_plain(label): place for place, label in reversed(list(enumerate(labels)))}


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").casefold().split())


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError:
        return plain_yaml(text)


def plain_yaml(text: str) -> Any:
    """A YAML document with all its values as they are written: "no" is a word. ValueError if it is none."""
    try:
        return yaml.load(text, yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError):
        raise ValueError("not YAML") from None


def listed(value: Any) -> dict[int, str] | None:
    """Index → name of a list, a dict, or a document that has one of them; None where it lists no names."""
    for _ in range(2):
        if isinstance(value, dict):
            inner = (value[key] for key in CALLED if isinstance(value.get(key), dict | list))
            value = next(inner, value)
    if isinstance(value, dict):
        pairs = list(value.items())
        if not all(_is_index(key) for key, _ in pairs):
            pairs = [(index, name) for name, index in pairs]
    elif isinstance(value, list | tuple):
        pairs = list(enumerate(value))
    else:
        return None
    # Keras' class index has WordNet's id before the name.
    pairs = [(index, one[-1] if isinstance(one, list | tuple) and one else one) for index, one in pairs]
    if not all(_is_index(index) and isinstance(name, str) and _WORD.search(name) for index, name in pairs):
        return None
    found = {int(index): " ".join(name.split()) for index, name in sorted(pairs, key=lambda p: int(p[0]))}
    return found if found and _is_count([index for index, _ in pairs]) else None


def _is_index(value: Any) -> bool:
    return type(value) is int or (isinstance(value, str) and re.fullmatch(r"\d{1,9}", value) is not None)


def _is_count(values: Collection[Any]) -> bool:
    """True for the indices 0, 1, 2 …, or 1, 2, 3 …, in any order."""
    ordered = sorted(map(int, values)) if all(map(_is_index, values)) else [-1]
    return ordered in (list(range(len(values))), list(range(1, len(values) + 1)))


def _in_lines(text: str) -> dict[int, str] | None:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if len(lines) == 1 and re.search("[,;]", lines[0]):
        lines = re.split(r"\s*[,;]\s*", lines[0].strip(",;"))
    for delimiter in "\t;,":
        if lines and all(delimiter in line for line in lines) and (found := _in_rows(lines, delimiter)):
            return found
    lines = [re.sub(r"^([-*•]|n\d{8})\s+|[,;]$", "", line).strip("\"' ") for line in lines]
    numbered = [re.fullmatch(r"(\d{1,6})[.):]?\s+(.+)|(\d{1,6}):(.+)", line) for line in lines]
    if all(numbered):
        rows = [[part for part in match.groups() if part] for match in numbered if match]
        if found := listed({row[0]: row[1] for row in rows}):
            return found
    return listed(lines[1:] if len(lines) > 1 and lines[0].lower() in CALLED else lines)


def cells(lines: list[str], delimiter: str) -> list[list[str]]:
    """The rows of a table with that between cells; ValueError when it is none."""
    try:
        return [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    except csv.Error:
        raise ValueError("no table") from None


def _in_rows(lines: list[str], delimiter: str) -> dict[int, str] | None:
    """Names from the columns of a table with a header, or with a column that counts; else None."""
    rows = cells(lines, delimiter)
    head = [cell.lower() for cell in rows[0]]
    known = [place for place, cell in enumerate(head) if cell in CALLED]
    body = rows[1:] if known else rows
    columns = list(zip(*body, strict=False))
    counts = [place for place, column in enumerate(columns) if _is_count(column)]
    names = [place for place in (known or range(len(columns))) if place not in counts[:1]]
    if not names or not (known or counts) or min(map(len, body)) < 2:
        return None
    if counts:
        return listed({row[counts[0]]: row[names[-1]] for row in body})
    return listed([row[names[0]] for row in body])
