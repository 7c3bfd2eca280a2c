"""The reader of .sqz files: one file to copy elsewhere, which needs NumPy and `constriction` alone.

    tensors = read_bytes(open("mine.sqz", "rb").read()).state_dict()  # float32 arrays by name

The file is a network's tensors in few bytes, with the same metadata as a safetensors file:

    8 bytes    magic, b"\\x89SQZ\\r\\n\\x1a\\n"
    4 bytes    length of the description, little-endian
    4 bytes    CRC-32 of the description
    …          description: zlib-compressed JSON {"version", "metadata": {text: text}, "tensors":
               [[name, shape, kind, coding, length, CRC-32]…]}
    …          one part for each tensor, in that order

Reading executes nothing, checks every byte, and allocates nothing before its size is checked.
Content of a part:

    float32, float16    the values
    steps               uint16 n; n float32 steps, one for the tensor or one for each output channel;
                        then whole numbers that are multiplied by them

Whole numbers are coded "packed" or "range". "packed" numbers have as many bits each as the largest needs.
"range" codes a layer in passes. Before each pass, encoder and decoder both sort its weights into contexts
by the mean size of their row, column and kernel so far. Each context counts its levels, and every pass adds
to the counts. So the file holds no tables.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import constriction
import numpy as np

MAGIC = b"\x89SQZ\r\n\x1a\n"
VERSION = 1
HEAD = struct.Struct("<8sII")
_MOST_DESCRIPTION = 4 << 20  # bytes, compressed and not: 100,000 class names fit
_MOST_NUMBERS = 5_000_000  # 20 MB as float32; SqueezeNet has 1.2 million
_MOST_TENSORS = 1000

# Errors from reading a document that is no description.
_UNFIT = (KeyError, TypeError, ValueError, AttributeError, RecursionError, zlib.error)
_CUT, _BAD_SUM = "{} is damaged: its length does not fit.", "{} is damaged: a checksum does not fit."

Kind = Literal["float32", "float16", "steps"]
Coding = Literal["plain", "packed", "range"]
_CODINGS = {"float32": ("plain",), "float16": ("plain",), "steps": ("packed", "range")}


class SqzError(ValueError):
    """The bytes are no sound .sqz file; the message is one sentence for people."""


@dataclass(frozen=True)
class Packed:
    """One tensor as it is stored.

    `values`: float32, the network's weights. `levels`: int32 of the same shape, where the
    kind is "steps". `table`: float32, the steps ([1] or one a row).
    """

    values: np.ndarray
    kind: Kind = "float32"
    coding: Coding = "plain"
    levels: np.ndarray | None = None
    table: np.ndarray | None = None


def of_steps(levels: np.ndarray, steps: np.ndarray, coding: Coding = "packed") -> Packed:
    """`levels` int32 [O, …] times `steps` float32 [1] or [O]."""
    steps = steps.astype(np.float32)
    values = levels.astype(np.float32) * steps.reshape(-1, *[1] * (levels.ndim - 1))
    return Packed(values, "steps", coding, levels.astype(np.int32), steps)


@dataclass(frozen=True)
class Sqz:
    """A .sqz file's content: tensors by name, and metadata as in safetensors."""

    tensors: Mapping[str, Packed]
    metadata: Mapping[str, str] = field(default_factory=dict)

    def state_dict(self) -> dict[str, np.ndarray]:
        """float32, by name."""
        return {name: packed.values for name, packed in self.tensors.items()}


class _Row(NamedTuple):
    """One tensor's entry in the description."""

    name: str
    shape: tuple[int, ...]
    kind: Kind
    coding: Coding
    length: int
    crc: int


def read_bytes(data: bytes, name: str = "The file") -> Sqz:
    """The file, checked and decoded; SqzError, whose sentence calls it `name`, for any other file."""
    metadata, rows, at = _head(data, name)
    if at + sum(row.length for row in rows) != len(data):
        raise SqzError(_CUT.format(name))
    tensors = {}
    for row in rows:
        part = data[at : at + row.length]
        at += row.length
        if zlib.crc32(part) != row.crc:
            raise SqzError(_BAD_SUM.format(name))
        try:
            tensors[row.name] = _read_part(part, row.kind, row.coding, row.shape)
        except ValueError as error:
            raise SqzError(f"{name} is damaged: {row.name} cannot be decoded.") from error
    return Sqz(tensors, metadata)


def tensor_names(data: bytes) -> tuple[str, ...]:
    """The names of a file's tensors, which are not decoded; none when it is no .sqz file."""
    try:
        return tuple(row.name for row in _head(data, "The file")[1])
    except SqzError:
        return ()


