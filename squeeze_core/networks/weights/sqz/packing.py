"""Plain codings of whole numbers: fixed-width bits, and Huffman over gaps and values.

The second is what Deep Compression does (Han, Mao and Dally, arXiv:1510.00149, sections 2 and 4): the
zeros are left out, each other value is stored with its distance from the one before, and both
streams are Huffman coded. All functions are exact, and raise CoderError on damaged bytes.
"""

from __future__ import annotations

import heapq
import itertools
import struct

import numpy as np

from squeeze_core.networks.weights.sqz.coder import LARGEST, CoderError

_GAP = 15  # zeros before a value at most (the paper's 4 bits); longer runs get a filler zero
_LONGEST = 16  # bits of a code word


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
        raise CoderError("Packed weights are damaged.")
    bits = np.unpackbits(np.frombuffer(data, np.uint8, offset=5), count=count * width)
    places = (1 << np.arange(width - 1, -1, -1)).astype(np.int32)
    return bits.reshape(count, width).astype(np.int32) @ places + np.int32(low)


def huffman_encode(values: np.ndarray) -> bytes:
    """int32 values, mostly zero, any shape: Huffman codes of gaps and of the values after them."""
    gaps, kept = _sparse(values.ravel())
    return struct.pack("<I", gaps.size) + _code(gaps) + _code(kept)


def huffman_decode(data: bytes, count: int) -> np.ndarray:
    """int32 [count] from `huffman_encode`."""
    (size,) = _unpack_head("<I", data)
    if size > count:
        raise CoderError("Huffman-coded weights are damaged.")
    gaps, used = _decode(data[4:], size)
    kept, used_too = _decode(data[4 + used :], size)
    places = np.cumsum(gaps.astype(np.int64) + 1) - 1
    if used + used_too + 4 != len(data) or (size and not 0 <= places.min() <= places.max() < count):
        raise CoderError("Huffman-coded weights are damaged.")
    values = np.zeros(count, np.int32)
    values[places] = kept
    return values


def _unpack_head(layout: str, data: bytes) -> tuple[int, ...]:
    if len(data) < struct.calcsize(layout):
        raise CoderError("Packed weights are cut short.")
    return struct.unpack_from(layout, data)


def _sparse(flat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(zeros before each kept value, kept values), with filler zeros where the gap is too long."""
    places = np.flatnonzero(flat)
    before = np.diff(places, prepend=-1) - 1
    fillers = before // (_GAP + 1)
    ends = np.cumsum(fillers + 1)
    gaps = np.full(int(ends[-1]) if ends.size else 0, _GAP, np.int32)
    kept = np.zeros(gaps.size, np.int32)
    if ends.size:
        gaps[ends - 1] = before % (_GAP + 1)
        kept[ends - 1] = flat[places]
    return gaps, kept


def _code_lengths(counts: list[int]) -> list[int]:
    """Huffman code lengths, at most _LONGEST, of symbols that occur `counts` times (0: no code)."""
    floor = 1
    while True:
        number = itertools.count()
        heap = [(max(c, floor), next(number), [s]) for s, c in enumerate(counts) if c]
        lengths = [0] * len(counts)
        if len(heap) == 1:
            lengths[heap[0][2][0]] = 1
        heapq.heapify(heap)
        while len(heap) > 1:
            (a, _, left), (b, _, right) = heapq.heappop(heap), heapq.heappop(heap)
            for symbol in left + right:
                lengths[symbol] += 1
            heapq.heappush(heap, (a + b, next(number), left + right))
        if max(lengths, default=0) <= _LONGEST:
            return lengths
        floor *= 2  # flattens the counts until the rarest symbol's code is short enough


def _canonical(lengths: np.ndarray) -> np.ndarray:
    """Code words: in order of length, then of symbol, each one more than the last."""
    words = np.zeros(lengths.size, np.uint32)
    word = length = 0
    for symbol in sorted(np.flatnonzero(lengths), key=lambda s: (lengths[s], s)):
        word <<= int(lengths[symbol]) - length
        length = int(lengths[symbol])
        words[symbol] = word
        word += 1
    return words


def _code(values: np.ndarray) -> bytes:
    """One stream: lowest value, code lengths, bits."""
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    if high - low > 2 * LARGEST:
        raise ValueError(f"values from {low} to {high} are too many for one Huffman code")
    symbols = values - low
    lengths = np.array(_code_lengths(np.bincount(symbols, minlength=high - low + 1).tolist()), np.uint8)
    words = _canonical(lengths)
    each = lengths[symbols].astype(np.int64)
    ends = np.cumsum(each)
    total = int(ends[-1]) if ends.size else 0
    bits = np.zeros(total, np.uint8)
    for place in range(_LONGEST):
        has = each > place
        bits[(ends - each)[has] + place] = (words[symbols[has]] >> (each[has] - 1 - place)) & 1
    head = struct.pack("<iHI", low, lengths.size, total)
    return head + lengths.tobytes() + np.packbits(bits).tobytes()


def _decode(data: bytes, count: int) -> tuple[np.ndarray, int]:
    """(int32 [count], bytes used) of one stream."""
    low, kinds, total = _unpack_head("<iHI", data)
    body = 10 + kinds
    used = body + (total + 7) // 8
    damaged = CoderError("Huffman-coded weights are damaged.")
    if len(data) < used or kinds > 2 * LARGEST + 1 or abs(low) > 65536:
        raise damaged
    lengths = np.frombuffer(data, np.uint8, kinds, 10)
    if lengths.max(initial=0) > _LONGEST or (count and not lengths.any()):
        raise damaged
    present = lengths[lengths > 0].astype(np.int64)
    if (1 << (_LONGEST - present)).sum() > 1 << _LONGEST:
        raise damaged
    symbol_of, length_of = np.zeros(1 << _LONGEST, np.int32), np.zeros(1 << _LONGEST, np.int64)
    for symbol, word in enumerate(_canonical(lengths)):
        if lengths[symbol]:
            spare = _LONGEST - int(lengths[symbol])
            covered = slice(int(word) << spare, (int(word) + 1) << spare)
            symbol_of[covered], length_of[covered] = symbol, lengths[symbol]
    stream = np.concatenate([np.frombuffer(data, np.uint8, used - body, body), np.zeros(4, np.uint8)])
    stream = stream.astype(np.uint32)
    window = (stream[:-3] << 16) | (stream[1:-2] << 8) | stream[2:-1]  # 24 bits from each byte on
    # The code word at every bit, as if one began there; then the chain from each to the next.
    here = ((window[:, None] >> np.arange(8, 0, -1, dtype=np.uint32)) & 0xFFFF).ravel()
    steps = length_of[here].tolist()
    starts, at = [0] * count, 0
    for k in range(count):
        if at >= total:
            raise damaged
        starts[k] = at
        at += steps[at]
    if at != total:
        raise damaged
    return symbol_of[here[np.array(starts, np.int64)]] + np.int32(low), used
