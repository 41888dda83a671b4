"""A filter, made ready for one index: which kinds it chooses, which times and numbers, and which texts."""

from __future__ import annotations

from copy import copy
from typing import Any, NamedTuple

import numpy as np

from cornerman.core.logs.filter import RANGES, TEXT, LogFilter, range_of
from cornerman.core.logs.matching import Period, period_of
from cornerman.core.logs.text import folded

from .block import NUMBERS, Columns
from .grams import number_keys, text_keys
from .index import Index

Array = np.ndarray[Any, Any]

FEW_VALUES = 16
"""Numbers of a range that are looked up one by one in the sets of the blocks."""
_LEAST, _GREATEST = -(2**63), 2**63 - 1


class Numbered(NamedTuple):
    """What a filter says of one column of numbers: ranges of which one must hold, and such as must not."""

    column: str
    wanted: list[tuple[int, int]]
    refused: list[tuple[int, int]]


class Plan:
    """Decides on blocks, then on records."""

    def __init__(self, chosen: LogFilter, mask: Array | None, kinds: int, now_us: int) -> None:
        self.kinds = kinds
        """How many there were: with more, the plan is to be made anew."""
        self.mask = mask
        """Of kinds, by place; None: all."""
        self.period: Period = period_of(chosen, now_us)
        self.numbered = [_numbered(chosen, name) for name in RANGES if chosen.of_field(name)]
        self.texts = [folded(term.value).encode() for term in chosen.of(TEXT)]
        self.no_texts = [folded(term.value).encode() for term in chosen.of(TEXT, exclude=True)]
        self.fields_without = tuple(dict.fromkeys(term.field for term in chosen.terms if term.field in (*RANGES, TEXT)))
        """Fields whose terms are not decided by kinds and times."""
        self._blocks: tuple[Index, Array] | None = None
        self.text_keys = text_keys(self.texts)
        self.number_keys = [keys for keys in map(_keys, self.numbered) if keys is not None]

    def without_kinds(self) -> Plan:
        """The same for records of all kinds."""
        other = copy(self)
        other.mask = other._blocks = None
        return other

    @property
    def searches_text(self) -> bool:
        return bool(self.texts or self.no_texts)

    @property
    def uses_sets(self) -> bool:
        return self.text_keys is not None or bool(self.number_keys)

    def blocks(self, index: Index) -> Array:
        """Which blocks may have a record that is meant, as far as their heads tell. A copy, to be narrowed further."""
        if self._blocks is None or self._blocks[0] is not index:
            self._blocks = index, self._of(index)
        return self._blocks[1].copy()

    def _of(self, index: Index) -> Array:
        found = index.counts(self.mask) > 0
        if self.period.since_us is not None:
            found &= index.column("max_us") >= self.period.since_us
        if self.period.until_us is not None:
            found &= index.column("min_us") <= self.period.until_us
        ranges = index.column("ranges") if self.numbered else None
        for number in self.numbered:
            if number.wanted and ranges is not None:
                least, greatest = ranges[:, NUMBERS.index(number.column)].T
                some = np.zeros(len(found), np.bool_)
                for first, last in number.wanted:
                    some |= (greatest >= first) & (least <= last)
                found &= some & (least <= greatest)
        return found

    def within(self, index: Index) -> Array:
        """Which of the blocks are wholly inside the filter's time."""
        found = np.ones(len(index), np.bool_)
        if self.period.since_us is not None:
            found &= index.column("min_us") >= self.period.since_us
        if self.period.until_us is not None:
            found &= index.column("max_us") <= self.period.until_us
        return found

    def rows(self, kinds: Array, columns: Columns) -> Array | None:
        """Which records of a block are meant, text aside; None: all of them."""
        found: Array | None = None
        if self.mask is not None:
            local = self.mask[kinds]
            if not local.all():
                found = local[columns.kind]
        if self.period.since_us is not None:
            found = _and(found, columns.time >= self.period.since_us)
        if self.period.until_us is not None:
            found = _and(found, columns.time <= self.period.until_us)
        for number in self.numbered:
            found = _and(found, _numbered_rows(number, columns))
        return found


def _and(found: Array | None, other: Array) -> Array:
    return other if found is None else found & other


def _numbered(chosen: LogFilter, column: str) -> Numbered:
    return Numbered(
        column,
        [_bounds(term.value) for term in chosen.of(column)],
        [_bounds(term.value) for term in chosen.of(column, exclude=True)],
    )


def _bounds(value: str) -> tuple[int, int]:
    """A range as 64 bits can hold it; one beyond them is empty."""
    first, last = range_of(value)
    first, last = _LEAST if first is None else first, _GREATEST if last is None else last
    return (1, 0) if first > _GREATEST or last < _LEAST else (max(first, _LEAST), min(last, _GREATEST))


def _keys(number: Numbered) -> Array | None:
    """The hashes of its numbers, where they are few: one of them must be in a block's set."""
    sizes = [max(last - first + 1, 0) for first, last in number.wanted]
    if not sizes or sum(sizes) > FEW_VALUES:
        return None
    values = [value for first, last in number.wanted for value in range(first, last + 1)]
    return number_keys(NUMBERS.index(number.column), values)


def _numbered_rows(number: Numbered, columns: Columns) -> Array:
    found = columns.numbers(number.column)
    if found is None:
        return np.full(columns.count, not number.wanted)
    if not found.values.size:
        return np.full(columns.count, not number.wanted)
    rows = np.full(columns.count, not number.wanted)
    for first, last in number.wanted:
        rows |= (found.values >= first) & (found.values <= last)
    if number.wanted and found.present is not None:
        rows &= found.present
    for first, last in number.refused:
        refused = (found.values >= first) & (found.values <= last)
        rows &= ~(refused if found.present is None else refused & found.present)
    return rows
