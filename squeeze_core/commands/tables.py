"""`--out FILE`: results written as they come, a row a file; a later run goes on where one stopped.

A CSV or JSONL file grows by whole lines. Parquet cannot grow, so its rows wait in `FILE.partial`
until the command ends. A file that is in the table already is not done again.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from squeeze_core.errors import UserError
from squeeze_core.spreadsheet import defused

# Column name → what its cells hold; a cell may also be empty.
Columns = Mapping[str, type]
ROW_GROUP = 10_000


class Table(ABC):
    """Rows on disk: dicts with a "file", the "model", and either a result's fields or an "error".

    `rows`, `errors`: how many the table holds, those of earlier runs included.
    """

    def __init__(self, path: Path, columns: Columns, model: str) -> None:
        self.path, self.columns, self.model = path, columns, model
        self.rows = self.errors = 0
        self._done: set[bytes] = set()

    def __contains__(self, file: str) -> bool:
        return _digest(file) in self._done

    def __enter__(self) -> Table:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def add(self, row: Mapping[str, Any]) -> None:
        """Write one row, whole; OSError naming the table when there is no room."""

    @abstractmethod
    def close(self) -> None:
        """Finish the table as far as it goes."""

    @abstractmethod
    def every(self) -> Iterator[dict[str, Any]]:
        """All rows, in order, once the table is closed: cells as its kind of file keeps them."""

    def named(self, file: str) -> str:
        """What the table calls that file."""
        return file

    def _note(self, row: Mapping[str, Any]) -> None:
        """Count a row; UserError when it is of another model's."""
        if row.get("model") != self.model:
            raise UserError(f"{self.path} holds results of {row.get('model')}; choose another --out.")
        self._done.add(_digest(str(row["file"])))
        self.rows += 1
        self.errors += bool(row.get("error"))


