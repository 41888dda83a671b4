"""How `cornerman logs` prints: records as lines or JSON, counts as tables. Control characters are shown, not obeyed."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cornerman.core.logs import Facets, LogEntry, LogFilter, Timeline
from cornerman.core.logs.text import fields_text
from cornerman.core.payloads import log_record_v1
from cornerman.core.payloads.log_record_v1 import LogRecordV1

from .. import output, words

COLOURS = {"DEBUG": "2", "INFO": "", "WARNING": "33", "ERROR": "31;1"}
_BAR = 40
_UNSAID = ("inferred", "progress")
"""Flags that nearly every printed line has; `--flag` and --json have them."""


class Printer:
    """Prints records; in colours only where a person looks."""

    def __init__(self, as_json: bool, run_ids: Callable[[], Sequence[str]] = tuple) -> None:
        """`run_ids`: those of the store now; runs are called as `cornerman runs` calls them."""
        import os

        self._json = as_json
        self._run_ids = run_ids
        self._names: dict[str, str] = {}
        self._coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def print(self, entries: Iterable[LogEntry]) -> None:
        for entry in entries:
            print(json_of(entry) if self._json else self._line(entry.record))
        sys.stdout.flush()

    def _line(self, record: LogRecordV1) -> str:
        colour = COLOURS[record.level] if self._coloured else ""
        text = line_of(record, self._name(record.run_id))
        return f"\x1b[{colour}m{text}\x1b[0m" if colour else text

    def _name(self, run_id: str) -> str:
        """The short id of a run. While lines are followed there are new ones."""
        if run_id and run_id not in self._names:
            self._names = {run_id: run_id, **words.short_ids(self._run_ids())}  # a run that was deleted has its lines
        return self._names.get(run_id, "")


def json_of(entry: LogEntry) -> str:
    """One JSON object: the record as its schema says, and its id."""
    return json.dumps({"id": entry.id, **json.loads(log_record_v1.to_json(entry.record))}, ensure_ascii=False)


def line_of(record: LogRecordV1, run: str) -> str:
    """A record for people: when, how serious, who, what, about what. Further lines of a traceback are indented."""
    part = f"{record.component}/{record.subcomponent}" if record.subcomponent else record.component
    parts = [moment(record.time_us), record.level[0], part, record.code, record.message]
    parts.append(fields_text(record.fields))
    parts.append(" ".join(f"{name}={value}" for name, value in _place(record, run) if value is not None))
    parts += [f"[{flag}]" for flag in record.flags if flag not in _UNSAID] + [f"x{record.repeats}"] * (
        record.repeats > 1
    )
    return "\n    ".join(map(visible, " ".join(filter(None, parts)).split("\n")))


def _place(record: LogRecordV1, run: str) -> tuple[tuple[str, Any], ...]:
    return ("run", run or None), ("episode", record.episode), ("step", record.step), ("env", record.env_index)


def moment(time_us: int) -> str:
    """Local time, to the millisecond."""
    seconds, rest = divmod(time_us, 1_000_000)
    try:
        return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(seconds))}.{rest // 1000:03d}"
    except (OverflowError, ValueError, OSError):  # a worker's clock may say anything
        return f"{time_us} us"


def visible(text: str) -> str:
    """Control characters by their names in Python: what a terminal would obey is read instead."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\t" else ascii(char)[1:-1] for char in text)


def print_facets(args: argparse.Namespace, facets: Facets) -> None:
    if args.json:
        values = {field: {facet.value: facet.count for facet in some} for field, some in facets.values.items()}
        output.print_json({"total": facets.total, "without": facets.without, "values": values})
        return
    rows = [
        (field if not at else "", facet.value, output.count(facet.count))
        for field, some in facets.values.items()
        for at, facet in enumerate(some[:20])
    ]
    output.print_table(("FIELD", "VALUE", "LINES"), rows, right=[2])
    _say_without(facets.without)


def print_timeline(args: argparse.Namespace, timeline: Timeline) -> None:
    if args.json:
        output.print_json({"without": timeline.without, "spans": [span._asdict() for span in timeline.spans]})
        return
    most = max((sum(span.counts.values()) for span in timeline.spans), default=0)
    rows = []
    for span in timeline.spans:
        total = sum(span.counts.values())
        levels = [output.count(span.counts[level]) for level in COLOURS]
        rows.append((moment(span.begins_us), *levels, "#" * -(-total * _BAR // max(most, 1))))
    output.print_table(("FROM", *COLOURS, "LINES"), rows, right=range(1, 5))
    _say_without(timeline.without)


def print_saved(args: argparse.Namespace, saved: Mapping[str, LogFilter]) -> None:
    if args.json:
        output.print_json({name: str(chosen) for name, chosen in saved.items()})
        return
    output.print_table(("NAME", "FILTER"), [(name, str(chosen)) for name, chosen in saved.items()])


def _say_without(fields: Sequence[str]) -> None:
    if fields:
        output.say(f"Counted without {', '.join(fields)}: that would take looking at every record.")
