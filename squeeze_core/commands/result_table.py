"""`--out FILE`: results written as they come, one row a file; a later run resumes.

Rows are streamed as lines of JSON: into the file itself where its name ends in .jsonl, else into
`FILE.partial`, from which the CSV or Parquet file is made when the command ends.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

from squeeze_core.errors import UserError
from squeeze_core.spreadsheet import defused

# Column name → type of its cells; a cell may also be empty.
Columns = Mapping[str, type]
Row = dict[str, Any]
ROW_GROUP = 10_000
SUFFIXES = (".csv", ".jsonl", ".parquet")


class Table:
    """Rows on disk: dicts with a "file", the "model", and either a result's fields or an "error".

    `rows`, `errors`: how many the table holds, those of earlier runs included. UserError when the
    ending of the name is unknown, or the file is another table or another model's.
    """

    def __init__(self, path: Path, columns: Columns, model: str) -> None:
        self.path, self.columns, self.model = path, columns, model
        self.rows = self.errors = 0
        self._done: set[bytes] = set()
        self._suffix = path.suffix.lower()
        if self._suffix not in SUFFIXES:
            raise UserError(f"--out {path}: the name must end in {', '.join(SUFFIXES)}.")
        is_lines = self._suffix == ".jsonl"
        self._lines = path if is_lines else path.with_name(f"{path.name}.partial")
        end = 0
        try:
            if self._suffix == ".parquet":
                _pyarrow()
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and not is_lines:
                for row in self._every():
                    self._count(row)
            self._finished_rows = self.rows
            self._lines.touch()
            for row, place in _whole_lines(self._lines):
                self._count(row)
                end = place
            self._stream = self._lines.open("r+b", buffering=0)
            self._stream.seek(end)
            self._stream.truncate()
        except UserError:
            raise
        except OSError as error:
            raise self._not_writable(error) from None
        except (ValueError, TypeError, KeyError, NotImplementedError, RecursionError, csv.Error):
            raise UserError(f"{path} is not a table of these results; choose another --out.") from None

    def __contains__(self, file: str) -> bool:
        return _digest(file) in self._done

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, row: Mapping[str, Any]) -> None:
        """Write one row, whole; UserError when there is no room."""
        text = json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"
        # One call, so that a process that is killed leaves a whole row or, rarely, the start of one.
        data = text.encode("utf-8", "backslashreplace")
        try:
            if self._stream.write(data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise self._not_writable(error) from None
        self._count(row)

    def _every(self) -> Iterator[Row]:
        """All rows of the finished table, in order; cells as its format keeps them, files by `defused`."""
        if self._suffix == ".jsonl":
            return (row for row, _ in _whole_lines(self.path))
        read = _csv_rows if self._suffix == ".csv" else _parquet_rows
        return read(self.path, self.columns)

    def close(self) -> None:
        """Make the CSV or Parquet file of all rows."""
        self._stream.close()
        if self._lines == self.path:
            return
        temporary = self.path.with_name(f".{self.path.name}.new")
        try:
            if self.rows > self._finished_rows or not self.path.exists():
                write = _write_csv if self._suffix == ".csv" else _write_parquet
                write(temporary, self.columns, self._all_rows())
                temporary.replace(self.path)
            self._lines.unlink()
        except OSError as error:
            raise self._not_writable(error) from None
        finally:
            temporary.unlink(missing_ok=True)

    def _all_rows(self) -> Iterator[Row]:
        """The rows of the finished table and those streamed since, each file once."""
        streamed = (flattened(row) for row, _ in _whole_lines(self._lines))
        written: set[bytes] = set()
        # A process that ended between writing the table and removing the lines left rows in both.
        for row in chain(self._every() if self.path.exists() else (), streamed):
            if (digest := _digest(row["file"])) not in written:
                written.add(digest)
                yield row

    def _count(self, row: Mapping[str, Any]) -> None:
        if row["model"] != self.model:
            raise UserError(f"{self.path} holds results of {row['model']}; choose another --out.")
        if row["file"] not in self:
            self._done.add(_digest(row["file"]))
            self.rows += 1
            self.errors += bool(row.get("error"))

    def _not_writable(self, error: OSError) -> UserError:
        return UserError(f"{self.path} cannot be written to: {error.strerror or error}.")


def flattened(row: Mapping[str, Any]) -> Row:
    """A result's row with plain cells: predictions become label, index, probability, label_2 …;
    any other list is JSON in a cell."""
    flat: Row = {}
    for name, value in row.items():
        if name == "predictions":
            for place, prediction in enumerate(value, 1):
                flat |= {numbered(key, place): cell for key, cell in prediction.items()}
        else:
            flat[name] = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
    return flat


def numbered(name: str, place: int) -> str:
    """label, label_2, label_3 …"""
    return name if place == 1 else f"{name}_{place}"


def _whole_lines(path: Path) -> Iterator[tuple[Row, int]]:
    """Each row of a JSONL file and where it ends; a last line that is cut off is left out."""
    end = 0
    with path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                end += len(line)
                yield json.loads(line), end


def _csv_rows(path: Path, columns: Columns) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        if list(reader.fieldnames or ()) != list(columns):
            raise ValueError("other columns")
        yield from reader


def _write_csv(path: Path, columns: Columns, rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:  # so that Excel knows it for UTF-8
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: defused(cell) for name, cell in row.items()} for row in rows)


def _pyarrow() -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        raise UserError("Parquet files need the package pyarrow: pip install pyarrow.") from None
    return pyarrow


def _parquet_rows(path: Path, columns: Columns) -> Iterator[Row]:
    with _pyarrow().parquet.ParquetFile(path) as file:
        if file.schema_arrow.names != list(columns):
            raise ValueError("other columns")
        for batch in file.iter_batches(ROW_GROUP):
            yield from batch.to_pylist()


def _write_parquet(path: Path, columns: Columns, rows: Iterable[Row]) -> None:
    pyarrow = _pyarrow()
    types = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64(), bool: pyarrow.bool_()}
    schema = pyarrow.schema([(name, types[kind]) for name, kind in columns.items()])
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        rows = iter(rows)
        while group := list(islice(rows, ROW_GROUP)):
            writer.write_table(pyarrow.Table.from_pylist(group, schema))


def _digest(file: str) -> bytes:
    """A file's name, as a spreadsheet has it, in 16 bytes, so that a million of them fit into memory."""
    return hashlib.blake2b(defused(file).encode("utf-8", "surrogatepass"), digest_size=16).digest()
