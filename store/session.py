"""This process and one store: its connections, its thread, how much room there is, and who must be sealed at exit.

All streams that a process records into a store share one session. Training threads commit through the `inline`
connection, which never waits; wide streams, retries and checkpoints are the business of one daemon thread.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from cornerman.core.errors import StoreError, StoreFull, StoreLocked
from cornerman.core.recorder_settings import RecorderSettings
from cornerman.log_catalog import LogConstant, log
from cornerman.log_catalog.recorder import LOG_CHUNK_SEALED, LOG_JOURNAL_SPOOLED
from cornerman.log_catalog.store import (
    LOG_NETWORK_FILE_SYSTEM,
    LOG_NO_LOCAL_DISK,
    LOG_SQLITE_DISK_FAILED,
    LOG_SQLITE_WRITE_FAILED,
)

from . import connection as database
from .filesystem import free_bytes
from .liveness import Process, forget_after_fork
from .location import DATABASE
from .network import CLOSE_SECONDS, NoLocalDisk, Place, no_place, place_of, prepare

if TYPE_CHECKING:
    from .copier import Copier
    from .writer import StreamWriter

WAL_CHECKPOINT_PAGES = 1024
WAL_LIMIT_PAGES = 8192
"""Pages of 8 KiB. Beyond this, because a reader holds its transaction open, chunks wait in the journal instead."""
CHECKPOINT_SECONDS = 0.25


class WalFull(StoreError):
    """The write-ahead log may not grow further until a reader lets go of it."""


class Session:
    """What the streams of this process that record into the store at `path` have in common."""

    def __init__(self, path: Path, settings: RecorderSettings, place: Place | None = None) -> None:
        self.path = path
        """Where the database and the journal are: on this node, whatever the user named."""
        self.settings = settings
        self.trouble = ""
        """Why the store did not take the last chunk, or ''."""
        self.homeless: NoLocalDisk | None = None
        """There is no local disk for the database: nothing is opened, and what comes is counted as not stored."""
        self._copier: Copier | None = None
        if place is not None and place.on_network:
            from .copier import Copier

            self._copier = Copier(place, settings.network_copy_seconds)
        self._process: Process | None = None
        self._writers: weakref.WeakSet[StreamWriter] = weakref.WeakSet()
        self._strong: set[StreamWriter] = set()
        self._inline: apsw.Connection | None = None
        self._thread_connection: apsw.Connection | None = None
        self._checkpointer: apsw.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._using = threading.RLock()
        self._wake = threading.Event()
        self._queue: set[StreamWriter] = set()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._wal_pages = 0  # as of our last commit; the file keeps its size when the log starts anew
        self._checkpointed = 0.0

    # --- who is here -------------------------------------------------------------------------------------------------

    @property
    def process(self) -> Process:
        """This process's name and lock in the journal; OSError where the store's folder cannot be written."""
        if self.homeless is not None:
            raise no_place(self.homeless)
        if self._process is None or not self._process.folder.exists():
            self._process = Process(self.path)
        return self._process

    def folder(self) -> Path:
        """Where this process's segments are; made again where somebody deleted it."""
        return self.process.folder

    def add(self, writer: StreamWriter) -> None:
        self._strong.add(writer)
        if self._copier is not None:
            self._copier.process = self.process.name
            self.kick()

    def forget(self, writer: StreamWriter) -> None:
        """The stream is sealed to its end: nothing of it is left in the journal."""
        self._strong.discard(writer)
        self._queue.discard(writer)
        if self._process is not None:
            with contextlib.suppress(OSError):
                (self._process.folder / f"{writer.stream_id}.stream").unlink(missing_ok=True)

    # --- connections -------------------------------------------------------------------------------------------------

    def inline(self) -> apsw.Connection:
        """The connection of the training threads: it never waits for a lock."""
        self._inline = self._current(self._inline)
        self._inline.set_busy_timeout(0)
        return self._inline

    def patient(self) -> apsw.Connection:
        """The same connection, for the ends of streams: it waits up to two seconds for a lock."""
        connection = self.inline()
        connection.set_busy_timeout(2000)
        return connection

    def background(self) -> apsw.Connection:
        """The thread's own connection."""
        self._thread_connection = self._current(self._thread_connection)
        self._thread_connection.set_busy_timeout(500)
        return self._thread_connection

    def _current(self, connection: apsw.Connection | None) -> apsw.Connection:
        """`connection`, or a new one where there is none or the file is no longer the one it was opened on."""
        found = _identity(self.path / DATABASE)
        if connection is None or found is None or found != self._identity:
            connection = database.create(self.path, busy_ms=2000 if self._identity is None else 0)
            connection.set_wal_hook(self._committed)
            fresh = _identity(self.path / DATABASE)
            if self._identity is not None and fresh != self._identity:
                self._inline = self._thread_connection = self._checkpointer = None  # both looked at a file that is gone
            self._identity = fresh
        if self._wal_pages > WAL_LIMIT_PAGES and not self._log_is_free(connection):
            raise WalFull(f"The write-ahead log of {self.path} is held open by a reader.")
        return connection

    def _committed(self, connection: apsw.Connection, name: str, pages: int) -> int:
        """SQLite tells how long the log is after each commit of ours."""
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _log_is_free(self, connection: apsw.Connection) -> bool:
        """Whether the log can start anew; asked on the training thread only when it has grown to its limit."""
        if time.monotonic() - self._checkpointed < CHECKPOINT_SECONDS:
            return False
        self._checkpointed = time.monotonic()
        pages, moved = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        if moved >= pages:
            self._wal_pages = 0
        return moved >= pages

    # --- room --------------------------------------------------------------------------------------------------------

    def no_room(self) -> str:
        """Why no further segment may be begun, as a word of the ledger; '' where one may. About 30 µs."""
        settings = self.settings
        try:
            if free_bytes(self.path if self.path.exists() else self.path.parent) < settings.min_free_bytes:
                return "disk full"
        except OSError:
            return ""
        journal = self.journal_bytes()
        if journal > settings.max_journal_bytes:
            return "journal full"
        if settings.max_store_bytes:
            used = journal + _size(self.path / DATABASE) + _size(self.path / (DATABASE + "-wal"))
            if used > settings.max_store_bytes:
                return "budget"
        return ""

    def journal_bytes(self) -> int:
        """Bytes of this process's segments."""
        if self._process is None:
            return 0
        try:
            return sum(entry.stat().st_size for entry in os.scandir(self._process.folder))
        except OSError:
            return 0

    def spool_is_long(self) -> bool:
        """Whether the thread is so far behind that the training should lend it a hand."""
        return self.journal_bytes() > self.settings.max_journal_bytes // 4

    def refused(self, error: Exception) -> None:
        """The store did not take a chunk: it waits in the journal. Said once, when the reason changes."""
        before, self.trouble = self.trouble, f"{type(error).__name__}: {error}"
        if self.trouble != before:
            log(_refusal(error), store=str(self.path), reason=self.trouble)
        if self._thread is None or not self._thread.is_alive():
            self.kick()

    def sealed(self, records: int) -> None:
        """A chunk was committed: the log is checkpointed elsewhere when it has grown."""
        self.trouble = ""
        log(LOG_CHUNK_SEALED, records=records)
        if self._wal_pages > WAL_CHECKPOINT_PAGES and time.monotonic() - self._checkpointed > CHECKPOINT_SECONDS:
            self.kick()

    # --- the thread --------------------------------------------------------------------------------------------------

    def wake(self, writer: StreamWriter) -> None:
        """Have the thread seal what waits in this writer."""
        self._queue.add(writer)
        self.kick()

    def kick(self) -> None:
        if self._stopping:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="cornerman-seal", daemon=True)
            self._thread.start()
        self._wake.set()

    def _work(self) -> None:
        while not self._stopping:
            self._wake.wait(timeout=self._pause())
            self._wake.clear()
            for writer in list(self._queue):
                if writer.drain(self.background):
                    self._queue.discard(writer)
            with contextlib.suppress(apsw.Error, StoreError, OSError):
                self._checkpoint()
            if self._copier is not None and time.monotonic() >= self._copier.due and not self._stopping:
                self._copy()
        if self._copier is not None:
            self._copy(time.monotonic() + CLOSE_SECONDS)
            self._copier.close()

    def _pause(self) -> float:
        """How long the thread sleeps when nobody wakes it."""
        pause = 1.0 if self._queue else 30.0
        return pause if self._copier is None else min(pause, max(self._copier.due - time.monotonic(), 0.01))

    def _copy(self, until: float = float("inf")) -> None:
        """Carry to the network folder what is new, what is open in the journal included."""
        assert self._copier is not None
        self._copier.round([writer.identity for writer in list(self._strong)], until)

    def _checkpoint(self) -> None:
        """Move the log into the database, as far as readers allow; never makes a writer wait."""
        if self._wal_pages > WAL_CHECKPOINT_PAGES:
            self._checkpointed = time.monotonic()
            if self._checkpointer is None:
                self._checkpointer = database.connect(self.path, write=True, busy_ms=0)
            self._checkpointer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    # --- the end -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Seal every stream of this process and leave; what the store does not take stays in the journal."""
        for writer in list(self._strong):
            writer.close()
        self._stopping = True
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5 if self._copier is None else 5 + CLOSE_SECONDS)
        with contextlib.suppress(apsw.Error):
            for connection in (self._checkpointer, self._thread_connection, self._inline):
                if connection is not None:
                    connection.close()
        if self._process is not None:
            self._process.leave()
        _SESSIONS.pop(self.path, None)

    def abandon(self) -> None:
        """In a forked child: nothing of the parent's is touched, not even closed."""
        for writer in list(self._strong):
            writer.abandon()
        _GRAVEYARD.append(self)


