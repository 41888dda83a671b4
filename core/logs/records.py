"""What a store of log records answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ..payloads.log_record_v1 import LogRecordV1


class LogEntry(NamedTuple):
    """One stored record. Ids grow in the order of arrival; they are never used again."""

    id: int
    record: LogRecordV1


@dataclass(frozen=True, slots=True)
class Facet:
    """One value that records have, and how many have it."""

    value: str
    count: int


class Facets(NamedTuple):
    """The values that a filter's records have, by field, most frequent first.

    Exact for all terms but those in `without`. `values` has the fields of `core.logs.filter.FACETS`; a component's
    subcomponents are `A/B` beside `A`. The counts of a field do not obey the filter's own terms of that field: they say
    what choosing another value would show.
    """

    values: dict[str, tuple[Facet, ...]]
    total: int
    """Records that obey every term but those in `without`."""
    without: tuple[str, ...] = ()
    """Fields whose terms were not counted, since that takes looking at records: text, episode, step, …"""


class Span(NamedTuple):
    """One column of a timeline: how many records of each level were written in it."""

    begins_us: int
    ends_us: int
    counts: dict[str, int]
    """By level."""


class Timeline(NamedTuple):
    """Records over time, oldest first, without gaps. Counts as exact as those of `Facets`."""

    spans: tuple[Span, ...]
    without: tuple[str, ...] = ()
