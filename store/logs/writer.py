"""What the bridge and our own programs give their log records to: `core.logs.port.LogWriter`.

`append` writes to a spool and returns. A thread of the writer brings the spool into the database four times a second,
or sooner when much has come. Where the database is locked, full or not to be had, everything waits in the spool; where
the disk takes nothing, a little waits in memory, and what then still comes is counted, said and stored by its cause.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw
import msgspec

from cornerman.core.errors import CornermanError
from cornerman.core.logs.own_lines import record_of
from cornerman.core.logs.port import Sample
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.core.setting_sources import effective, read_layers
from cornerman.log_catalog.store import LOG_RECORDS_LOST

from ..network import Place
from .backlog import left
from .database import writing
from .ingest import Ingestor, count_lost
from .removal import Retention
from .spool import JOB, SAMPLE, Source, Spool, spools

if TYPE_CHECKING:
    from .copier import LogCopier

INGEST_SECONDS = 0.25
INGEST_BYTES = 1 << 20
"""So much in the spool is not left waiting."""
TURN_OVER_BYTES = 8 << 20
"""A spool of this size is left for a new one, when all of it is in the database."""
CLOSE_SECONDS = 2.0


class Writer:
    """Takes log records into the store at `path`. Usable from any thread; inert in a forked child until it appends."""

    def __init__(self, path: Path, *, thread: bool = True, place: Place | None = None) -> None:
        self.path = path
        self.lost: Counter[str] = Counter()
        """Records that were not taken, by cause, since this writer began."""
        self._spool = Spool(path)
        self._ingestor = Ingestor(path)
        self._retention = retention(path)
        self._place = place if place is not None and place.on_network else None
        """The folder on the network to which what comes is carried, if it is there."""
        self._copier: LogCopier | None = None
        self._unreported: Counter[str] = Counter()
        self._wake, self._closing = threading.Event(), threading.Event()
        self._ingested = 0
        self._owner = os.getpid()
        self._threaded = thread
        self._thread: threading.Thread | None = None

    def append(self, records: Iterable[LogRecordV1]) -> int:
        """How many were taken: they survive a kill of this process when this returns."""
        taken = self._spool.append(records)
        self._came()
        return taken

    def append_with(self, records: Iterable[LogRecordV1], sources: Iterable[Source], *, again: bool = False) -> bool:
        """Take records and how far their sources were read: both, or neither, which is no loss where they come
        `again`."""
        taken = self._spool.append_with(records, sources, again=again)
        self._came()
        return taken

    def _came(self) -> None:
        self._start()
        if self._spool.size - self._ingested > INGEST_BYTES:
            self._wake.set()

    def sample(self, run_id: str, sample: Sample) -> None:
        """Keep what a run's process used at a moment."""
        content = {"run_id": run_id, "time_us": sample.time_us, "values": sample.values}
        self._spool.write(SAMPLE, [msgspec.msgpack.encode(content)])
        self._start()

    def belongs(self, run_id: str, job: str) -> None:
        """Say which job a run is of: a run that records steps says so itself."""
        self._spool.write(JOB, [msgspec.msgpack.encode({"run_id": run_id, "job": job})])
        self._start()

    def ingest(self) -> int:
        """Bring what there is in all spools into the database; how many records. StoreError where that is not
        possible."""
        taken = self._ingestor.turn()
        path = self._spool.path
        if path is not None:
            self._ingested = self._ingestor.offsets.get(path, 0)
            self._spool.note_ingested(path, self._ingested)
            if self._spool.size > TURN_OVER_BYTES:
                self._spool.turn_over(self._ingested)
                self._ingested = 0
        return taken

    def close(self) -> None:
        """Bring everything into the database, if it can be had within a second or two; else it stays in the spool."""
        self._closing.set()
        self._wake.set()
        if self._thread is not None and os.getpid() == self._owner:
            self._thread.join(CLOSE_SECONDS)
        if self._thread is None or not self._thread.is_alive():
            self._last_turn()
        if self._place is not None:
            (self._copier or self._new_copier(self._place)).close()

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _last_turn(self) -> None:
        with contextlib.suppress(CornermanError, OSError, apsw.Error):
            self._spool.flush()
            self._report()
            self.ingest()
        path, size = self._spool.path, self._spool.size
        self._spool.close(remove=path is not None and self._ingestor.offsets.get(path, -1) == size)
        self.lost += self._spool.lost
        self._ingestor.close()

    def _start(self) -> None:
        if os.getpid() != self._owner:  # a forked child: its thread is not here, and the connection is the parent's
            self._owner, self._thread, self._copier, self._ingested = os.getpid(), None, None, 0
            self._ingestor = Ingestor(self.path)
            self._wake, self._closing = threading.Event(), threading.Event()
        if self._threaded and self._thread is None and not self._closing.is_set():
            self._thread = threading.Thread(target=self._run, name="cornerman logs", daemon=True)
            self._thread.start()
            if self._place is not None and self._copier is None:
                self._copier = self._new_copier(self._place)
                self._copier.start()

    def _new_copier(self, place: Place) -> LogCopier:
        from .copier import LogCopier  # most stores are on a local disk

        return LogCopier(place)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait(INGEST_SECONDS)
            self._wake.clear()
            try:
                self._spool.flush()
                self._report()
                self.ingest()
                self._retention.turn()
            except (CornermanError, OSError, apsw.Error):  # it stays in the spool; the next turn tries again
                self._closing.wait(INGEST_SECONDS)

    def _report(self) -> None:
        """What was lost becomes a record of its own, and a count in the database."""
        fresh, self._spool.lost = self._spool.lost, Counter()
        self.lost += fresh
        self._unreported += fresh
        if not self._unreported:
            return
        with writing(self._ingestor.connection(), self.path) as connection:
            for cause, count in self._unreported.items():
                count_lost(connection, cause, count)
        now_us = time.time_ns() // 1000
        said = [
            record_of(LOG_RECORDS_LOST, {"cause": cause, "count": count}, now_us)
            for cause, count in self._unreported.items()
        ]
        self._unreported.clear()
        self._spool.append(said)


def retention(path: Path) -> Retention:
    """As the settings say; one that cannot be used is as if it were not there."""
    values = effective(read_layers(on_problem=lambda _: None))
    return Retention(path, values["storage.max_log_bytes"], values["storage.max_log_age"])


def ingest_leftovers(path: Path) -> int:
    """What dead writers left, and living ones have written; nothing where there is none. For whoever may write."""
    if not spools(path) and not left(path):
        return 0
    ingestor = Ingestor(path)
    try:
        return ingestor.turn()
    finally:
        ingestor.close()
