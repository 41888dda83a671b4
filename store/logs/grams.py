"""Which blocks, and which of their slices, can have a text: sets of the pieces of their texts, so small that many fit
in memory.

A block has a set of all pieces of three bytes, each of its slices a set of its pieces of three and of five bytes and of
its NUMBERS; of the folded text in UTF-8, hashed. A set is folded in half as long as it stays sparse. A text can only be
where all its pieces are in the set. Three bytes tell words apart, five tell numbers apart: of three digits every slice
has all there are, and a set for the whole block costs less than sixteen sets that each have them too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

BITS = 13
"""The largest set of a slice has 2 ** BITS bits: 1 KiB."""
WORD_BITS = 16
"""The largest set of a block: 8 KiB."""
LEAST_BITS = 8
DENSITY = 0.3
"""The sets of slices are folded while less than this part of their bits would be set."""
WORD_DENSITY = 0.1
"""That of the block, which costs little."""
MOST = 48
"""Pieces of a long text that are looked up: more tell nothing new."""
_CHUNK = 1 << 20
_SHORT, _LONG = np.uint32(0x9E3779B1), np.uint64(0x9E3779B97F4A7C15)
_NUMBER = np.uint64(0xC2B2AE3D27D4EB4F)


class Sets(NamedTuple):
    """Of a block: its own set, and those of its slices, one after another, all of one size."""

    words: bytes
    slices: bytes


def gram_sets(texts: list[bytes], numbers: list[list[Array]]) -> Sets:
    """The sets of a block, from the folded texts of its slices, and the values that they have in each column of
    numbers."""
    words, flags = np.zeros(1 << WORD_BITS, np.bool_), np.zeros((len(texts), 1 << BITS), np.bool_)
    for own, text, columns in zip(flags, texts, numbers, strict=True):
        data = np.frombuffer(text, np.uint8)
        for begin in range(0, max(len(data) - 2, 0), _CHUNK):
            part = data[begin : begin + _CHUNK + 4]
            short = _short(part)
            words[short] = True
            own[short >> WORD_BITS - BITS] = True
            own[_long(part)] = True
        for column, values in enumerate(columns):
            own[_numbers(column, values)] = True
    return Sets(_folded(words.reshape(1, -1), WORD_DENSITY), _folded(flags, DENSITY))


def _folded(flags: Array, density: float) -> bytes:
    while flags.shape[1] > 1 << LEAST_BITS and np.count_nonzero(flags) < density / 2 * flags.size:
        flags = np.asarray(flags.reshape(len(flags), -1, 2).any(axis=2))
    return np.packbits(flags, axis=1).tobytes()


def set_size(sets: bytes, count: int, bits: int) -> int:
    """The bytes of each of so many sets; ValueError where they cannot be that: the largest have 2 ** bits bits."""
    size, rest = divmod(len(sets), count)
    if rest or size.bit_count() != 1 or not 1 << LEAST_BITS <= size * 8 <= 1 << bits:
        raise ValueError("they are no sets")
    return size


class Keys(NamedTuple):
    """The pieces of texts that are looked for, as hashes: for the sets of blocks, and for those of slices."""

    words: Array
    slices: Array


def text_keys(texts: list[bytes]) -> Keys | None:
    """Of texts that all must be there; None where none is long enough to have pieces."""
    data = [np.frombuffer(text, np.uint8) for text in texts]
    short = np.concatenate([np.zeros(0, np.int64), *map(_short, data)])
    if not len(short):
        return None
    long = np.concatenate([short >> WORD_BITS - BITS, *map(_long, data)])
    return Keys(_few(short), _few(long))


def _few(keys: Array) -> Array:
    found: Array = np.unique(keys)
    some: Array = found if len(found) <= MOST else found[np.linspace(0, len(found) - 1, MOST).astype(int)]
    return some


def number_keys(column: int, values: list[int]) -> Array:
    return _numbers(column, np.array(values, np.int64))


def having(sets: Array, keys: Array, bits: int) -> Array:
    """Of sets of one size, one a row, which have all keys; these are hashes of so many bits."""
    shift = bits - (int(sets.shape[1]) * 8).bit_length() + 1
    places = keys >> shift
    return np.asarray((sets[:, places >> 3] >> (7 - (places & 7)).astype(np.uint8) & 1).all(axis=1))


def _short(data: Array) -> Array:
    if len(data) < 3:
        return np.zeros(0, np.int64)
    wide = data.astype(np.uint32)
    key = wide[:-2] | wide[1:-1] << np.uint32(8) | wide[2:] << np.uint32(16)
    found: Array = ((key * _SHORT) >> np.uint32(32 - WORD_BITS)).astype(np.int64)
    return found


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
