"""Kinds: what many records agree in, stored once.

Records with the same run, stream, output, source, code, level, component, subcomponent, tags, logger and flags are of
one kind. There are thousands of kinds where there are millions of records, so a filter is answered on kinds first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from cornerman.core.logs.filter import FACETS, LogFilter
from cornerman.core.logs.matching import components, facet_test
from cornerman.core.logs.records import Facet
from cornerman.log_catalog.constant import LEVELS

Array = np.ndarray[Any, Any]

MOST = 20_000
"""Kinds of a store beyond which component, tags, code and logger of new ones are kept in `extra` only."""


class Kind(NamedTuple):
    """What records of one kind agree in; its fields are those of the record."""

    run_id: str
    stream: str
    output: str
    source: str
    code: str
    level: str
    component: str
    subcomponent: str
    tags: tuple[str, ...]
    logger: str
    flags: tuple[str, ...]


COLUMNS = ", ".join(Kind._fields)


def kind_of(row: Sequence[Any]) -> Kind:
    """The kind of a row of its table; of a damaged one what there is, and it says so."""
    try:
        tags, flags = (tuple(map(str, msgspec.json.decode(words))) for words in (row[8], row[10]))
        found = Kind._make((*row[:8], tags, row[9], flags))
    except (ValueError, TypeError):
        found = Kind._make((*row[:8], (), row[9], ("damaged",)))
    return found if found.level in LEVELS else found._replace(level="ERROR", flags=(*found.flags, "damaged"))


def row_of(kind: Kind) -> tuple[Any, ...]:
    tags, flags = (msgspec.json.encode(words).decode() for words in (kind.tags, kind.flags))
    return (*kind[:8], tags, kind.logger, flags)


class _Labels:
    """The values of one facet: for each value the kinds that have it. A kind may have several."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}
        self.values: list[str] = []
        self._kinds: list[int] = []
        self._labels: list[int] = []
        self._arrays: tuple[Array, Array] | None = None

    def add(self, place: int, values: Iterable[str]) -> None:
        self._arrays = None
        for value in values:
            code = self.codes.get(value)
            if code is None:
                code = self.codes[value] = len(self.values)
                self.values.append(value)
            self._kinds.append(place)
            self._labels.append(code)

    @property
    def arrays(self) -> tuple[Array, Array]:
        """Places of kinds, and beside each the code of a value that it has."""
        if self._arrays is None:
            self._arrays = np.array(self._kinds, np.int64), np.array(self._labels, np.int64)
        return self._arrays

    def chosen(self, test: Callable[[str], bool], kinds: int) -> Array:
        """Which kinds have a value that the test takes."""
        found = np.zeros(kinds, np.bool_)
        wanted = np.fromiter((test(value) for value in self.values), np.bool_, len(self.values))
        if wanted.any():
            places, labels = self.arrays
            found[places[wanted[labels]]] = True
        return found

    def counts(self, weights: Array) -> dict[str, int]:
        """Records by value, given how many each kind has."""
        places, labels = self.arrays
        sums = np.bincount(labels, weights[places], len(self.values)).astype(np.int64)
        return {self.values[code]: int(sums[code]) for code in np.flatnonzero(sums).tolist()}


class KindIndex:
    """Every kind of a store in memory, by place; ids are those of the table, and `place_of` finds them."""

    def __init__(self, job_of: Callable[[str], str]) -> None:
        self.kinds: list[Kind] = []
        self.ids: list[int] = []
        self._job_of = job_of
        self._labels = {field: _Labels() for field in FACETS}
        self._places = np.zeros(0, np.int64)
        self._level: list[int] = []
        self._levels: Array | None = None

    def __len__(self) -> int:
        return len(self.kinds)

    @property
    def last_id(self) -> int:
        return self.ids[-1] if self.ids else 0

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Rows of the table: id, then its columns; in the order of their ids."""
        for id, *row in rows:
            kind, place = kind_of(row), len(self.kinds)
            self.kinds.append(kind)
            self.ids.append(id)
            self._level.append(LEVELS.index(kind.level))
            for field, values in self._values(kind):
                self._labels[field].add(place, values)
        self._places = np.full(self.last_id + 1, -1, np.int64)
        self._places[self.ids] = np.arange(len(self.ids))
        self._levels = None

    def places(self, ids: Array) -> Array:
        """Of each id its place, -1 where there is no such kind."""
        here = ids < len(self._places)
        return np.where(here, self._places[np.where(here, ids, 0)], -1) if len(self._places) else np.full(len(ids), -1)

    @property
    def level(self) -> Array:
        """Of each kind the place of its level among LEVELS."""
        if self._levels is None:
            self._levels = np.array(self._level, np.int64)
        return self._levels

    def chosen(self, chosen: LogFilter, without: str = "") -> Array | None:
        """Which kinds obey the filter's terms, but those of one field; None: all of them."""
        mask: Array | None = None
        for field in FACETS:
            terms = chosen.of_field(field) if field != without else ()
            if not terms:
                continue
            wanted = [term for term in terms if not term.exclude]
            one = np.zeros(len(self), np.bool_) if wanted else np.ones(len(self), np.bool_)
            for term in wanted:
                one |= self._labels[field].chosen(facet_test(term), len(self))
            for term in terms:
                if term.exclude:
                    one &= ~self._labels[field].chosen(facet_test(term), len(self))
            mask = one if mask is None else mask & one
        return mask

    def facet(self, field: str, weights: Array) -> tuple[Facet, ...]:
        """The values of a field with how many records have each, most frequent first."""
        counts = self._labels[field].counts(weights)
        counts.pop("", None)
        return tuple(Facet(*item) for item in sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def _values(self, kind: Kind) -> Iterable[tuple[str, Iterable[str]]]:
        yield "level", (kind.level,)
        yield "component", components(kind.component, kind.subcomponent)
        yield "code", (kind.code,)
        yield "tag", dict.fromkeys(kind.tags)
        yield "job", (self._job_of(kind.run_id),)
        yield "run", (kind.run_id,)
        yield "stream", (kind.stream,)
        yield "output", (kind.output,)
        yield "source", (kind.source,)
        yield "flag", dict.fromkeys(kind.flags)
        yield "logger", (kind.logger,)
