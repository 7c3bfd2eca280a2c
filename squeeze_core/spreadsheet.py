"""Rows → a CSV file that a spreadsheet only reads and never computes."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

# What makes a spreadsheet take a cell for a formula (OWASP, "CSV injection"), full-width forms too.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def defused(value: Any) -> Any:
    """`value`, unless it is text that a spreadsheet would compute: then with an apostrophe before it."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS) and not _is_number(value):
        return f"'{value}"
    return value


def csv_bytes(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Comma-separated text of the rows, a column for every key of any row; UTF-8 with a byte
    order mark, without which Excel takes it for another encoding."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(map(defused, columns))
    writer.writerows([defused(row.get(column, "")) for column in columns] for row in rows)
    return buffer.getvalue().encode("utf-8-sig")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text == text.strip()
