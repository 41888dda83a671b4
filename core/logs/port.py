"""What a screen, a command or the bridge may ask of a store of log records.

`cornerman.store.logs` answers from the store's `logs.db`; `store.logs` of an open store is a `LogReader`. Each call is
a transaction of its own. A call that searches may be interrupted from another thread by `interrupt`, and then raises
Interrupted; nothing else is undone by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from ..payloads.log_record_v1 import LogRecordV1
from .filter import LogFilter
from .records import Facets, LogEntry, Timeline


class Found(NamedTuple):
    """What a search has found since it last said so, newest first, and how far back it has looked."""

    entries: tuple[LogEntry, ...]
    searched_to_us: int
    searched: int
    """Records that were looked at or passed over, of `total`."""
    total: int
    done: bool


class Damaged(NamedTuple):
    """What a reader came across that cannot be read: the rest is answered without it."""

    records: int = 0
    """Records of which nothing can be read: they are left out, of counts too."""
    texts: int = 0
    """Records of which the text cannot be read: they are there, with a message that says so, and no text finds them."""


class Sample(NamedTuple):
    """What a run's process and its host used at a moment: measured by the bridge, every few seconds."""

    time_us: int
    values: dict[str, float]
    """`cpu_percent`, `memory_bytes`, `host_cpu_percent`, `host_memory_percent`, `gpu0_percent`, …"""


class LogReader(Protocol):
    """Reads log records. Ids order them: by arrival, which is by time within an output of a run."""

    def version(self) -> object:
        """Equal to what it was before while nothing was added, removed or found damaged; costs one look-up."""
        ...

    def count(self) -> int: ...
    def page(
        self, chosen: LogFilter, *, before: int | None = None, after: int | None = None, limit: int = 100
    ) -> Sequence[LogEntry]:
        """Up to `limit` records, the oldest first: those just before the id `before`, those just after the id `after`,
        or the newest of all. It searches until it has them or there are no more; `search` streams instead."""
        ...

    def search(self, chosen: LogFilter, *, before: int | None = None, batch: int = 50) -> Iterator[Found]:
        """The records newest first, as they are found, with the progress; answers at least each 50 ms."""
        ...

    def entry(self, id: int) -> LogEntry:
        """NotFound where it was removed."""
        ...

    def rank(self, chosen: LogFilter, id: int) -> tuple[int, int]:
        """How many records of the filter come before `id`, and how many there are: where a scroll bar stands. As exact
        as `facets`: terms that take looking at too many records do not count."""
        ...

    def at_rank(self, chosen: LogFilter, rank: int) -> int | None:
        """The id of the record with that many before it: where a scroll bar was dragged to."""
        ...

    def at_time(self, chosen: LogFilter, time_us: int) -> int | None:
        """The id of the first record of the filter at or after a time, else of the last before it."""
        ...

    def facets(self, chosen: LogFilter) -> Facets: ...
    def timeline(
        self, chosen: LogFilter, spans: int, *, since_us: int | None = None, until_us: int | None = None
    ) -> Timeline:
        """At most `spans` columns over the whole time, or the one given."""
        ...

    def samples(self, run_id: str, since_us: int = 0) -> Sequence[Sample]: ...
    def damaged(self) -> Damaged:
        """What could not be read until now, by any call."""
        ...

    def interrupt(self) -> None:
        """From any thread: what is being answered now ends with Interrupted."""
        ...


class LogWriter(Protocol):
    """Takes log records. What `append` was given survives a kill of this process when it returns."""

    def append(self, records: Iterable[LogRecordV1]) -> int:
        """How many were taken; the others are counted as lost, with the cause.

        Never waits for the database, never raises for a full disk or a locked store.
        """
        ...

    def sample(self, run_id: str, sample: Sample) -> None: ...
    def belongs(self, run_id: str, job: str) -> None:
        """Say which job a run is of; a run that records steps says so itself."""
        ...

    def close(self) -> None:
        """Bring everything into the database, if it can be had within a second or two; else it stays in the spool."""
        ...
