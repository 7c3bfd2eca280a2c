"""Plain codings of whole numbers: fixed-width bits, and Huffman over gaps and values.

The second follows Deep Compression (Han, Mao and Dally, arXiv:1510.00149, sections 2 and 4): zeros are
left out, each other value is stored with its distance from the one before, and both streams are Huffman
coded (by `constriction`). All functions are exact, and raise ValueError on damaged bytes.
"""

from __future__ import annotations

import struct

import constriction
import numpy as np

from squeeze_core.networks.weights.sqz.coder import LARGEST

_GAP = 15  # zeros before a value at most (the paper's 4 bits); longer runs get a filler zero
_STREAM = struct.Struct("<iHI")  # lowest value, number of symbols, number of 32-bit words


_DAMAGED = "Huffman-coded weights are damaged."


def pack(values: np.ndarray) -> bytes:
    """int32 values, any shape, in as many bits each as the largest needs."""
    flat = values.ravel().astype(np.int64)
    low = int(flat.min(initial=0))
    width = max(1, int(flat.max(initial=0) - low).bit_length())
    bits = ((flat - low)[:, None] >> np.arange(width - 1, -1, -1)) & 1
    return struct.pack("<iB", low, width) + np.packbits(bits.astype(np.uint8)).tobytes()


def unpack(data: bytes, count: int) -> np.ndarray:
    """int32 [count] from `pack`."""
    low, width = _unpack_head("<iB", data)
    if not (1 <= width <= 16 and -65536 <= low <= 0 and len(data) == 5 + (count * width + 7) // 8):
        raise ValueError("Packed weights are damaged.")
    bits = np.unpackbits(np.frombuffer(data, np.uint8, offset=5), count=count * width)
    places = (1 << np.arange(width - 1, -1, -1)).astype(np.int32)
    return bits.reshape(count, width).astype(np.int32) @ places + np.int32(low)


def huffman_encode(values: np.ndarray) -> bytes:
    """int32 values, mostly zero, any shape: Huffman codes of gaps and of the values after them."""
    gaps, nonzero = _sparse(values.ravel())
    return struct.pack("<I", gaps.size) + _encode(gaps) + _encode(nonzero)


def huffman_decode(data: bytes, count: int) -> np.ndarray:
    """int32 [count] from `huffman_encode`."""
    (size,) = _unpack_head("<I", data)
    if size > count:
        raise ValueError(_DAMAGED)
    gaps, rest = _decode(data[4:], size)
    nonzero, rest = _decode(rest, size)
    places = np.cumsum(gaps.astype(np.int64) + 1) - 1
    if rest or (size and not 0 <= places.min() <= places.max() < count):
        raise ValueError(_DAMAGED)
    values = np.zeros(count, np.int32)
    values[places] = nonzero
    return values


def _unpack_head(layout: str, data: bytes) -> tuple[int, ...]:
    if len(data) < struct.calcsize(layout):
        raise ValueError("Packed weights are cut short.")
    return struct.unpack_from(layout, data)


def _sparse(flat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(zeros before each stored value, stored values), with filler zeros where the gap is too long."""
    places = np.flatnonzero(flat)
    before = np.diff(places, prepend=-1) - 1
    ends = np.cumsum(before // (_GAP + 1) + 1)
    gaps = np.full(int(ends[-1]) if ends.size else 0, _GAP, np.int32)
    stored = np.zeros(gaps.size, np.int32)
    gaps[ends - 1] = before % (_GAP + 1)
    stored[ends - 1] = flat[places]
    return gaps, stored


def _encode(values: np.ndarray) -> bytes:
    """One stream: its head, the frequency of each symbol (uint16, the highest 65,535), code words."""
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    if high - low > 2 * LARGEST:
        raise ValueError(f"values from {low} to {high} are too many for one Huffman code")
    symbols = values - low
    counts = np.bincount(symbols, minlength=high - low + 1)
    frequencies = (-(-counts * 65535 // max(1, counts.max()))).astype("<u2")  # rounded up, so above 0
    encoder = constriction.symbol.QueueEncoder()
    if symbols.size:
        tree = constriction.symbol.huffman.EncoderHuffmanTree(frequencies.astype(np.float64))
        for symbol in symbols.tolist():
            encoder.encode_symbol(symbol, tree)
    words, _ = encoder.get_compressed_and_bitrate()
    return (
        _STREAM.pack(low, counts.size, words.size) + frequencies.tobytes() + words.astype("<u4").tobytes()
    )


def _decode(data: bytes, count: int) -> tuple[np.ndarray, bytes]:
    """int32 [count] of the stream that `data` begins with, and the bytes after it."""
    low, kinds, length = _unpack_head(_STREAM.format, data)
    at = _STREAM.size + 2 * kinds
    end = at + 4 * length
    if len(data) < end or kinds > 2 * LARGEST + 1 or abs(low) > 65536:
        raise ValueError(_DAMAGED)
    if not count:
        return np.zeros(0, np.int32), data[end:]
    if not kinds:
        raise ValueError(_DAMAGED)
    frequencies = np.frombuffer(data, "<u2", kinds, _STREAM.size).astype(np.float64)
    decoder = constriction.symbol.QueueDecoder(np.frombuffer(data, "<u4", length, at).astype(np.uint32))
    try:
        tree = constriction.symbol.huffman.DecoderHuffmanTree(frequencies)
        symbols = [decoder.decode_symbol(tree) for _ in range(count)]
    except (AssertionError, ValueError):
        raise ValueError(_DAMAGED) from None
    return np.array(symbols, np.int32) + np.int32(low), data[end:]