def session_for(path: Path, settings: RecorderSettings) -> Session:
    """The session of this process with the store whose user calls it `path`. Never raises."""
    place, homeless = Place(path, path), None
    try:
        place = place_of(path)
        if place.on_network:
            prepare(place)
    except NoLocalDisk as error:
        place, homeless = Place(path, path), error
    session = _SESSIONS.get(place.local)
    if session is None:
        session = _SESSIONS[place.local] = Session(place.local, settings, place)
        session.homeless, session.trouble = homeless, str(homeless or "")
        if homeless is not None:
            log(LOG_NO_LOCAL_DISK, folder=str(path), reason=str(homeless))
        elif place.filesystem is not None:
            log(LOG_NETWORK_FILE_SYSTEM, folder=str(path), type=place.filesystem.type, local=str(place.local))
    return session


def _refusal(error: Exception) -> LogConstant:
    """What to say of an error of the store: it is busy, its disk failed, or something else is wrong with it."""
    if isinstance(error, (StoreLocked, apsw.BusyError, apsw.LockedError)):
        return LOG_JOURNAL_SPOOLED
    disk = isinstance(error, (StoreFull, apsw.FullError, apsw.IOError, OSError))
    return LOG_SQLITE_DISK_FAILED if disk else LOG_SQLITE_WRITE_FAILED


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        stats = os.stat(path)
    except OSError:
        return None
    return stats.st_dev, stats.st_ino


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


_SESSIONS: dict[Path, Session] = {}
_GRAVEYARD: list[Session] = []
"""Sessions of a parent process: kept, so that no destructor closes what belongs to it."""


def _close_all() -> None:
    for session in list(_SESSIONS.values()):
        session.close()


def _after_fork_in_child() -> None:
    for session in _SESSIONS.values():
        session.abandon()
    _SESSIONS.clear()
    forget_after_fork()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_after_fork_in_child)
