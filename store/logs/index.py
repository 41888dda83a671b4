"""What a reader has of all blocks in memory: their ids, times, ranges, and the kinds in each with their counts.

Enough to say how many records of which kinds there are, in which blocks and when, without reading one. Sealed blocks
are kept as arrays that only grow; the few that are not sealed are read anew with every change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Any

import apsw
import numpy as np

from cornerman.log_catalog import constant

from .block import NUMBERS
from .kinds import KindIndex

Array = np.ndarray[Any, Any]

_COLUMNS = "id, first_id, last_id, count, min_us, max_us, kinds, counts, ranges, sealed"
SELECT_SEALED = f"select {_COLUMNS} from block where sealed and id > ? order by first_id"
SELECT_FRESH = f"select {_COLUMNS} from block not indexed where sealed and id > ? order by first_id"
"""The same where few are expected: by id, and sorted; the other way all heads would be sorted in memory."""
SELECT_HEADS = f"select {_COLUMNS} from block order by first_id"
SELECT_OPEN = f"select {_COLUMNS} from block where not sealed order by first_id"


LEVELS = len(constant.LEVELS)
MASKS = 16
"""Choices of kinds whose counts by block are kept."""
_CHUNK = 1 << 17
"""Entries that are weighed at once: what that takes for a moment stays in the processor's cache."""
_JOINED = (
    "id", "first_id", "last_id", "count", "min_us", "max_us", "ranges", "lengths", "place", "weight", "sealed",
    "cells",
)  # fmt: skip


