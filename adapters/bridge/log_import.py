"""Existing files of log lines into the store's logs: merged by time, nothing twice, what cannot be read kept as it is.

    done = import_logs(store, [Path("train.log"), Path("worker.json.gz")], job="night")

An import can be stopped or killed, and a file can grow: the same call goes on exactly where it was, for how far a file
was read comes into the store with the records that were made of it, some thousands at a time.
"""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, NamedTuple

from cornerman.core.errors import StoreFull
from cornerman.core.ids import new_ulid
from cornerman.core.log_lines import Context, OutputLines
from cornerman.core.log_lines.formats.journald import parsed_entry
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.log_catalog import log
from cornerman.log_catalog.bridge import LOG_LINES_IMPORTED
from cornerman.store import log_imports
from cornerman.store.connection import create
from cornerman.store.log_imports import LogImport, importing
from cornerman.store.logs.writer import Writer
from cornerman.store.network import place_of, prepare

from .log_files import EXPORT, LogFile, Mark, Read, repeated

BATCH, BATCH_BYTES = 16_384, 8 << 20
"""Records that are made safe at once, and about how long their lines may be together."""
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
    same_as: str = ""
    """Another of the files, which has all that this one has."""


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
        if not path.is_fifo():  # whose writer would be gone when it is opened again
            LogFile(path).close()
    place = place_of(store)
    if place.on_network:
        prepare(place)
    create(place.local).close()
    same = repeated(paths)
    with (
        importing(place.local),
        closing(Writer(place.local, thread=False, place=place)) as writer,
        ExitStack() as opened,
    ):
        writer.ingest()  # what an import that was killed has made safe
        files = [opened.enter_context(closing(LogFile(path))) for at, path in enumerate(paths) if at not in same]
        sources = [_Source(place.local, file, format, run_id, job, since_year) for file in files]
        done = _Import(writer, store, began, on_progress).bring(sources, job, stopped)
    done.files += [ImportedFile(str(paths[at]), same_as=str(other)) for at, other in same.items()]
    done.seconds = time.monotonic() - began
    log(LOG_LINES_IMPORTED, files=len(paths), records=done.records, store=str(store))
    return done


class _Import:
    """The batches of an import on their way into a store."""

    def __init__(
        self, writer: Writer, store: Path, began: float, on_progress: Callable[[ImportedLogs], None] | None
    ) -> None:
        self._writer, self._store, self._began, self._on_progress = writer, store, began, on_progress

    def bring(self, sources: list[_Source], job: str, stopped: Callable[[], bool]) -> ImportedLogs:
        done = ImportedLogs([source.done for source in sources], sources[0].run_id if sources else "")
        done.size = sum(source.file.size for source in sources)
        for source in sources:
            if job and source.run_id:
                self._writer.belongs(source.run_id, job)
        for batch in _batches(sources):
            self._keep(batch, [source.come() for source in sources])
            done.read = sum(source.file.read_bytes for source in sources)
            done.seconds = time.monotonic() - self._began
            if self._on_progress is not None:
                self._on_progress(done)
            if stopped():
                return done
        self._keep([], [source.ended() for source in sources])
        done.whole = True
        return done

    def _keep(self, records: list[LogRecordV1], states: list[LogImport | None]) -> None:
        """Records, and how far the files were read that they are of: both or neither."""
        moved = [state.as_source() for state in states if state is not None]
        if (records or moved) and not self._writer.append_with(records, moved, again=True):
            raise StoreFull(self._store, "what is on its way into its logs takes no more")
        self._writer.ingest()


class _Reached(NamedTuple):
    """How far a file is when a record has come."""

    mark: Mark
    """All before is records."""
    after: int
    """So many records of what follows have come, too."""
    last_us: int | None


