"""The .sqz file: a network's tensors in few bytes, with the same metadata as a safetensors file.

    8 bytes    magic, b"\\x89SQZ\\r\\n\\x1a\\n"
    4 bytes    length of the description, little-endian
    4 bytes    CRC-32 of the description
    …          description: zlib-compressed JSON {"version", "metadata": {text: text}, "tensors":
               [[name, shape, kind, coding, length, CRC-32]…]}
    …          one part for each tensor, in that order

Reading executes nothing, checks every byte, and allocates nothing before its size is checked.
Content of a part:

    float32, float16    the values; coding "plain", or "masked": one bit a value that says whether it
                        is not zero, then those that are not
    steps               uint16 n; n float32 steps, one for the tensor or one for each output channel;
                        then whole numbers that are multiplied by them
    codebook            uint16 n; n float32 values; then whole numbers that pick one of them

Whole numbers are coded "packed" or "gap-huffman" (packing.py) or "range" (coder.py).
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from squeeze_core.errors import WeightsError
from squeeze_core.networks.weights.sqz import coder, packing

MAGIC = b"\x89SQZ\r\n\x1a\n"
VERSION = 1
_HEAD = struct.Struct("<8sII")
_MOST_DESCRIPTION = 4 << 20  # bytes, compressed and not: 100,000 class names fit
_MOST_NUMBERS = 5_000_000  # 20 MB as float32; SqueezeNet has 1.2 million
_MOST_TENSORS = 1000

# Errors from reading a document that is no description.
_UNFIT = (KeyError, TypeError, ValueError, AttributeError, RecursionError, zlib.error)
_CUT, _DAMAGED = "{} is damaged: its length does not fit.", "{} is damaged: a checksum does not fit."

Kind = Literal["float32", "float16", "steps", "codebook"]
Coding = Literal["plain", "masked", "packed", "gap-huffman", "range"]
_NUMBERS, _LEVELS = ("plain", "masked"), ("packed", "gap-huffman", "range")
_CODINGS = {"float32": _NUMBERS, "float16": _NUMBERS, "steps": _LEVELS, "codebook": _LEVELS}


@dataclass(frozen=True)
class Packed:
    """One tensor as it is stored.

    `values`: float32, the network's weights. `levels`: int32 of the same shape, where the
    kind is "steps" or "codebook". `table`: float32, the steps ([1] or one a row) or the codebook.
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


def of_codebook(levels: np.ndarray, codebook: np.ndarray, coding: Coding = "packed") -> Packed:
    """`levels` int32 are indices of `codebook` float32; Huffman coding leaves level 0 out."""
    codebook = codebook.astype(np.float32)
    return Packed(codebook[levels], "codebook", coding, levels.astype(np.int32), codebook)


@dataclass(frozen=True)
class Sqz:
    """A .sqz file's content: tensors by name, and metadata as in safetensors."""

    tensors: Mapping[str, Packed]
    metadata: Mapping[str, str] = field(default_factory=dict)

    def state_dict(self) -> dict[str, np.ndarray]:
        """float32, by name."""
        return {name: packed.values for name, packed in self.tensors.items()}


# -- writing -----------------------------------------------------------------------------------------


def write_bytes(sqz: Sqz) -> bytes:
    """The whole file."""
    parts = [part_bytes(packed) for packed in sqz.tensors.values()]
    rows = [
        [name, packed.values.shape, packed.kind, packed.coding, len(part), zlib.crc32(part)]
        for (name, packed), part in zip(sqz.tensors.items(), parts, strict=True)
    ]
    document = {"version": VERSION, "metadata": dict(sqz.metadata), "tensors": rows}
    text = zlib.compress(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(), 9)
    return _HEAD.pack(MAGIC, len(text), zlib.crc32(text)) + text + b"".join(parts)


def part_bytes(packed: Packed) -> bytes:
    """One tensor's part."""
    if packed.levels is None:
        values = packed.values.astype("<f4" if packed.kind == "float32" else "<f2").ravel()
        if packed.coding == "masked":
            nonzero = values != 0
            return np.packbits(nonzero).tobytes() + values[nonzero].tobytes()
        return values.tobytes()
    assert packed.table is not None
    table = packed.table.astype("<f4").tobytes()
    return struct.pack("<H", packed.table.size) + table + _code(packed.levels, packed.coding)


