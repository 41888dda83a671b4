"""Whether one record is meant by a filter: for lines that are not stored yet, and as the rule a store is compared with.

    Chosen(LogFilter.parse("level>=WARNING -tag:step nan")).matches(record)

Terms of the same field are alternatives, except text: each text must occur. An excluding term excludes for itself.
What `during` means only a store knows, which has the episodes (`during.py`): here it is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..payloads.log_record_v1 import LogRecordV1
from .filter import FACETS, RANGES, TEXT, LogFilter, Term, levels_of, range_of, time_of
from .text import folded, searchable

SHORTEST_RUN = 4
"""Letters of a run's id, from either end, that name it in a filter."""


class Period(NamedTuple):
    """The time that a filter's `since` and `until` leave; both ends belong to it. None: open."""

    since_us: int | None
    until_us: int | None


def period_of(chosen: LogFilter, now_us: int | None = None) -> Period:
    """Of several `since` the earliest holds, of several `until` the latest: they are alternatives like all others."""
    since = [time_of(term.value, now_us) for term in chosen.of("since")]
    until = [time_of(term.value, now_us) for term in chosen.of("until")]
    return Period(min(since, default=None), max(until, default=None))


def facet_test(term: Term) -> Callable[[str], bool]:
    """Whether a value of the term's field is one that it names. Tags, flags and components have several values."""
    if term.field == "level":
        levels = levels_of(term.value)
        return lambda value: value in levels
    if term.field == "run" and len(term.value) >= SHORTEST_RUN:
        return lambda value: value.startswith(term.value) or value.endswith(term.value)
    return lambda value: value == term.value


def facet_values(record: LogRecordV1, field: str, job: str = "") -> tuple[str, ...]:
    """The values that a record has of a field of few values; a component's subcomponent is `A/B` beside `A`."""
    if field == "tag":
        return record.tags
    if field == "flag":
        return record.flags
    if field == "component":
        return components(record.component, record.subcomponent)
    return (job if field == "job" else getattr(record, _ATTRIBUTES.get(field, field)),)


def components(component: str, subcomponent: str) -> tuple[str, ...]:
    """What a filter may call it: `A`, and `A/B` for its part."""
    return (component, f"{component}/{subcomponent}") if subcomponent else (component,)


_ATTRIBUTES = {"run": "run_id", "env": "env_index"}


class Chosen:
    """A filter, ready to be asked about one record after the other."""

    def __init__(self, chosen: LogFilter, now_us: int | None = None) -> None:
        self._facets = [(field, *_split(chosen, field, facet_test)) for field in FACETS if chosen.of_field(field)]
        self._ranges = [(field, *_split(chosen, field, _range_test)) for field in RANGES if chosen.of_field(field)]
        self._since, self._until = period_of(chosen, now_us)
        self._texts = [folded(term.value) for term in chosen.of(TEXT)]
        self._no_texts = [folded(term.value) for term in chosen.of(TEXT, exclude=True)]

    def matches(self, record: LogRecordV1, job: str = "") -> bool:
        """`job` is that of the record's run: no record says it."""
        if self._since is not None and record.time_us < self._since:
            return False
        if self._until is not None and record.time_us > self._until:
            return False
        for field, wanted, refused in self._facets:
            values = facet_values(record, field, job)
            if (wanted and not _any(wanted, values)) or _any(refused, values):
                return False
        for field, wanted, refused in self._ranges:
            value = getattr(record, _ATTRIBUTES.get(field, field))
            values = () if value is None else (value,)
            if (wanted and not _any(wanted, values)) or _any(refused, values):
                return False
        return self._has_text(record)

    def _has_text(self, record: LogRecordV1) -> bool:
        if not self._texts and not self._no_texts:
            return True
        parts = [folded(part) for part in searchable(record)]
        found = all(any(text in part for part in parts) for text in self._texts)
        return found and not any(text in part for text in self._no_texts for part in parts)


def _range_test(term: Term) -> Callable[[int], bool]:
    first, last = range_of(term.value)
    return lambda value: (first is None or value >= first) and (last is None or value <= last)


def _split(chosen: LogFilter, field: str, test: Callable[[Term], Any]) -> tuple[list[Any], list[Any]]:
    """The tests of a field's terms, and of its excluding terms."""
    return [test(term) for term in chosen.of(field)], [test(term) for term in chosen.of(field, exclude=True)]


def _any(tests: list[Any], values: tuple[Any, ...]) -> bool:
    return any(test(value) for test in tests for value in values)