class _Source:
    """One file, its lines as records, and how far it is."""

    def __init__(self, store: Path, file: LogFile, format: str, run_id: str, job: str, since_year: int | None) -> None:
        self.file = file
        self.done = ImportedFile(self.file.source)
        head = self.file.head()
        self._export = FORMATS[format] == EXPORT or (format == "auto" and head.startswith(b"__CURSOR="))
        if format == "auto" and not self._export:
            self.file.refuse_what_is_no_text()
        self._store = store
        self._state = self._known(log_imports.digest(head))
        self.run_id = run_id or self._state.run_id or (f"logs-{self._state.id}" if job else "")
        self._state = replace(self._state, run_id=self.run_id)
        only = "" if FORMATS[format] == EXPORT else FORMATS[format]
        self._lines = OutputLines(Context(run_id=self.run_id, year=since_year, format=only, live=False))
        self._lines.go_on_from(self._state.last_us)
        self._reached = _Reached(self.file.mark(), self._state.after, self._state.last_us)
        self.done.before = self._state.records

    def records(self) -> Iterator[tuple[int, LogRecordV1, _Reached]]:
        """Each record that has not come yet, with a time that never falls within the file, and how far that is."""
        latest, known = 0, self._state.after
        for record, reached in self._reaching():
            latest = max(latest, record.time_us)
            if known:
                known -= 1
            else:
                yield latest, record, reached

    def _reaching(self) -> Iterator[tuple[LogRecordV1, _Reached]]:
        """Each record, and how far the file is read with it. A record is made when the line after it is read, or later;
        one line may make several."""
        reached, lines, now = self._reached._replace(after=0), self._lines, self.file.modified_us
        for read in self.file.entries() if self._export else self.file.lines():
            made = self._taken(read, now)
            for record in made[:-1]:
                reached = reached._replace(after=reached.after + 1)
                yield record, reached
            if made or not lines.waits:  # what waits is this line, or nothing
                reached = _Reached(read.start if lines.waits else self.file.mark(), 0, lines.time_us)
            if made:
                yield made[-1], reached
        for record in lines.close(now):
            reached = reached._replace(after=reached.after + 1)
            yield record, reached

    def took(self, reached: _Reached) -> None:
        """A record is on its way into the store."""
        self.done.records += 1
        self._reached = reached

    def come(self) -> LogImport | None:
        """How far the file is with what was taken; None where nothing was since it was asked last."""
        self.done.formats = self._lines.formats
        records = self.done.before + self.done.records
        mark, after, last_us = self._reached
        if (mark.offset, records) == (self._state.bytes, self._state.records):
            return None
        self._state = replace(
            self._state, chain=mark.chain, bytes=mark.offset, after=after, records=records, last_us=last_us
        )
        return self._state

    def ended(self) -> LogImport | None:
        """How far it is when all of it was read."""
        self._reached = _Reached(self.file.mark(), 0, self._lines.time_us)
        return self.come()

    def _taken(self, read: Read, now: int) -> list[LogRecordV1]:
        if read.entry is not None:
            return self._lines.parsed(read.line, parsed_entry(read.entry), "journald_export", now)
        if b"\r" in read.line.data:
            return self._lines.feed(read.line.data + b"\n", now)
        return self._lines.whole(read.line, now)

    def _known(self, head: str) -> LogImport:
        """The import that this file goes on with, the file being behind what that has read; else a new one."""
        for state in log_imports.known(self._store, head):
            if self.file.skip(state.bytes, state.chain):
                return replace(state, source=self.file.source)
        return LogImport(id=new_ulid(), source=self.file.source, head=head, chain="", bytes=0, records=0)


def _batches(sources: Sequence[_Source]) -> Iterator[list[LogRecordV1]]:
    """The records of all files, merged by time, some thousands at once; what a batch holds is taken then."""
    batch: list[LogRecordV1] = []
    weight = 0
    for _, _, _, record, reached, source in heapq.merge(*map(_keyed, range(len(sources)), sources)):
        batch.append(record)
        weight += len(record.raw)
        source.took(reached)
        if len(batch) == BATCH or weight >= BATCH_BYTES:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _keyed(number: int, source: _Source) -> Iterator[tuple[int, int, int, LogRecordV1, _Reached, _Source]]:
    for order, (time_us, record, reached) in enumerate(source.records()):
        yield time_us, number, order, record, reached, source
