"""The .sqz file: a network's tensors in few bytes. `reader` has the format, and reads it on its own."""

from __future__ import annotations

import json
import struct
import zlib

import constriction
import numpy as np

from squeeze_core.errors import WeightsError
from squeeze_core.networks.weights.sqz import reader
from squeeze_core.networks.weights.sqz.reader import (
    HEAD,
    LARGEST,
    MAGIC,
    VERSION,
    Adaptive,
    Levels,
    Packed,
    Sqz,
    by_context,
    layer_shape,
    model,
    passes,
)


def read_bytes(data: bytes, name: str = "The file") -> Sqz:
    """The file, checked and decoded; WeightsError, whose sentence calls it `name`, for any other file."""
    try:
        return reader.read_bytes(data, name)
    except reader.SqzError as error:
        raise WeightsError(str(error)) from None


def write_bytes(sqz: Sqz) -> bytes:
    """The whole file."""
    parts = [part_bytes(packed) for packed in sqz.tensors.values()]
    rows = [
        [name, packed.values.shape, packed.kind, packed.coding, len(part), zlib.crc32(part)]
        for (name, packed), part in zip(sqz.tensors.items(), parts, strict=True)
    ]
    document = {"version": VERSION, "metadata": dict(sqz.metadata), "tensors": rows}
    text = zlib.compress(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(), 9)
    return HEAD.pack(MAGIC, len(text), zlib.crc32(text)) + text + b"".join(parts)


def part_bytes(packed: Packed) -> bytes:
    """One tensor's part."""
    if packed.levels is None:
        return packed.values.astype("<f4" if packed.kind == "float32" else "<f2").tobytes()
    assert packed.table is not None
    table = packed.table.astype("<f4").tobytes()
    if packed.coding == "packed":
        numbers = pack(packed.levels)
    else:
        numbers = range_encode(packed.levels.reshape(layer_shape(packed.levels.shape)))
    return struct.pack("<H", packed.table.size) + table + numbers


def pack(values: np.ndarray) -> bytes:
    """int32 values, any shape, in as many bits each as the largest needs."""
    flat = values.ravel().astype(np.int64)
    low = int(flat.min(initial=0))
    width = max(1, int(flat.max(initial=0) - low).bit_length())
    bits = ((flat - low)[:, None] >> np.arange(width - 1, -1, -1)) & 1
    return struct.pack("<iB", low, width) + np.packbits(bits.astype(np.uint8)).tobytes()


def range_encode(levels: Levels) -> bytes:
    """Adaptive range coding of one layer."""
    size = np.abs(levels)
    largest, mean = int(size.max(initial=0)), max(1, int(np.ceil(size.mean() * 256)))
    if largest > LARGEST:
        raise ValueError(f"a level of {largest} is above {LARGEST}")
    head = np.array([largest, mean], dtype="<u4").tobytes()
    if largest == 0:
        return head
    adaptive = Adaptive(levels.shape, largest, mean / 256)
    encoder = constriction.stream.queue.RangeEncoder()
    for position, rows, columns in passes(levels.shape):
        part = levels[rows, columns, position]
        context = adaptive.contexts(rows, columns)
        symbols = part.ravel() + largest
        for c, chosen in by_context(context):
            encoder.encode(np.ascontiguousarray(symbols[chosen], np.int32), model(adaptive.counts[c]))
        adaptive.learn(part, context, rows, columns)
    return head + encoder.get_compressed().astype("<u4").tobytes()


def entropy_bits(levels: Levels) -> float:
    """Bits of the levels when each costs −log2 of its share in the layer: no contexts."""
    counts = np.unique(levels, return_counts=True)[1].astype(float)
    return float(-(counts * np.log2(counts / counts.sum())).sum())
