"""The table `log` of SQL: log records as they are found, by the same filters as everywhere.

What a query fixes with `=` becomes terms of a filter, and a range of `id` or `time_us` says where to read; SQLite
applies everything again to what it gets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from cornerman.core.errors import InvalidOption
from cornerman.core.json_values import to_json
from cornerman.core.logs import LogEntry, LogFilter, Term

from ..sql_values import iso
from ..virtual import Batch, BatchTable, Order, Values, Wanted

if TYPE_CHECKING:
    from .reader import Logs

ITEMS = 1000
FIRST_ITEMS = 50
"""The first time: `limit 10` should not read a thousand."""
_TERMS = {
    "level": "level", "code": "code", "component": "component", "run": "run", "job": "job", "stream": "stream",
    "output": "output", "source": "source", "logger": "logger", "episode": "episode", "step": "step",
    "env_index": "env", "pid": "pid",
}  # fmt: skip
_NUMBERS = ("episode", "step", "env_index", "pid")
_OPEN = (-(2**62), 2**62)


def _json(value: Any) -> str:
    return msgspec.json.encode(to_json(value)).decode()


_COLUMNS: dict[str, Callable[[LogEntry, str], Any]] = {
    "id": lambda entry, _: entry.id,
    "time": lambda entry, _: iso(entry.record.time_us),
    "level": lambda entry, _: entry.record.level,
    "code": lambda entry, _: entry.record.code,
    "component": lambda entry, _: entry.record.component,
    "subcomponent": lambda entry, _: entry.record.subcomponent,
    "message": lambda entry, _: entry.record.message,
    "fields": lambda entry, _: _json(entry.record.fields),
    "tags": lambda entry, _: _json(list(entry.record.tags)),
    "run": lambda entry, _: entry.record.run_id,
    "job": lambda _, job: job,
    "stream": lambda entry, _: entry.record.stream,
    "agent": lambda entry, _: entry.record.agent,
    "episode": lambda entry, _: entry.record.episode,
    "step": lambda entry, _: entry.record.step,
    "env_index": lambda entry, _: entry.record.env_index,
    "output": lambda entry, _: entry.record.output,
    "source": lambda entry, _: entry.record.source,
    "logger": lambda entry, _: entry.record.logger,
    "flags": lambda entry, _: _json(list(entry.record.flags)),
    "pid": lambda entry, _: entry.record.pid,
    "repeats": lambda entry, _: entry.record.repeats,
    "raw": lambda entry, _: entry.record.raw,
    "extra": lambda entry, _: _json(entry.record.extra),
    "time_us": lambda entry, _: entry.record.time_us,
}


def log_table(logs: Logs) -> BatchTable:
    """The table, over a reader."""
    return BatchTable(
        tuple(_COLUMNS), {"id", "time_us", *_TERMS}, lambda wanted, order: _batches(logs, wanted, order),
        {("id", False), ("id", True)},
    )  # fmt: skip


_COUNT = re.compile(r"\s*select\s+(count\s*\(\s*\*\s*\))(?:\s+as\s+(\w+))?\s+from\s+log\s*;?\s*", re.IGNORECASE)


def counted(logs: Logs, statement: str) -> tuple[tuple[str, ...], tuple[Any, ...]] | None:
    """Name and value that answer the bare count of all records, which is known; None for every other statement."""
    found = _COUNT.fullmatch(statement)
    return ((found[2] or found[1],), (logs.count(),)) if found else None


def _batches(logs: Logs, wanted: list[Wanted], order: Order | None) -> Iterator[Batch]:
    try:
        chosen = LogFilter(tuple(_terms(wanted)))
    except (InvalidOption, ValueError):
        return
    low, high = _bounds(wanted, "id")
    newest_first, size = order == ("id", True), FIRST_ITEMS
    while low < high:
        if newest_first:
            entries = [entry for entry in logs.page(chosen, before=high, limit=size) if entry.id >= low][::-1]
        else:
            entries = [entry for entry in logs.page(chosen, after=low - 1, limit=size) if entry.id < high]
        if not entries:
            return
        yield _batch(logs, entries)
        low, high = (low, entries[-1].id) if newest_first else (entries[-1].id + 1, high)
        size = ITEMS


def _batch(logs: Logs, entries: list[LogEntry]) -> Batch:
    def column(name: str) -> Values:
        make = _COLUMNS[name]
        jobs = logs.jobs() if name == "job" else {}
        return [make(entry, jobs.get(entry.record.run_id, "")) for entry in entries]

    return Batch(len(entries), column)


def _terms(wanted: list[Wanted]) -> Iterator[Term]:
    """One term of each field at most: two would be alternatives, where a query means both."""
    seen = set()
    for item in wanted:
        field = _TERMS.get(item.column)
        number = item.column in _NUMBERS
        if field is None or item.operator != "=" or field in seen or not isinstance(item.value, int if number else str):
            continue
        seen.add(field)
        yield from LogFilter.parse(str(Term(field, str(item.value)))).terms
    since, until = _bounds(wanted, "time_us")
    if since > 0:
        yield Term("since", f"{max(since - 1_000_000, 0) / 1e6:017.6f}")
    if 0 < until < _OPEN[1]:
        yield Term("until", f"{(until + 1_000_000) / 1e6:017.6f}")


def _bounds(wanted: list[Wanted], column: str) -> tuple[int, int]:
    """The least and, exclusive, the greatest value that a query can mean of a column of integers."""
    low, high = _OPEN
    for item in wanted:
        if item.column != column or not isinstance(item.value, int | float) or item.value != item.value:
            continue
        value = int(max(min(item.value, _OPEN[1]), _OPEN[0]))
        if item.operator in ("=", ">", ">="):
            low = max(low, value)
        if item.operator in ("=", "<", "<="):
            high = min(high, value + 1)
    return low, high
