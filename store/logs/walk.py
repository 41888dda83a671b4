"""Going through the blocks of an index to the records that a filter means, newest or oldest first.

Blocks that cannot have one are passed over by their heads, then by the sets of what their texts contain; of the others
the columns decide, and only then texts are read. Every few milliseconds it comes up for air: who walks may stop.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import apsw
import numpy as np

from cornerman.core.logs.text import folded

from .block import SLICES, BlockDamaged, Columns, Slice, decoding, lost_slice
from .blocks import read_columns, read_slice
from .damage import Damage
from .database import fetch
from .grams import BITS, WORD_BITS, are_sets, having
from .index import Index, Spot
from .plan import Plan

Array = np.ndarray[Any, Any]

GROUP = 64
"""Blocks whose sets are read together."""
SET_BYTES = 4 << 20
"""Of sets that are kept in memory: for a search that is typed letter by letter. A walk over all reads each once."""
KEPT_COLUMNS, KEPT_SLICES = 192, 128


class Met(NamedTuple):
    """Records that are meant, by their place in a block, in the order of the walk; or none, and only how far it is."""

    spot: Spot
    rows: list[int]
    next_id: int
    """Where a walk goes on: below this id, or above it where it goes to newer ones."""


class Group(NamedTuple):
    """The sets of some blocks: for each its place in the index, its own set, and how many slices it has; and theirs."""

    places: Array
    words: Array
    slices: Array
    sets: Array


class Shelf:
    """What was read lately: columns, slices and sets. Sealed blocks never change, and ids never come again."""

    def __init__(self, damage: Damage) -> None:
        self._damage = damage
        self._columns: OrderedDict[int, Columns] = OrderedDict()
        self._slices: OrderedDict[int, Slice] = OrderedDict()
        self._sets: OrderedDict[tuple[int, int, int], list[Group]] = OrderedDict()
        self._set_bytes = 0

    def columns(self, connection: apsw.Connection, spot: Spot) -> Columns:
        found = self._columns.get(spot.id)
        if found is None:
            found = self._columns[spot.id] = read_columns(connection, spot.id, spot.count, len(spot.kinds))
            if len(self._columns) > KEPT_COLUMNS:
                self._columns.popitem(last=False)
        else:
            self._columns.move_to_end(spot.id)
        return found

    def slice(self, connection: apsw.Connection, spot: Spot, columns: Columns, number: int) -> Slice:
        id = spot.id * SLICES + number
        found = self._slices.get(id)
        if found is None:
            try:
                found = self._slices[id] = read_slice(connection, spot.id, columns, number)
            except BlockDamaged as damage:
                found = self.lose(spot, columns, number, damage.reason)
            if len(self._slices) > KEPT_SLICES:
                self._slices.popitem(last=False)
        else:
            self._slices.move_to_end(id)
        return found

    def lose(self, spot: Spot, columns: Columns, number: int, reason: str) -> Slice:
        """What is there from now on instead of a slice that cannot be read."""
        found = self._slices[spot.id * SLICES + number] = lost_slice(columns, number)
        self._damage.add_slice(spot.id, number, found.count, reason)
        return found

    def having(
        self, connection: apsw.Connection, index: Index, plan: Plan, begin: int, end: int
    ) -> dict[int, Array | None]:
        """Of the sealed blocks in these places, those that may have what the plan looks for; of each, which slices have
        all pieces of its texts, None where it has no text or where any may have them."""
        groups = self._group(connection, index, begin, end)
        known = {int(place) for group in groups for place in group.places}
        found: dict[int, Array | None] = {place: None for place in range(begin, end) if place not in known}
        for places, words, slices, sets in groups:
            begins = np.cumsum(slices) - slices
            able, some = np.ones(len(places), np.bool_), np.ones(len(sets), np.bool_)
            if plan.text_keys is not None:
                able &= having(words, plan.text_keys.words, WORD_BITS)
                some &= having(sets, plan.text_keys.slices, BITS)
                able &= np.logical_or.reduceat(some, begins)
            for keys in plan.number_keys:
                one = np.zeros(len(sets), np.bool_)
                for key in keys:
                    one |= having(sets, np.array([key]), BITS)
                able &= np.logical_or.reduceat(one, begins)
            for at in np.flatnonzero(able).tolist():
                own = some[begins[at] : begins[at] + slices[at]]
                found[int(places[at])] = None if plan.text_keys is None else own
        return found

    def _group(self, connection: apsw.Connection, index: Index, begin: int, end: int) -> list[Group]:
        """The sets of some blocks, those of one size together; none of a block whose sets cannot be read."""
        ids = index.sealed.id[begin:end]
        key = int(ids[0]), int(ids[-1]), len(ids)
        found = self._sets.get(key)
        if found is not None:
            self._sets.move_to_end(key)
            return found
        by_size: dict[tuple[int, int], list[tuple[int, int, bytes, bytes]]] = {}
        for place, id in enumerate(ids.tolist(), begin):
            with suppress(BlockDamaged), decoding(id):
                count, words, sets = fetch(connection, _SETS, (id, id * SLICES, (id + 1) * SLICES))[0]
                each = are_sets(words, sets, count)
                by_size.setdefault((len(words), each), []).append((place, count, words, sets))
        found = [_group(size, blocks) for size, blocks in by_size.items()]
        self._sets[key] = found
        self._set_bytes += sum(group.words.nbytes + group.sets.nbytes for group in found)
        while self._set_bytes > SET_BYTES and len(self._sets) > 1:
            _, old = self._sets.popitem(last=False)
            self._set_bytes -= sum(group.words.nbytes + group.sets.nbytes for group in old)
        return found


_SETS = (
    "select (select max(id) + 1 - ?2 from block_text where id >= ?2 and id < ?3), words, slices from block_grams"
    " where block = ?1"
)


def _group(size: tuple[int, int], blocks: list[tuple[int, int, bytes, bytes]]) -> Group:
    places, counts, words, sets = zip(*blocks, strict=True)
    own, each = (
        np.frombuffer(b"".join(some), np.uint8).reshape(-1, one) for some, one in zip((words, sets), size, strict=True)
    )
    return Group(np.array(places), own, np.array(counts), each)


class Walk:
    """One walk through one index."""

    def __init__(
        self, connection: apsw.Connection, index: Index, plan: Plan, shelf: Shelf, check: Callable[[], None]
    ) -> None:
        self.connection, self.index, self.plan, self.shelf, self.check = connection, index, plan, shelf, check

    def newest_first(self, before: int | None) -> Iterator[Met]:
        places = np.flatnonzero(self._blocks(before, None))[::-1]
        for place, able in self._possible(places):
            yield self._meet(self.index.spot(place), able, before, None, newest_first=True)

    def oldest_first(self, after: int | None) -> Iterator[Met]:
        places = np.flatnonzero(self._blocks(None, after))
        for place, able in self._possible(places):
            yield self._meet(self.index.spot(place), able, None, after, newest_first=False)

    def _blocks(self, before: int | None, after: int | None) -> Array:
        found = self.plan.blocks(self.index)
        if before is not None:
            found &= self.index.column("first_id") < before
        if after is not None:
            found &= self.index.column("last_id") > after
        return found

    def _possible(self, places: Array) -> Iterator[tuple[int, Array | None]]:
        """The blocks that are left when their sets were asked, group by group as the walk comes to them.

        Beside each, which of its slices are left; None where all may be.
        """
        sealed, group = len(self.index.sealed), -1
        has: dict[int, Array | None] = {}
        for place in places.tolist():
            if place >= sealed or not self.plan.uses_sets:
                yield place, None
                continue
            if place // GROUP != group:
                self.check()
                group = place // GROUP
                end = min(group * GROUP + GROUP, sealed)
                has = self.shelf.having(self.connection, self.index, self.plan, group * GROUP, end)
            if place in has:
                yield place, has[place]

    def rows(self, spot: Spot) -> tuple[Columns, Array]:
        """The records of a block that are meant, text aside: their places, ascending."""
        columns = self.shelf.columns(self.connection, spot)
        found = self.plan.rows(spot.kinds, columns)
        return columns, np.arange(spot.count) if found is None else np.flatnonzero(found)

    def _meet(
        self, spot: Spot, able: Array | None, before: int | None, after: int | None, *, newest_first: bool
    ) -> Met:
        self.check()
        columns, rows = self.rows(spot)
        if (before is not None and spot.last_id >= before) or (after is not None and spot.first_id <= after):
            ids = columns.ids(spot.first_id)[rows]
            low = 0 if after is None else int(np.searchsorted(ids, after, "right"))
            rows = rows[low : len(ids) if before is None else int(np.searchsorted(ids, before))]
        if self.plan.searches_text:
            rows = self._search(spot, columns, rows, able)
        end = spot.first_id if newest_first else spot.last_id
        return Met(spot, (rows[::-1] if newest_first else rows).tolist(), end)

    def _search(self, spot: Spot, columns: Columns, rows: Array, able: Array | None) -> Array:
        """Of some records of a block those with the plan's texts: slice by slice, as texts stand."""
        edges = [*columns.bounds, columns.count]
        places = np.sort(columns.place[rows])
        cuts = np.searchsorted(places, edges)
        found = []
        for number in np.flatnonzero(np.diff(cuts)).tolist():
            if able is None or able[number]:
                self.check()
                some = places[cuts[number] : cuts[number + 1]]
                found.append(with_text(self.shelf.slice(self.connection, spot, columns, number), some, self.plan))
        return np.sort(columns.order[np.concatenate(found)]) if found else rows[:0]