class Lines(Table):
    """A table in a file that grows by lines."""

    def __init__(self, path: Path, columns: Columns, model: str) -> None:
        super().__init__(path, columns, model)
        self._stream = self._resumed()
        if self._stream.tell() == 0:
            self._write(self.head())

    def head(self) -> str:
        """What the file begins with."""
        return ""

    @abstractmethod
    def line(self, row: Mapping[str, Any]) -> str:
        """The row as text, its line's end included."""

    @abstractmethod
    def read(self, stream: BinaryIO) -> Iterator[tuple[dict[str, Any] | None, int]]:
        """Each whole row of the file (None for what is none, such as the head), and where it ends."""

    def add(self, row: Mapping[str, Any]) -> None:
        self._write(self.line(row))
        self._note(row)

    def every(self) -> Iterator[dict[str, Any]]:
        with self.path.open("rb") as written:
            yield from (row for row, _ in self.read(written) if row is not None)

    def close(self) -> None:
        self._stream.close()

    def _resumed(self) -> BinaryIO:
        """The file, cut after its last whole row."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch()
            stream = self.path.open("r+b", buffering=0)
            end = 0
            with self.path.open("rb") as written:
                for row, place in self.read(written):
                    end = place
                    if row is not None:
                        self._note(row)
            stream.seek(end)
            stream.truncate()
        except OSError as error:
            raise UserError(f"{self.path} cannot be written to: {error.strerror}.") from None
        except (ValueError, KeyError, RecursionError, csv.Error) as error:
            if isinstance(error, UserError):
                raise
            raise UserError(f"{self.path} is not a table of these results; choose another --out.") from None
        return stream  # type: ignore[return-value]

    def _write(self, text: str) -> None:
        # One call, so that a process that is killed leaves a whole row or, rarely, the start of one.
        data = text.encode("utf-8", "backslashreplace")
        try:
            if self._stream.write(data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise UserError(f"{self.path} cannot be written to: {error.strerror}.") from None


class JsonLines(Lines):
    """One JSON object a line."""

    def line(self, row: Mapping[str, Any]) -> str:
        return json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"

    def read(self, stream: BinaryIO) -> Iterator[tuple[dict[str, Any] | None, int]]:
        end = 0
        for line in stream:
            if not line.endswith(b"\n"):
                return
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError("a line is no object")
            end += len(line)
            yield row, end


class Csv(Lines):
    """A line a row under a head; text that a spreadsheet would compute is defused."""

    def head(self) -> str:
        return _csv_line(self.columns)

    def line(self, row: Mapping[str, Any]) -> str:
        flat = flattened(row)
        return _csv_line(defused(flat.get(name)) for name in self.columns)

    def add(self, row: Mapping[str, Any]) -> None:
        super().add({**row, "file": self.named(row["file"])})

    def __contains__(self, file: str) -> bool:
        return super().__contains__(self.named(file))

    def named(self, file: str) -> str:
        return str(defused(file))

    def read(self, stream: BinaryIO) -> Iterator[tuple[dict[str, Any] | None, int]]:
        end = 0
        whole = True

        def lines() -> Iterator[str]:
            nonlocal end, whole
            for line in stream:
                end += len(line)
                whole = line.endswith(b"\n")
                yield line.decode("utf-8")

        for number, cells in enumerate(csv.reader(lines(), strict=True)):
            if not whole:
                return
            if number == 0 and cells != list(self.columns):
                raise ValueError("other columns")
            yield (dict(zip(self.columns, cells, strict=True)) if number else None), end


class Parquet(Table):
    """Row groups of ROW_GROUP rows, text columns for text; rows wait in a JSONL file until `close`."""

    def __init__(self, path: Path, columns: Columns, model: str) -> None:
        super().__init__(path, columns, model)
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            raise UserError("Parquet files need the package pyarrow: pip install pyarrow.") from None
        kinds = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
        self._schema = pyarrow.schema([(name, kinds[kind]) for name, kind in columns.items()])
        self._parquet, self._batch = pyarrow.parquet, pyarrow.RecordBatch
        if path.exists():
            try:
                with pyarrow.parquet.ParquetFile(path) as written:
                    if written.schema_arrow.names != list(columns):
                        raise UserError(f"{path} has other columns; choose another --out.")
                    for batch in written.iter_batches(ROW_GROUP, columns=["file", "model", "error"]):
                        for row in batch.to_pylist():
                            self._note(row)
            except (OSError, pyarrow.ArrowException):
                raise UserError(f"{path} is not a Parquet file; choose another --out.") from None
        self._waiting = JsonLines(path.with_name(f"{path.name}.partial"), columns, model)
        # A process that ended between writing the table and removing this file left rows in both.
        self.rows += len(self._waiting._done - self._done)
        self.errors += self._waiting.errors

    def __contains__(self, file: str) -> bool:
        return super().__contains__(file) or file in self._waiting

    def add(self, row: Mapping[str, Any]) -> None:
        self._waiting.add(flattened(row))
        self.rows += 1
        self.errors += bool(row.get("error"))

    def every(self) -> Iterator[dict[str, Any]]:
        with self._parquet.ParquetFile(self.path) as written:
            for batch in written.iter_batches(ROW_GROUP):
                yield from batch.to_pylist()

    def close(self) -> None:
        self._waiting.close()
        if self._waiting.rows or not self.path.exists():
            temporary = self.path.with_name(f".{self.path.name}.new")
            try:
                with self._parquet.ParquetWriter(temporary, self._schema) as writer:
                    for batch in self._batches():
                        writer.write_batch(batch)
                temporary.replace(self.path)
            except OSError as error:
                raise UserError(f"{self.path} cannot be written to: {error.strerror or error}.") from None
            finally:
                temporary.unlink(missing_ok=True)
        self._waiting.path.unlink()

    def _batches(self) -> Iterator[Any]:
        if self.path.exists():
            with self._parquet.ParquetFile(self.path) as written:
                yield from written.iter_batches(ROW_GROUP)
        rows: list[dict[str, Any]] = []
        with self._waiting.path.open("rb") as waiting:
            for row, _ in self._waiting.read(waiting):
                if row is not None and not super().__contains__(row["file"]):
                    rows.append({name: row.get(name) for name in self.columns})
                if len(rows) == ROW_GROUP:
                    yield self._batch.from_pylist(rows, self._schema)
                    rows = []
        if rows:
            yield self._batch.from_pylist(rows, self._schema)


KINDS: dict[str, type[Lines | Parquet]] = {".csv": Csv, ".jsonl": JsonLines, ".parquet": Parquet}


def open_table(path: Path, columns: Columns, model: str) -> Table:
    """The table in that file, new or to go on with; its kind by the name's ending. UserError when that
    is unknown, or the file is another table."""
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise UserError(f"--out {path}: the name must end in {', '.join(KINDS)}.")
    return kind(path, columns, model)


def flattened(row: Mapping[str, Any]) -> dict[str, Any]:
    """A result's row with plain cells: predictions become label, index, probability, label_2 …;
    any other list is JSON in a cell."""
    flat: dict[str, Any] = {}
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


def _csv_line(cells: Any) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def _digest(file: str) -> bytes:
    """A file's name in 16 bytes, so that a million of them fit into memory."""
    return hashlib.blake2b(file.encode("utf-8", "surrogatepass"), digest_size=16).digest()