def as_layer(levels: np.ndarray) -> np.ndarray:
    """Levels of any tensor as [out_channels, in_channels, kernel area], the range coder's shape."""
    return levels.reshape(_layer_shape(levels.shape))


def _layer_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    rows, columns = (*shape, 1, 1)[:2]
    return rows, columns, math.prod(shape[2:])


def _code(levels: np.ndarray, coding: Coding) -> bytes:
    if coding == "packed":
        return packing.pack(levels)
    if coding == "gap-huffman":
        return packing.huffman_encode(levels)
    return coder.range_encode(as_layer(levels))


# -- reading -----------------------------------------------------------------------------------------


class _Row(NamedTuple):
    """One tensor's entry in the description."""

    name: str
    shape: tuple[int, ...]
    kind: Kind
    coding: Coding
    length: int
    crc: int


def read_bytes(data: bytes, name: str = "The file") -> Sqz:
    """The file, checked and decoded; WeightsError, whose sentence calls it `name`, for any other file."""
    metadata, rows, at = _head(data, name)
    if at + sum(row.length for row in rows) != len(data):
        raise WeightsError(_CUT.format(name))
    tensors = {}
    for row in rows:
        part = data[at : at + row.length]
        at += row.length
        if zlib.crc32(part) != row.crc:
            raise WeightsError(_DAMAGED.format(name))
        try:
            tensors[row.name] = _read_part(part, row.kind, row.coding, row.shape)
        except ValueError as error:
            raise WeightsError(f"{name} is damaged: {row.name} cannot be decoded.") from error
    return Sqz(tensors, metadata)


def tensor_names(data: bytes) -> tuple[str, ...]:
    """The names of a file's tensors, which are not decoded; none when it is no .sqz file."""
    try:
        return tuple(row.name for row in _head(data, "The file")[1])
    except WeightsError:
        return ()


def _head(data: bytes, name: str) -> tuple[dict[str, str], list[_Row], int]:
    """Metadata, rows, and where the parts begin; WeightsError when they are not a .sqz file's."""
    if not data.startswith(MAGIC):
        raise WeightsError(f"{name} is not a .sqz file.")
    if len(data) < _HEAD.size:
        raise WeightsError(_CUT.format(name))
    _, length, checksum = _HEAD.unpack_from(data)
    if length > min(_MOST_DESCRIPTION, len(data) - _HEAD.size):
        raise WeightsError(_CUT.format(name))
    at = _HEAD.size + length
    text = data[_HEAD.size : at]
    if zlib.crc32(text) != checksum:
        raise WeightsError(_DAMAGED.format(name))
    try:
        return *_read_description(text), at
    except _UNFIT:
        raise WeightsError(f"{name} is of an unknown version of .sqz.") from None


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
        dtype = "<f4" if kind == "float32" else "<f2"
        if coding == "plain":
            values = np.frombuffer(part, dtype)
            _require(values.size == count)
        else:
            mask = np.frombuffer(part, np.uint8, (count + 7) // 8)
            nonzero = np.unpackbits(mask, count=count).astype(bool)
            stored = np.frombuffer(part, dtype, offset=mask.size)
            _require(stored.size == nonzero.sum())
            values = np.zeros(count, dtype)
            values[nonzero] = stored
        return Packed(_finite(values).reshape(shape), kind, coding)
    _require(len(part) >= 2)
    (size,) = struct.unpack_from("<H", part)
    _require(len(part) >= 2 + 4 * size and size > 0)
    table = _finite(np.frombuffer(part, "<f4", size, 2))
    body = part[2 + 4 * size :]
    if coding == "packed":
        levels = packing.unpack(body, count)
    elif coding == "gap-huffman":
        levels = packing.huffman_decode(body, count)
    else:
        levels = coder.range_decode(body, _layer_shape(shape))
    levels = levels.reshape(shape)
    if kind == "steps":
        _require(size in (1, shape[0]))
        packed = of_steps(levels, table, coding)
        _finite(packed.values)  # a level times its step may be too large
        return packed
    _require(levels.min() >= 0 and levels.max() < size)
    return of_codebook(levels, table, coding)


def _finite(values: np.ndarray) -> np.ndarray:
    values = values.astype(np.float32)
    _require(bool(np.isfinite(values).all()))
    return values
