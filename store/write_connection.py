"""A connection that writes for weeks: it notices when its file was replaced, and keeps the write-ahead log bounded.

Nobody's checkpoint waits for readers. When one holds the log open until it has grown to its limit, `open` refuses, and
what is to be written waits in the journal: so the log is bounded whatever readers do.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import apsw

from cornerman.core.errors import StoreError

from . import connection as database
from .location import DATABASE

WAL_CHECKPOINT_PAGES = 1024
WAL_LIMIT_PAGES = 8192
"""Pages of 8 KiB. Beyond this, because a reader holds its transaction open, chunks wait in the journal instead."""
CHECKPOINT_SECONDS = 0.25


class WalFull(StoreError):
    """The write-ahead log may not grow further until a reader lets go of it."""


class WriteConnection:
    """One thread's connection to the store at `path`, made when it is first needed, and again after a deletion."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.wal_pages = 0
        """Of the log as of our last commit; its file keeps its size when it starts anew."""
        self._connection: apsw.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._checkpointed = 0.0

    def open(self, busy_ms: int) -> apsw.Connection:
        """The connection, waiting so long for locks. Raises StoreError, apsw's errors, or WalFull."""
        found = _identity(self.path / DATABASE)
        if self._connection is None or found is None or found != self._file:
            connection = database.create(self.path, busy_ms=busy_ms if self._file else max(busy_ms, 2000))
            connection.set_wal_hook(self._committed)
            self._connection, self._file, self.wal_pages = connection, _identity(self.path / DATABASE), 0
        self._connection.set_busy_timeout(busy_ms)
        if self.wal_pages > WAL_LIMIT_PAGES and not self._log_is_free():
            raise WalFull(f"The write-ahead log of {self.path} is held open by a reader.")
        return self._connection

    @property
    def wants_checkpoint(self) -> bool:
        return self.wal_pages > WAL_CHECKPOINT_PAGES and time.monotonic() - self._checkpointed > CHECKPOINT_SECONDS

    def checkpoint(self) -> bool:
        """Move the log into the database as far as readers allow; whether all of it went."""
        self._checkpointed = time.monotonic()
        if self._connection is None:
            return False
        try:
            pages, moved = self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.BusyError:  # another process is at it
            return False
        if moved >= pages:
            self.wal_pages = 0
        return bool(moved >= pages)

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(apsw.Error):
                self._connection.close()
            self._connection = None

    def _committed(self, connection: apsw.Connection, name: str, pages: int) -> int:
        """SQLite tells how long the log is after each commit of ours."""
        self.wal_pages = pages
        return apsw.SQLITE_OK

    def _log_is_free(self) -> bool:
        return time.monotonic() - self._checkpointed > CHECKPOINT_SECONDS and self.checkpoint()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        stats = os.stat(path)
    except OSError:
        return None
    return stats.st_dev, stats.st_ino