class Part:
    """Some blocks, by place, the oldest first; and an entry for each kind that each has, beside it how many records.

    Entries of one block and level side by side are a run: counting is a sum over each run.
    """

    def __init__(self, rows: list[tuple[Any, ...]], kinds: KindIndex) -> None:
        numbers = np.array([row[:6] for row in rows], np.int64).reshape(-1, 6)
        self.id, self.first_id, self.last_id, self.count, self.min_us, self.max_us = numbers.T
        self.ranges = np.frombuffer(b"".join(row[8] for row in rows), "<i8").reshape(-1, len(NUMBERS), 2)
        lengths = np.array([len(row[6]) // 4 for row in rows], np.int64)
        self.begins = np.cumsum(lengths) - lengths
        self.lengths = lengths
        places = kinds.places(np.frombuffer(b"".join(row[6] for row in rows), "<u4"))
        self.place = places.astype(np.min_scalar_type(len(kinds)))
        self.weight = np.frombuffer(b"".join(row[7] for row in rows), "<u4").astype(np.uint16)
        self.sealed = np.array([row[9] for row in rows], np.bool_)
        cells = np.repeat(np.arange(len(rows)) * LEVELS, lengths) + kinds.level[places]
        self.runs = np.flatnonzero(np.diff(cells, prepend=-1))
        """The entries with which runs begin."""
        self.cells = cells[self.runs]
        """Of each run its block and level, as the place in a table with a row a block."""
        self._counts: dict[bytes, Array] = {}
        self._totals = np.zeros(0)

    def __len__(self) -> int:
        return len(self.id)

    def joined(self, other: Part) -> Part:
        """Both, as one, with what was counted already: a block that is sealed costs what it has, not what there is."""
        both = Part.__new__(Part)
        for name in _JOINED:
            setattr(both, name, np.concatenate((getattr(self, name), getattr(other, name))))
        both.begins = np.cumsum(both.lengths) - both.lengths
        both.runs = np.concatenate((self.runs, other.runs + len(self.place)))
        both.cells[len(self.cells) :] += LEVELS * len(self)
        both._counts, both._totals = {}, np.zeros(0)
        for key, found in self._counts.items():
            mask = np.frombuffer(key, np.bool_) if key else None
            if mask is None or other.place.max(initial=0) < len(mask):
                both._counts[key] = np.concatenate((found, other.by_level(mask)))
        if len(self._totals):
            kinds = max(len(self._totals), int(other.place.max(initial=0)) + 1)
            both._totals = self.totals(kinds) + other.totals(kinds)
        return both

    def only(self, chosen: Array) -> Part:
        """Some of its blocks."""
        some, entries, runs = Part.__new__(Part), self.entries(chosen), chosen[self.cells // LEVELS]
        for name in ("id", "first_id", "last_id", "count", "min_us", "max_us", "ranges", "lengths", "sealed"):
            setattr(some, name, getattr(self, name)[chosen])
        some.place, some.weight = self.place[entries], self.weight[entries]
        some.begins = np.cumsum(some.lengths) - some.lengths
        extents = np.diff(self.runs, append=len(self.place))[runs]
        some.runs = np.cumsum(extents) - extents
        block, level = np.divmod(self.cells[runs], LEVELS)
        some.cells = (np.cumsum(chosen) - 1)[block] * LEVELS + level
        some._counts, some._totals = {}, np.zeros(0)
        return some

    def totals(self, kinds: int) -> Array:
        """How many records each kind has."""
        if len(self._totals) < kinds:
            known = self._totals if len(self._totals) else np.bincount(self.place, self.weight, kinds)
            self._totals = np.pad(known, (0, kinds - len(known)))
        return self._totals

    def by_level(self, mask: Array | None) -> Array:
        """How many records of the chosen kinds each block has, a column a level."""
        key = b"" if mask is None else mask.tobytes()
        found = self._counts.get(key)
        if found is None:
            while len(self._counts) >= MASKS:
                self._counts.pop(next(iter(self._counts)))
            found = self._counts[key] = self._by_level(mask)
        return found

    def _by_level(self, mask: Array | None) -> Array:
        if not len(self.runs):
            return np.zeros((len(self), LEVELS), np.int64)
        weights = self.weight
        if mask is not None:
            chosen, weights = mask.astype(np.uint16), np.empty_like(weights)
            for begin in range(0, len(weights), _CHUNK):
                some = slice(begin, begin + _CHUNK)
                np.multiply(self.weight[some], chosen[self.place[some]], out=weights[some])
        sums = np.add.reduceat(weights, self.runs, dtype=np.uint32)
        return np.bincount(self.cells, sums, LEVELS * len(self)).astype(np.int64).reshape(-1, LEVELS)

    def entries(self, chosen: Array) -> Array:
        """Which entries of `place` and `weight` belong to the chosen blocks."""
        return np.asarray(np.repeat(chosen, self.lengths))

    def kinds(self, at: int) -> Array:
        """The places of the kinds that a block has, in its own order."""
        begin = int(self.begins[at])
        found: Array = self.place[begin : begin + int(self.lengths[at])]
        return found


@dataclass(frozen=True, slots=True)
class Spot:
    """One block of an index."""

    part: Part
    at: int
    id: int
    first_id: int
    last_id: int
    count: int
    sealed: bool

    @property
    def kinds(self) -> Array:
        return self.part.kinds(self.at)


class Index:
    """All blocks at one version of the database."""

    def __init__(self, version: int, sealed: Part, open: Part) -> None:
        self.version, self.sealed, self.open = version, sealed, open
        self.parts = (sealed, open)
        self.total = int(sealed.count.sum() + open.count.sum())

    def __len__(self) -> int:
        return len(self.sealed) + len(self.open)

    def without(self, block: int) -> Index:
        """The same without a block that cannot be read."""
        sealed, open = (part.only(part.id != block) for part in self.parts)
        return Index(self.version, sealed, open)

    def spot(self, at: int) -> Spot:
        part = self.sealed
        if at >= len(part):
            at, part = at - len(part), self.open
        return Spot(
            part, at, int(part.id[at]), int(part.first_id[at]), int(part.last_id[at]), int(part.count[at]),
            bool(part.sealed[at]),
        )  # fmt: skip

    def column(self, name: str) -> Array:
        """A property of every block."""
        return np.concatenate([getattr(part, name) for part in self.parts])

    def by_level(self, mask: Array | None) -> Array:
        """How many records of the chosen kinds each block has, a column a level."""
        return np.concatenate([part.by_level(mask) for part in self.parts])

    def counts(self, mask: Array | None) -> Array:
        """How many records of the chosen kinds each block has."""
        if mask is None:
            return self.column("count")
        found: Array = self.by_level(mask).sum(axis=1)
        return found

    def kind_totals(self, kinds: int, chosen: Array | None = None) -> Array:
        """How many records each kind has, in all blocks or in the chosen ones."""
        if chosen is None:
            return self.sealed.totals(kinds) + self.open.totals(kinds)
        totals = np.zeros(kinds)
        edges = (0, len(self.sealed), len(self))
        for part, begin, end in zip(self.parts, edges, edges[1:], strict=False):
            if chosen[begin:end].any():
                entries = part.entries(chosen[begin:end])
                totals += np.bincount(part.place[entries], part.weight[entries], kinds)
        return totals


Heads = list[tuple[Any, ...]]


def read_part(
    connection: apsw.Connection, statement: str, bindings: Iterable[Any], kinds: KindIndex,
    sound: Callable[[Heads], Heads],
) -> Part:  # fmt: skip
    """The blocks that a statement selects, some hundred at a time: their heads as rows take five times the memory."""
    rows = connection.execute(statement, tuple(bindings))
    parts = []
    while some := list(islice(rows, 256)):
        parts.append(Part(sound(some), kinds))
    while len(parts) > 1:
        parts = [a if b is None else a.joined(b) for a, b in zip_longest(parts[::2], parts[1::2])]
    return parts[0] if parts else Part([], kinds)


def sound_heads(heads: Heads, places: Any) -> list[bool]:
    """Of some heads, in the order of their records, which can be those of blocks: what they say agrees."""
    shaped = [_shaped(head, after) for head, after in zip_longest(heads, (head[1] for head in heads[1:]))]
    some = [head for head, is_one in zip(heads, shaped, strict=True) if is_one]
    if not some:
        return shaped
    lengths = np.array([len(head[6]) // 4 for head in some])
    begins = np.cumsum(lengths) - lengths
    known = np.minimum.reduceat(places(np.frombuffer(b"".join(head[6] for head in some), "<u4")), begins) >= 0
    weights = np.frombuffer(b"".join(head[7] for head in some), "<u4").astype(np.int64)
    agree = iter((known & (np.add.reduceat(weights, begins) == [head[3] for head in some])).tolist())
    return [is_one and next(agree) for is_one in shaped]


def _shaped(head: tuple[Any, ...], after: int | None) -> bool:
    """Whether a head's numbers and lengths are possible; the next block begins with the record `after`."""
    _, first_id, last_id, count, min_us, max_us, kinds, counts, ranges, _ = head
    return (
        0 < count <= min(last_id - first_id + 1, MOST_RECORDS)
        and (after is None or last_id < after)
        and min_us <= max_us
        and len(counts) == len(kinds) > 0 == len(kinds) % 4
        and len(ranges) == 16 * len(NUMBERS)
    )


MOST_RECORDS = 1 << 16
"""A block has fewer."""
