"""Existing files of log lines into the store's logs: merged by time, nothing twice, what cannot be read kept as it is.

    done = import_logs(store, [Path("train.log"), Path("worker.json.gz")], job="night")

An import can be stopped, and a file can grow: the same call goes on where it was. What was read is written down after
it is safe, a few thousand lines at a time; an import that is killed in between brings those again, and only those.
"""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from cornerman.core.errors import InvalidOption, StoreLocked
from cornerman.core.ids import new_ulid
from cornerman.core.log_lines import Context, OutputLines
from cornerman.core.log_lines.formats.journald import parsed_entry
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.log_catalog import log
from cornerman.log_catalog.bridge import LOG_LINES_IMPORTED
from cornerman.store import log_imports
from cornerman.store.connection import create
from cornerman.store.log_imports import LogImport
from cornerman.store.logs.writer import Writer
from cornerman.store.network import place_of, prepare

from .log_files import EXPORT, LogFile, Read

BATCH: Final = 16_384
"""Records that are made safe at once."""
FORMATS: Final = {
    "auto": "", "json": "json_line", "structlog": "json_line,structlog_console", "bunyan": "json_line",
    "pino": "json_line", "logfmt": "logfmt", "glog": "glog", "logging": "time_stamped,bare_level",
    "syslog": "syslog", "journald": "journald", "journald-export": EXPORT, "text": "time_stamped",
}  # fmt: skip
"""What a user may say, and which recognisers are then asked."""


@dataclass
class ImportedFile:
    """What became of one file."""

    source: str
    records: int = 0
    """Log records that came now."""
    before: int = 0
    """And those that came by an earlier import of it."""
    formats: Counter[str] = field(default_factory=Counter)
    """Lines by format; `raw` for those of none."""


@dataclass
class ImportedLogs:
    """What became of an import."""

    files: list[ImportedFile]
    run_id: str = ""
    whole: bool = False
    """Whether every file was read to its end."""
    read: int = 0
    size: int = 0
    seconds: float = 0.0

    @property
    def records(self) -> int:
        return sum(file.records for file in self.files)

    @property
    def formats(self) -> Counter[str]:
        return sum((file.formats for file in self.files), Counter())


def import_logs(
    store: Path,
    paths: Sequence[Path | None],
    *,
    format: str = "auto",
    run_id: str = "",
    job: str = "",
    since_year: int | None = None,
    on_progress: Callable[[ImportedLogs], None] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> ImportedLogs:
    """Import the lines of files; None is standard input. Errors of `cornerman.core.errors`; what came stays."""
    began = time.monotonic()
    for path in filter(None, paths):  # before anything is made: a name that is wrong leaves no trace
        LogFile(path).close()
    place = place_of(store)
    if place.on_network:
        prepare(place)
    create(place.local).close()
    sources = [_Source(place.local, path, format, run_id, job, since_year) for path in paths]
    done = ImportedLogs([source.done for source in sources], sources[0].run_id if sources else "")
    done.size = sum(source.file.size for source in sources)
    writer = Writer(place.local, thread=False, place=place)
    try:
        for source in sources:
            if job and source.run_id:
                writer.belongs(source.run_id, job)
        for batch in _batches(sources):
            if writer.append([record for record, _ in batch]) < len(batch):
                raise StoreLocked(store)
            writer.ingest()
            for source in sources:
                source.commit()
            done.read, done.seconds = sum(source.file.read_bytes for source in sources), time.monotonic() - began
            if on_progress is not None:
                on_progress(done)
            if stopped():
                break
        else:
            done.whole = True
            for source in sources:
                source.finish()
    finally:
        writer.close()
        for source in sources:
            source.file.close()
    done.seconds = time.monotonic() - began
    log(LOG_LINES_IMPORTED, files=len(paths), records=done.records, store=str(store))
    return done


class _Source:
    """One file, its lines as records, and how far it is."""

    def __init__(
        self, store: Path, path: Path | None, format: str, run_id: str, job: str, since_year: int | None
    ) -> None:
        self.file = LogFile(path)
        self.done = ImportedFile(self.file.source)
        head = self.file.head()
        self._export = FORMATS[format] == EXPORT or (format == "auto" and head.startswith(b"__CURSOR="))
        if format == "auto" and not self._export and self.file.binary():
            raise InvalidOption(f"{self.file.source} holds no lines of text.", "With --format text it is read anyway.")
        self._store = store
        self._state = self._known(path, log_imports.digest(head))
        self.run_id = run_id or self._state.run_id or (f"logs-{self._state.id}" if job else "")
        self._state = replace(self._state, run_id=self.run_id)
        only = "" if FORMATS[format] == EXPORT else FORMATS[format]
        self._lines = OutputLines(Context(run_id=self.run_id, year=since_year, format=only, live=False))
        self._lines.go_on_from(self._state.last_us)
        self._safe = self._state.bytes
        self.done.before = self._state.records

    def records(self) -> Iterator[tuple[int, LogRecordV1, int]]:
        """Each record with a time that never falls within the file, and the place before which all is complete."""
        latest = 0
        now = self.file.modified_us
        for read in self.file.entries() if self._export else self.file.lines():
            for record in self._taken(read, now):
                latest = max(latest, record.time_us)
                yield latest, record, read.start
        for record in self._lines.close(now):
            latest = max(latest, record.time_us)
            yield latest, record, self.file.offset

    def took(self, safe: int) -> None:
        """A record is on its way into the store; what was read before `safe` need not be read again."""
        self.done.records += 1
        self._safe = safe

    def commit(self) -> None:
        """What was taken is safe: write down how far that is."""
        self.done.formats = self._lines.formats
        if self._safe > self._state.bytes:
            self._state = replace(
                self._state,
                chain=self.file.checksum(self._safe),
                bytes=self._safe,
                records=self.done.before + self.done.records,
                last_us=self._lines.time_us,
            )
            log_imports.keep(self._store, self._state)

    def finish(self) -> None:
        """All of it was read."""
        self._safe = self.file.offset
        self.commit()

    def _taken(self, read: Read, now: int) -> list[LogRecordV1]:
        if read.entry is not None:
            return self._lines.parsed(read.line, parsed_entry(read.entry), "journald_export", now)
        if b"\r" in read.line.data:
            return self._lines.feed(read.line.data + b"\n", now)
        return self._lines.whole(read.line, now)

    def _known(self, path: Path | None, head: str) -> LogImport:
        """The import that this file goes on with, the file being behind what that has read; else a new one."""
        for state in log_imports.known(self._store, head):
            if self.file.skip(state.bytes, state.chain):
                return replace(state, source=self.file.source)
            if path is None:
                break  # what was read of it is gone
            self.file.close()
            self.file = LogFile(path)
        return LogImport(id=new_ulid(), source=self.file.source, head=head, chain="", bytes=0, records=0)


def _batches(sources: Sequence[_Source]) -> Iterator[list[tuple[LogRecordV1, _Source]]]:
    """The records of all files, merged by time, some thousands at once; what a batch holds is taken then."""
    batch: list[tuple[LogRecordV1, _Source]] = []
    for _, _, _, record, safe, source in heapq.merge(*map(_keyed, range(len(sources)), sources)):
        batch.append((record, source))
        source.took(safe)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _keyed(number: int, source: _Source) -> Iterator[tuple[int, int, int, LogRecordV1, int, _Source]]:
    for order, (time_us, record, safe) in enumerate(source.records()):
        yield time_us, number, order, record, safe, source