def _head(data: bytes, name: str) -> tuple[dict[str, str], list[_Row], int]:
    """Metadata, rows, and where the parts begin; SqzError when they are not a .sqz file's."""
    if not data.startswith(MAGIC):
        raise SqzError(f"{name} is not a .sqz file.")
    if len(data) < HEAD.size:
        raise SqzError(_CUT.format(name))
    _, length, checksum = HEAD.unpack_from(data)
    if length > min(_MOST_DESCRIPTION, len(data) - HEAD.size):
        raise SqzError(_CUT.format(name))
    at = HEAD.size + length
    text = data[HEAD.size : at]
    if zlib.crc32(text) != checksum:
        raise SqzError(_BAD_SUM.format(name))
    try:
        return *_read_description(text), at
    except _UNFIT:
        raise SqzError(f"{name} is of an unknown version of .sqz.") from None


def _require(fits: bool) -> None:
    if not fits:
        raise ValueError


def _read_description(text: bytes) -> tuple[dict[str, str], list[_Row]]:
    """Metadata and rows; one of _UNFIT when it is no description, or too large for one."""
    inflate = zlib.decompressobj()
    plain = inflate.decompress(text, _MOST_DESCRIPTION)
    _require(inflate.eof and not inflate.unused_data)
    document = json.loads(plain)
    _require(document["version"] == VERSION)
    metadata = document["metadata"]
    _require(isinstance(metadata, dict) and all(isinstance(value, str) for value in metadata.values()))
    rows = [_read_row(*row) for row in document["tensors"]]
    _require(0 < len(rows) <= _MOST_TENSORS and len({row.name for row in rows}) == len(rows))
    _require(sum(math.prod(row.shape) for row in rows) <= _MOST_NUMBERS)
    return metadata, rows


def _read_row(name: Any, shape: Any, kind: Any, coding: Any, length: Any, crc: Any) -> _Row:
    _require(isinstance(name, str) and isinstance(shape, list) and 1 <= len(shape) <= 4)
    _require(all(type(side) is int and 0 < side <= _MOST_NUMBERS for side in shape))
    _require(coding in _CODINGS[kind])
    _require(type(length) is int and length >= 0 and type(crc) is int)
    return _Row(name, tuple(shape), kind, coding, length, crc)


def _read_part(part: bytes, kind: Kind, coding: Coding, shape: tuple[int, ...]) -> Packed:
    count = math.prod(shape)
    if kind in ("float32", "float16"):
        values = np.frombuffer(part, "<f4" if kind == "float32" else "<f2")
        _require(values.size == count)
        return Packed(_finite(values).reshape(shape), kind, coding)
    _require(len(part) >= 2)
    (size,) = struct.unpack_from("<H", part)
    _require(len(part) >= 2 + 4 * size and size > 0)
    table = _finite(np.frombuffer(part, "<f4", size, 2))
    body = part[2 + 4 * size :]
    levels = unpack(body, count) if coding == "packed" else range_decode(body, layer_shape(shape))
    _require(size in (1, shape[0]))
    packed = of_steps(levels.reshape(shape), table, coding)
    _finite(packed.values)  # a level times its step may be too large
    return packed


def _finite(values: np.ndarray) -> np.ndarray:
    values = values.astype(np.float32)
    _require(bool(np.isfinite(values).all()))
    return values


def layer_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    rows, columns = (*shape, 1, 1)[:2]
    return rows, columns, math.prod(shape[2:])