def with_text(slice: Slice, rows: Array, plan: Plan) -> Array:
    """Of some records of a slice, by the places of their texts, those whose texts are as the plan wants."""
    here = rows - slice.begin
    text = slice.text
    if not text.isascii():
        return rows[[_matches(slice, at, plan) for at in here.tolist()]]
    text = text.lower()
    if any(needle not in text for needle in plan.texts):
        return rows[:0]
    ends = slice.ends[2::3]
    for needle in plan.texts:
        if not len(here):
            break
        here = np.intersect1d(here, _having(slice, text, ends, needle), assume_unique=True)
    for needle in plan.no_texts:
        here = np.setdiff1d(here, _having(slice, text, ends, needle), assume_unique=True)
    return here + slice.begin


def _having(slice: Slice, text: bytes, ends: Array, needle: bytes) -> Array:
    """The records, by place in the slice, of which one part has the needle; `text` is folded."""
    if not needle:
        return np.arange(slice.count)
    found: list[int] = []
    place = text.find(needle)
    while 0 <= place < len(text):
        at = int(np.searchsorted(ends, place, "right"))
        if _part_has(slice, at, text, place, needle):
            found.append(at)
            place = int(ends[at])
        else:
            place += 1
        place = text.find(needle, place)
    return np.array(found, np.int64)


def _part_has(slice: Slice, at: int, text: bytes, place: int, needle: bytes) -> bool:
    """Whether what was found lies within one part of a record's text: parts stand side by side."""
    begin, ends = slice.part_ends(at)
    return any(place + len(needle) <= end for start, end in zip((begin, *ends), ends, strict=False) if place >= start)


def _matches(slice: Slice, at: int, plan: Plan) -> bool:
    parts = [folded(part).encode() for part in slice.parts(at)]
    return all(any(text in part for part in parts) for text in plan.texts) and not any(
        text in part for text in plan.no_texts for part in parts
    )
