"""Going through the blocks of an index to the records that a filter means, newest or oldest first.

Blocks that cannot have one are passed over by their heads, then by the sets of what their texts contain; of the others
the columns decide, and only then texts are read. Every few milliseconds it comes up for air: who walks may stop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import apsw
import numpy as np

from cornerman.core.logs.text import folded

from .block import Columns, Slice
from .index import Index, Spot
from .plan import Plan
from .shelf import GROUP, Shelf

Array = np.ndarray[Any, Any]


NONE = np.zeros(0, np.bool_)
"""No slice of a block."""


class Met(NamedTuple):
    """Records that are meant, by their place in a block, in the order of the walk; or none, and only how far it is."""

    spot: Spot
    rows: list[int]
    next_id: int
    """Where a walk goes on: below this id, or above it where it goes to newer ones."""


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

        Beside each, which of its slices are left; None where all may be. Of a group that has none the last, without
        slices: the walk says that it has come there.
        """
        sealed, group, passed = len(self.index.sealed), -1, -1
        has: dict[int, Array | None] = {}
        for place in places.tolist():
            if place >= sealed or not self.plan.uses_sets:
                yield place, None
                continue
            if place // GROUP != group:
                if passed >= 0:
                    yield passed, NONE
                self.check()
                group = place // GROUP
                end = min(group * GROUP + GROUP, sealed)
                has = self.shelf.having(self.connection, self.index, self.plan, group * GROUP, end)
            passed = -1 if has else place
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
        end = spot.first_id if newest_first else spot.last_id
        if able is NONE:
            return Met(spot, [], end)
        columns, rows = self.rows(spot)
        if (before is not None and spot.last_id >= before) or (after is not None and spot.first_id <= after):
            ids = columns.ids(spot.first_id)[rows]
            low = 0 if after is None else int(np.searchsorted(ids, after, "right"))
            rows = rows[low : len(ids) if before is None else int(np.searchsorted(ids, before))]
        if self.plan.searches_text:
            rows = self._search(spot, columns, rows, able)
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