def unpack(data: bytes, count: int) -> np.ndarray:
    """int32 [count] from `pack`."""
    if len(data) < 5:
        raise ValueError("Packed weights are cut short.")
    low, width = struct.unpack_from("<iB", data)
    if not (1 <= width <= 16 and -65536 <= low <= 0 and len(data) == 5 + (count * width + 7) // 8):
        raise ValueError("Packed weights are damaged.")
    bits = np.unpackbits(np.frombuffer(data, np.uint8, offset=5), count=count * width)
    places = (1 << np.arange(width - 1, -1, -1)).astype(np.int32)
    return bits.reshape(count, width).astype(np.int32) @ places + np.int32(low)


# -- the adaptive range code -------------------------------------------------------------------------

Levels = np.ndarray  # int32 [out_channels, in_channels, kernel area]

CONTEXTS = 8
LARGEST = 2047  # of a level's magnitude
_PASS = 1000  # weights coded between two updates of the counts
# A row's mean begins with so many weights at the layer's mean, a kernel's likewise.
_SHRINK_LINE, _SHRINK_KERNEL = 16.0, 2.0
_PRIOR = 60.0  # counts that each context begins with, geometrically distributed
# Only +, −, × and ÷ of float64 and comparisons: the same on every machine, which decoding needs.
_CENTRES = np.array([0.27, 0.39, 0.55, 0.77, 1.09, 1.54, 2.18, 3.08])
_EDGES = np.array([0.325, 0.46, 0.65, 0.92, 1.3, 1.84, 2.6])


class Adaptive:
    """The state that encoder and decoder share: counts of the levels, and sums of their sizes so far."""

    def __init__(self, shape: tuple[int, int, int], largest: int, mean: float) -> None:
        rows, columns, self.area = shape
        self.mean = mean
        ratio = (mean * _CENTRES / (1 + mean * _CENTRES))[:, None]
        tail = np.ones((CONTEXTS, largest + 1))
        for k in range(1, largest + 1):
            tail[:, k : k + 1] = tail[:, k - 1 : k] * ratio
        both = np.concatenate([tail[:, :0:-1] / 2, tail[:, :1], tail[:, 1:] / 2], 1)
        self.counts = _PRIOR * both / both.sum(1, keepdims=True) + 0.02
        self.row_sum, self.row_seen = np.zeros(rows), np.zeros(rows)
        self.column_sum, self.column_seen = np.zeros(columns), np.zeros(columns)
        self.kernel_sum, self.kernel_seen = np.zeros((rows, columns)), np.zeros((rows, columns))

    def contexts(self, rows: slice, columns: slice) -> np.ndarray:
        """The context of each weight of a pass, flat."""
        mean = self.mean
        line, kernel = _SHRINK_LINE, _SHRINK_KERNEL
        row = (self.row_sum[rows] + line * mean) / ((self.row_seen[rows] + line) * mean)
        column = (self.column_sum[columns] + line * mean) / ((self.column_seen[columns] + line) * mean)
        scale = row[:, None] * column[None, :]
        if self.area > 1:
            here = self.kernel_sum[rows, columns] + kernel * mean
            scale = scale * (here / ((self.kernel_seen[rows, columns] + kernel) * mean))
        return np.searchsorted(_EDGES, scale.ravel(), side="right")

    def learn(self, levels: np.ndarray, context: np.ndarray, rows: slice, columns: slice) -> None:
        """Add a pass's levels, int [rows, columns], to counts and sums."""
        kinds = self.counts.shape[1]
        cells = context * kinds + levels.ravel() + kinds // 2
        self.counts += np.bincount(cells, minlength=self.counts.size).reshape(self.counts.shape)
        size = np.abs(levels)
        self.row_sum[rows] += size.sum(1)
        self.row_seen[rows] += size.shape[1]
        self.column_sum[columns] += size.sum(0)
        self.column_seen[columns] += size.shape[0]
        self.kernel_sum[rows, columns] += size
        self.kernel_seen[rows, columns] += 1


def passes(shape: tuple[int, int, int]) -> Iterator[tuple[int, slice, slice]]:
    """(kernel position, rows, columns) of each pass: the middle of the kernels first."""
    rows, columns, area = shape
    middle = (area - 1) / 2
    order = sorted(range(area), key=lambda position: (abs(position - middle) % 2, abs(position - middle)))
    parts = max(1, round(rows * columns / _PASS))
    # A 1×1 layer's rows are known only by their columns, so columns are coded in groups too.
    groups = 1 if area > 1 else min(4, parts, columns)
    row_edges = [rows * k // max(1, parts // groups) for k in range(max(1, parts // groups) + 1)]
    column_edges = [columns * k // groups for k in range(groups + 1)]
    for position in order:
        for top, bottom in pairwise(row_edges):
            for left, right in pairwise(column_edges):
                if bottom > top and right > left:
                    yield position, slice(top, bottom), slice(left, right)


def by_context(context: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Each context that occurs, and its positions."""
    order = np.argsort(context, kind="stable")
    ends = np.cumsum(np.bincount(context, minlength=CONTEXTS)).tolist()
    for c, (start, end) in enumerate(pairwise([0, *ends])):
        if end > start:
            yield c, order[start:end]


def model(counts: np.ndarray) -> constriction.stream.model.Categorical:
    return constriction.stream.model.Categorical(counts / counts.sum(), perfect=False)


def range_decode(data: bytes, shape: tuple[int, int, int]) -> Levels:
    """The layer of that shape; ValueError for data that cannot be one."""
    if len(data) < 8 or len(data) % 4:
        raise ValueError("A layer's coded weights are cut short.")
    words = np.frombuffer(data, "<u4").astype(np.uint32)
    largest, mean = int(words[0]), int(words[1])
    levels = np.zeros(shape, np.int32)
    if largest == 0:
        return levels
    if largest > LARGEST or not 0 < mean <= 256 * LARGEST:
        raise ValueError("A layer's coded weights are damaged.")
    adaptive = Adaptive(shape, largest, mean / 256)
    decoder = constriction.stream.queue.RangeDecoder(words[2:])
    for position, rows, columns in passes(shape):
        context = adaptive.contexts(rows, columns)
        symbols = np.zeros(context.size, np.int32)
        for c, chosen in by_context(context):
            try:
                symbols[chosen] = decoder.decode(model(adaptive.counts[c]), chosen.size)
            except (AssertionError, ValueError):
                raise ValueError("A layer's coded weights are damaged.") from None
        part = (symbols - largest).reshape(rows.stop - rows.start, columns.stop - columns.start)
        levels[rows, columns, position] = part
        adaptive.learn(part, context, rows, columns)
    return levels
