"""Which slices can have a text: a set of the pieces of each slice's texts, so small that many fit in memory.

The pieces are three and five bytes long, of the folded text in UTF-8, and each number of NUMBERS with its column's
place. Hashed to 13 bits they set bits of a bitmap; those of a block are folded in half as long as they stay sparse. A
text can be in a slice only if all its pieces are in the set. Three bytes tell words apart, five tell numbers apart: of
three digits every slice has all there are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

BITS = 13
"""The largest set has 2 ** BITS bits: 1 KiB."""
LEAST_BITS = 8
DENSITY = 0.3
"""The sets of a block are folded while less than this part of their bits would be set."""
MOST = 48
"""Pieces of a long text that are looked up: more tell nothing new."""
_CHUNK = 1 << 20
_SHORT, _LONG = np.uint32(0x9E3779B1), np.uint64(0x9E3779B97F4A7C15)
_NUMBER = np.uint64(0xC2B2AE3D27D4EB4F)


def gram_sets(texts: list[bytes], numbers: list[list[Array]]) -> bytes:
    """The sets of a block's slices, one after another, all of one size: of their folded texts, and of the values that
    they have in each column of numbers."""
    flags = np.zeros((len(texts), 1 << BITS), np.bool_)
    for own, text, columns in zip(flags, texts, numbers, strict=True):
        data = np.frombuffer(text, np.uint8)
        for begin in range(0, max(len(data) - 2, 0), _CHUNK):
            part = data[begin : begin + _CHUNK + 4]
            own[_short(part)] = True
            own[_long(part)] = True
        for column, values in enumerate(columns):
            own[_numbers(column, values)] = True
    while flags.shape[1] > 1 << LEAST_BITS and np.count_nonzero(flags) < DENSITY / 2 * flags.size:
        flags = flags.reshape(len(texts), -1, 2).any(axis=2)
    return np.packbits(flags, axis=1).tobytes()


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
