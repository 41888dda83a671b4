"""Log records in memory that answer as the store's do: for screens that need the same records each time, or slow ones.

`slow` holds each search after so many records until `go` is set, or until it is interrupted: how long a real search
takes depends on the machine, and what a screen does meanwhile must not.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from cornerman.core.errors import Interrupted, NotFound
from cornerman.core.logs import Facet, Facets, LogEntry, LogFilter, Span, Timeline
from cornerman.core.logs.filter import FACETS, RANGES, TEXT
from cornerman.core.logs.matching import Chosen, facet_values
from cornerman.core.logs.port import Damaged, Found, Sample
from cornerman.core.payloads.log_record_v1 import LogRecordV1

LATER = (TEXT, *RANGES)


class MemoryLogs:
    """A list of records."""

    def __init__(self, records: Sequence[LogRecordV1] = ()) -> None:
        self.entries = [LogEntry(at + 1, record) for at, record in enumerate(records)]
        self.broken: Exception | None = None
        self.damage = Damaged()
        self.jobs: dict[str, str] = {}
        self.slow: int | None = None
        self.go = threading.Event()
        self._interrupted = threading.Event()
        self.asked: Counter[str] = Counter()

    def append(self, *records: LogRecordV1) -> None:
        """More of them."""
        first = self.entries[-1].id + 1 if self.entries else 1
        self.entries += [LogEntry(first + at, record) for at, record in enumerate(records)]

    # ---- the port ----

    def version(self) -> object:
        if self.broken is not None:
            raise self.broken
        return len(self.entries), self.entries[0].id if self.entries else 0, self.damage

    def count(self) -> int:
        return len(self.entries)

    def damaged(self) -> Damaged:
        return self.damage

    def page(
        self, chosen: LogFilter, *, before: int | None = None, after: int | None = None, limit: int = 100
    ) -> Sequence[LogEntry]:
        self.asked["page"] += 1
        found = self._of(chosen)
        if after is not None:
            return [entry for entry in found if entry.id > after][:limit]
        return [entry for entry in found if before is None or entry.id < before][-limit:]

    def search(self, chosen: LogFilter, *, before: int | None = None, batch: int = 50) -> Iterator[Found]:
        self.asked["search"] += 1
        self._interrupted.clear()
        looked = [entry for entry in reversed(self.entries) if before is None or entry.id < before]
        each, rule = self.slow or len(looked) or 1, Chosen(chosen)
        for at in range(0, len(looked), each):
            part = looked[at : at + each]
            done = at + each >= len(looked)
            hits = tuple(entry for entry in part if rule.matches(entry.record))
            yield Found(hits, part[-1].record.time_us, at + len(part), len(looked), done)
            if self.slow is not None and not done:
                self._wait()
        if not looked:
            yield Found((), 0, 0, 0, True)

    def _wait(self) -> None:
        while not self.go.wait(0.005):
            if self._interrupted.is_set():
                raise Interrupted

    def entry(self, id: int) -> LogEntry:
        for entry in self.entries:
            if entry.id == id:
                return entry
        raise NotFound(f"There is no log record {id}.")

    def rank(self, chosen: LogFilter, id: int) -> tuple[int, int]:
        found = self._of(chosen)
        return sum(1 for entry in found if entry.id < id), len(found)

    def at_rank(self, chosen: LogFilter, rank: int) -> int | None:
        found = self._of(chosen)
        return found[max(0, min(rank, len(found) - 1))].id if found else None

    def at_time(self, chosen: LogFilter, time_us: int) -> int | None:
        found = self._of(chosen)
        later = (entry.id for entry in found if entry.record.time_us >= time_us)
        return next(later, found[-1].id if found else None)

    def facets(self, chosen: LogFilter) -> Facets:
        chosen = LogFilter(tuple(term for term in chosen.terms if term.field not in LATER))
        values = {}
        for field in FACETS:
            records = [entry.record for entry in self._of(chosen.without(field))]
            values_of = (set(facet_values(record, field, self.jobs.get(record.run_id, ""))) for record in records)
            counts = Counter(value for found in values_of for value in found if value)
            values[field] = tuple(Facet(*each) for each in sorted(counts.items(), key=lambda each: (-each[1], each[0])))
        return Facets(values, len(self._of(chosen)))

    def timeline(
        self, chosen: LogFilter, spans: int, *, since_us: int | None = None, until_us: int | None = None
    ) -> Timeline:
        chosen = LogFilter(tuple(term for term in chosen.terms if term.field not in LATER))
        if not self.entries:
            return Timeline(())
        first = self.entries[0].record.time_us if since_us is None else since_us
        last = self.entries[-1].record.time_us + 1 if until_us is None else until_us
        edges = [first + (last - first) * at // spans for at in range(spans + 1)]
        found = self._of(chosen)
        made = []
        for begins, ends in pairwise(edges):
            levels: Counter[str] = Counter(e.record.level for e in found if begins <= e.record.time_us < ends)
            made.append(Span(begins, ends, dict(levels)))
        return Timeline(tuple(made))

    def samples(self, run_id: str, since_us: int = 0) -> Sequence[Sample]:
        return ()

    def interrupt(self) -> None:
        self._interrupted.set()

    def _of(self, chosen: LogFilter) -> list[LogEntry]:
        if self.broken is not None:
            raise self.broken
        rule = Chosen(chosen)
        return [entry for entry in self.entries if rule.matches(entry.record, self.jobs.get(entry.record.run_id, ""))]


def some_records(
    count: int = 2_000, begin_us: int = 1_795_200_000_000_000, every_us: int = 2_000_000
) -> list[LogRecordV1]:
    """Records as a training and its worker write them: two runs, all levels, tags, unknown codes, prints."""
    return [_record(at, begin_us + at * every_us) for at in range(count)]


_SAID: tuple[tuple[str, str, str, str, str, tuple[str, ...]], ...] = (
    ("LOG601", "DEBUG", "Service", "Telemetry", "Step was stored", ("step", "storage")),
    ("LOG510", "INFO", "Adapter", "Toy text", "Environment was reset", ("reset",)),
    ("", "DEBUG", "Worker", "stdout", "loss 0.0312 lr 3e-4", ()),
    ("LOG512", "INFO", "Worker", "Runtime", "Episode ended", ("episode",)),
    ("LOG7001", "INFO", "Policy", "", "Entropy bonus was lowered", ()),
    ("LOG620", "WARNING", "Service", "Queue", "Queue was nearly full", ("queue",)),
    ("LOG406", "ERROR", "Worker", "Runtime", "Reward is NaN", ("reward", "nan")),
)


def _record(at: int, time_us: int) -> LogRecordV1:
    which = 6 if at % 97 == 60 else 5 if at % 41 == 7 else (at * 7) % 5
    code, level, component, subcomponent, message, tags = _SAID[which]
    second = at % 3 == 2
    return LogRecordV1(
        time_us=time_us,
        code=code,
        level=level,  # type: ignore[arg-type]
        component=component,
        subcomponent=subcomponent,
        message=message,
        tags=tags,
        fields={"episode": at // 20, "steps": at % 200} if which in (3, 6) else {},
        run_id="01KAH7C0DEPOLES8" if second else "01KAH8YQ3T4LAKE0",
        stream="train" if which in (1, 3, 6) else "",
        episode=at // 20 if which in (1, 3, 6) else None,
        step=at % 20 if which in (3, 6) else None,
        source="other" if which in (2, 4) else "known" if code.startswith("LOG5") else "emitted",
        raw="loss 0.0312 lr 3e-4" if which == 2 else "",
        output="stderr" if which == 6 else "stdout" if which in (2, 3, 4) else "",
        pid=4_711 + second,
        logger="ppo" if which == 3 else "",
        extra={"reward": "NaN", "batch": [1, 2, 3]} if which == 6 else {},
        repeats=3 if which == 5 else 1,
    )
