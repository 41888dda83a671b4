"""What was read of the blocks lately: columns, slices and sets, each as far as so many bytes hold it.

Sealed blocks never change, and ids never come again, so what is here is true for as long as the database is the same.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Generic, NamedTuple, TypeVar

import apsw
import numpy as np

from .block import SLICES, BlockDamaged, Columns, Slice, decoding, lost_slice
from .blocks import read_columns, read_slice
from .damage import Damage
from .database import fetch
from .grams import BITS, WORD_BITS, having, set_size
from .index import Index, Spot
from .plan import Plan

Array = np.ndarray[Any, Any]
Value = TypeVar("Value")

GROUP = 64
"""Blocks whose own sets are read together: what a search does between two looks at whether it is still wanted."""
COLUMN_BYTES, SLICE_BYTES, SET_BYTES = 16 << 20, 8 << 20, 4 << 20
"""How much is kept of each. A timeline of ten million records needs the times and kinds of some hundred blocks; a page
some slices; a text that is typed letter by letter the sets of the newest blocks."""


class Kept(Generic[Value]):
    """Values by key, those that were asked for last: older ones go when all weigh more than so many bytes."""

    def __init__(self, most: int, weigh: Callable[[Value], int]) -> None:
        self._most, self._weigh = most, weigh
        self._values: OrderedDict[int, Value] = OrderedDict()
        self._weights: dict[int, int] = {}
        self._total = 0
        self._newest: int | None = None

    def get(self, key: int, read: Callable[[], Value]) -> Value:
        """The value of a key, read where it is not here."""
        found = self._values.get(key)
        if found is None:
            return self.put(key, read())
        self._values.move_to_end(key)
        self._grown(key)
        return found

    def put(self, key: int, value: Value) -> Value:
        self._values[key] = value
        self._values.move_to_end(key)
        self._grown(key)
        while self._total > self._most and len(self._values) > 1:
            oldest, _ = self._values.popitem(last=False)
            self._total -= self._weights.pop(oldest, 0)
        return value

    def _grown(self, key: int) -> None:
        """Columns are unpacked as they are asked for: what was handed out last is weighed when the next one is."""
        newest = key if self._newest is None or self._newest not in self._values else self._newest
        for each in {key, newest}:
            weight = self._weigh(self._values[each])
            self._total += weight - self._weights.get(each, 0)
            self._weights[each] = weight
        self._newest = key


class Words(NamedTuple):
    """The own sets of some blocks, all of one size: their places among some blocks, and the sets, one a row."""

    places: Array
    sets: Array


class Shelf:
    """Reads through what it keeps. For one database."""

    def __init__(self, damage: Damage) -> None:
        self._damage = damage
        self._columns: Kept[Columns] = Kept(COLUMN_BYTES, lambda columns: columns.nbytes)
        self._slices: Kept[Slice] = Kept(SLICE_BYTES, lambda slice: slice.nbytes)
        self._words: Kept[list[Words]] = Kept(SET_BYTES // 2, lambda found: sum(words.sets.nbytes for words in found))
        self._sets: Kept[Array] = Kept(SET_BYTES // 2, lambda sets: sets.nbytes)

    def columns(self, connection: apsw.Connection, spot: Spot) -> Columns:
        return self._columns.get(spot.id, lambda: read_columns(connection, spot.id, spot.count, len(spot.kinds)))

    def slice(self, connection: apsw.Connection, spot: Spot, columns: Columns, number: int) -> Slice:
        try:
            return self._slices.get(spot.id * SLICES + number, lambda: read_slice(connection, spot.id, columns, number))
        except BlockDamaged as damage:
            return self.lose(spot, columns, number, damage.reason)

    def lose(self, spot: Spot, columns: Columns, number: int, reason: str) -> Slice:
        """What is there from now on instead of a slice that cannot be read."""
        found = self._slices.put(spot.id * SLICES + number, lost_slice(columns, number))
        self._damage.add_slice(spot.id, number, found.count, reason)
        return found

    def having(
        self, connection: apsw.Connection, index: Index, plan: Plan, begin: int, end: int
    ) -> dict[int, Array | None]:
        """Of the sealed blocks in these places, those that may have what the plan looks for; of each, which slices have
        all pieces of its texts, None where it has no text or where any may have them.

        Most blocks are passed over by their own sets: those of their slices are twice as large, and not read.
        """
        ids = index.sealed.id[begin:end].tolist()
        able = range(len(ids)) if plan.text_keys is None else self._with_words(connection, ids, plan.text_keys.words)
        found: dict[int, Array | None] = {}
        for at in able:
            try:
                sets = self._sets.get(ids[at], lambda id=ids[at]: _read_sets(connection, id))  # type: ignore[misc]
            except BlockDamaged:
                found[begin + at] = None
                continue
            numbers = (any(having(sets, np.array([key]), BITS).any() for key in keys) for keys in plan.number_keys)
            some = having(sets, plan.text_keys.slices, BITS) if plan.text_keys is not None else None
            if (some is None or some.any()) and all(numbers):
                found[begin + at] = some
        return found

    def _with_words(self, connection: apsw.Connection, ids: list[int], keys: Array) -> list[int]:
        """Which of some blocks have all pieces in their own set, by place; those whose set cannot be read are meant."""
        found = set(range(len(ids)))
        for places, sets in self._words.get(ids[0], lambda: list(_read_words(connection, ids))):
            found.difference_update(places[~having(sets, keys, WORD_BITS)].tolist())
        return sorted(found)


_WORDS = "select block, words from block_grams where block in (select value from json_each(?))"
_SETS = (
    "select (select max(id) + 1 - ?2 from block_text where id >= ?2 and id < ?3), slices from block_grams"
    " where block = ?1"
)


def _read_words(connection: apsw.Connection, ids: list[int]) -> Iterator[Words]:
    """The own sets of some blocks, those of one size together; none of a block whose set cannot be read."""
    places = {id: place for place, id in enumerate(ids)}
    by_size: dict[int, list[tuple[int, bytes]]] = {}
    for id, words in _rows_of_words(connection, ids):
        with suppress(BlockDamaged), decoding(id):
            by_size.setdefault(set_size(words, 1, WORD_BITS), []).append((places[id], words))
    for size, some in by_size.items():
        sets = np.frombuffer(b"".join(words for _, words in some), np.uint8)
        yield Words(np.array([place for place, _ in some]), sets.reshape(-1, size))


def _rows_of_words(connection: apsw.Connection, ids: list[int]) -> list[tuple[int, bytes]]:
    with suppress(BlockDamaged), decoding(ids[0]):
        return fetch(connection, _WORDS, (str(ids),))
    found: list[tuple[int, bytes]] = []
    for id in ids:  # one of them is damaged: the others one by one
        with suppress(BlockDamaged), decoding(id):
            found += fetch(connection, _WORDS, (f"[{id}]",))
    return found


def _read_sets(connection: apsw.Connection, id: int) -> Array:
    """The sets of the slices of a block, one a row; BlockDamaged where they cannot be read."""
    with decoding(id):
        count, sets = fetch(connection, _SETS, (id, id * SLICES, (id + 1) * SLICES))[0]
        return np.frombuffer(sets, np.uint8).reshape(-1, set_size(sets, count, BITS))
