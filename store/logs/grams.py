"""Which blocks can have a text: a set of the pieces of each block's text, so small that all of them fit in memory.

The pieces are three and five bytes long, of the folded text in UTF-8, and each number of NUMBERS with its column's
place. Hashed to 18 bits they set bits of a bitmap, which is folded in half as long as it stays sparse. A text can be in
a block only if all its pieces are in the set. Three bytes tell words apart, five tell numbers apart: of three digits
every block has all there are.

Measured on four thousand lines with numbers: a rare number is looked for in vain in one block of a hundred.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

BITS = 17
"""The largest set has 2 ** BITS bits: 16 KiB."""
LEAST_BITS = 10
DENSITY = 0.3
"""A set is folded while less than this part of its bits would be set."""
SHORTEST = 3
"""Bytes of a text below which the sets say nothing."""
MOST = 48
"""Pieces of a long text that are looked up: more tell nothing new."""
_CHUNK = 1 << 20
_SHORT, _LONG = np.uint32(0x9E3779B1), np.uint64(0x9E3779B97F4A7C15)
_NUMBER = np.uint64(0xC2B2AE3D27D4EB4F)


def gram_set(text: bytes, numbers: list[tuple[int, Array]]) -> bytes:
    """The set of a block: its folded texts with something between them, and the values of its columns of numbers."""
    flags = np.zeros(1 << BITS, np.bool_)
    data = np.frombuffer(text, np.uint8)
    for begin in range(0, max(len(data) - 2, 0), _CHUNK):
        part = data[begin : begin + _CHUNK + 4]
        flags[_short(part)] = True
        flags[_long(part)] = True
    for column, values in numbers:
        flags[_numbers(column, values)] = True
    while len(flags) > 1 << LEAST_BITS and np.count_nonzero(flags) < DENSITY / 2 * len(flags):
        flags = flags.reshape(-1, 2).any(axis=1)
    return np.packbits(flags).tobytes()


def text_keys(text: bytes) -> Array:
    """The pieces of a text that is looked for, as hashes of BITS bits; none for a text too short to have any."""
    data = np.frombuffer(text, np.uint8)
    found = np.unique(np.concatenate((_long(data), _short(data))))
    return found if len(found) <= MOST else found[np.linspace(0, len(found) - 1, MOST).astype(int)]


def number_keys(column: int, values: list[int]) -> Array:
    return _numbers(column, np.array(values, np.int64))


def having(sets: Array, keys: Array) -> Array:
    """Of sets of one size, one a row, which have all keys."""
    shift = BITS - (int(sets.shape[1]) * 8).bit_length() + 1
    places = keys >> shift
    found = np.ones(len(sets), np.bool_)
    for place in places.tolist():
        found &= (sets[:, place >> 3] >> (7 - (place & 7)) & 1).astype(np.bool_)
    return found


def _short(data: Array) -> Array:
    if len(data) < 3:
        return np.zeros(0, np.int64)
    wide = data.astype(np.uint32)
    key = wide[:-2] | wide[1:-1] << np.uint32(8) | wide[2:] << np.uint32(16)
    return ((key * _SHORT) >> np.uint32(32 - BITS)).astype(np.int64)


def _long(data: Array) -> Array:
    if len(data) < 5:
        return np.zeros(0, np.int64)
    wide = data.astype(np.uint64)
    key = wide[:-4].copy()
    for place in range(1, 5):
        key |= wide[place : len(wide) - 4 + place] << np.uint64(8 * place)
    return ((key * _LONG) >> np.uint64(64 - BITS)).astype(np.int64)


def _numbers(column: int, values: Array) -> Array:
    key = values.astype(np.uint64) * _NUMBER + np.uint64((column + 1) * int(_LONG) % 2**64)
    return ((key * _LONG) >> np.uint64(64 - BITS)).astype(np.int64)
