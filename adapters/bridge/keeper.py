"""Keeps a command's lines: first as they came, then as records of the store, counted where it cannot take them.

The training never waits for the store, and nothing that is wrong with it reaches the command.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cornerman.core.logs.port import Sample
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.store.logs.spool import Source

from .backlog import Backlog

if TYPE_CHECKING:
    from cornerman.store.logs.writer import Writer

RETRY_SECONDS: Final = 1.0


class LineKeeper:
    """The outputs of one run's command. Usable from several threads, one for each output."""

    def __init__(self, store: Path, local: Path, run_id: str, job: str) -> None:
        self.store, self.run_id, self.job = store, run_id, job
        self.records: Counter[str] = Counter()
        """Log records by output."""
        self.lost: Counter[str] = Counter()
        """Those that could not be kept, by cause."""
        self._backlog = Backlog(local, run_id, self._append)
        self._lock = threading.Lock()
        self._writer: Writer | None = None
        self._tried = -RETRY_SECONDS
        self._cause = "store unavailable"

    def begin(self, pid: int | None) -> None:
        """The command was started."""
        with self._lock:
            self._open()
        self._backlog.start(pid)

    def feed(self, output: str, data: bytes) -> None:
        """Keep what was read just now: it survives a kill when this returns. Its records follow when there is time."""
        self._backlog.put(output, data)

    def close(self, output: str) -> None:
        """This output has ended: what was held back is kept."""
        self._backlog.end(output)

    def caught_up(self, seconds: float) -> bool:
        """Whether there are records of all that was read, after at most so long. Once every output has ended."""
        return self._backlog.close(seconds)

    def leave(self) -> int:
        """Leave what has no records yet to whoever opens the store next; how many bytes."""
        return self._backlog.leave()

    def sample(self, sample: Sample) -> None:
        with contextlib.suppress(Exception), self._lock:
            if self._writer is not None:
                self._writer.sample(self.run_id, sample)

    def finish(self) -> None:
        """Bring everything into the store; what it does not take now stays in its spool."""
        with self._lock:
            if self._writer is not None:
                with contextlib.suppress(Exception):
                    self._writer.close()
                self.lost.update(getattr(self._writer, "lost", {}))
                self._writer = None
            self.lost.update(self._backlog.lost)

    def _append(self, output: str, records: list[LogRecordV1], sources: list[Source]) -> None:
        self.records[output] += len(records)
        with self._lock:
            writer = self._open()
        if writer is None:
            self.lost[self._cause] += len(records)
            return
        try:
            writer.append_with(records, sources)  # what it does not take, it counts
        except Exception as error:
            self.lost[type(error).__name__] += len(records)

    def _open(self) -> Writer | None:
        """The store's writer; asked for again every second, where it cannot be had."""
        if self._writer is None and time.monotonic() - self._tried >= RETRY_SECONDS:
            self._tried = time.monotonic()
            try:
                from cornerman.store.logs import open_writer

                self._writer = open_writer(self.store)
                self._writer.belongs(self.run_id, self.job)
            except Exception as error:
                self._cause = f"store unavailable: {type(error).__name__}"
        return self._writer
