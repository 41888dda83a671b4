"""This process and one store: its connections, its thread, how much room there is, and who must be sealed at exit.

All streams that a process records into a store share one session. Sealing is the business of the store's sealer
(`sealing_process`); one daemon thread sees to it that there is one, does its work where there cannot be, and carries
copies. Training threads that seal by themselves commit through the `inline` connection, which never waits.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from cornerman.core.errors import StoreError, StoreFull, StoreLocked
from cornerman.core.recorder_settings import RecorderSettings
from cornerman.log_catalog import LogConstant, log
from cornerman.log_catalog.recorder import LOG_JOURNAL_SPOOLED
from cornerman.log_catalog.store import (
    LOG_NETWORK_FILE_SYSTEM,
    LOG_NO_LOCAL_DISK,
    LOG_SQLITE_DISK_FAILED,
    LOG_SQLITE_WRITE_FAILED,
)

from .filesystem import free_bytes
from .liveness import Process, forget_after_fork
from .location import DATABASE
from .mismatch_log import MismatchLog
from .network import CLOSE_SECONDS, NoLocalDisk, Place, no_place, place_of, prepare
from .normalization import statistics_path
from .seal import notes_path
from .sealing_process import SealingProcess
from .write_connection import WalFull, WriteConnection

if TYPE_CHECKING:
    from .copier import Copier
    from .writer import StreamWriter

LOOK_SECONDS = 0.05
STALLED_SECONDS = 1.0
"""After so long without progress it is said why the store takes nothing."""
IGNORED_SECONDS = 10.0
"""After so long without progress or a reason, this process seals: the sealer may be another version's, or user's."""


SAY_SECONDS = 5.0
"""How often the training process looks whether its steps are what their schema allows."""


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
        self._strong: set[StreamWriter] = set()
        self.sealing_process = SealingProcess(path, settings.sealing_process)
        self._inline = WriteConnection(path)
        self._background = WriteConnection(path)
        self._sealing = threading.Lock()
        self._looked, self._no_room = -LOOK_SECONDS, ""
        self._wake = threading.Event()
        self._queue: set[StreamWriter] = set()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._said = MismatchLog()
        self._said_at = time.monotonic()

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
            folder = self._process.folder
            with contextlib.suppress(OSError):
                notes_path(folder, writer.stream_id).unlink(missing_ok=True)
                statistics_path(folder, writer.stream_id).unlink(missing_ok=True)
                (folder / f"{writer.stream_id}.stream").unlink(missing_ok=True)

    # --- connections -------------------------------------------------------------------------------------------------

    def inline(self) -> apsw.Connection:
        """The connection of the training threads: it never waits for a lock."""
        return self._inline.open(0)

    def patient(self) -> apsw.Connection:
        """The same connection, for the ends of streams: it waits up to two seconds for a lock."""
        return self._inline.open(2000)

    def background(self) -> apsw.Connection:
        """The thread's own connection."""
        return self._background.open(500)

    @contextlib.contextmanager
    def sealing(self, patience: float) -> Iterator[bool]:
        """The right to seal this process's streams, for one thread at a time; False where it cannot be had in time."""
        deadline = time.monotonic() + patience
        if not self._sealing.acquire(timeout=patience):
            yield False
            return
        taken = False
        try:
            while not (taken := self.process.take_sealing()) and time.monotonic() < deadline:
                time.sleep(0.001)
            yield taken
        finally:
            if taken:
                self.process.give_sealing()
            self._sealing.release()

    # --- room --------------------------------------------------------------------------------------------------------

    def no_room(self, again: bool = False) -> str:
        """Why no further segment may be begun, as a word of the ledger; '' where one may.

        It takes 40 µs to find out, so the answer holds for a moment.
        """
        now = time.monotonic()
        if again or now - self._looked > LOOK_SECONDS:
            self._looked, self._no_room = now, self._look_for_room()
        return self._no_room

    def _look_for_room(self) -> str:
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
            if max(used, self._copier.bytes if self._copier is not None else 0) > settings.max_store_bytes:
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
        self._complain(f"{type(error).__name__}: {error}", _refusal(error))
        if self._thread is None or not self._thread.is_alive():
            self.kick()

    def _complain(self, trouble: str, constant: LogConstant) -> None:
        before, self.trouble = self.trouble, trouble
        if trouble != before:
            log(constant, store=str(self.path), reason=trouble)

    def sealed(self) -> None:
        """A segment's chunks were committed, by whoever."""
        self.trouble = ""
        if self._inline.wants_checkpoint:
            self.kick()

    def say_mismatches(self, streams: Iterable[int], connect: Callable[[], apsw.Connection]) -> None:
        """Say in this program what schemas have against its streams: whoever sealed them may have no one to tell."""
        with contextlib.suppress(apsw.Error, StoreError, OSError):
            self._said.look(connect(), streams)

    # --- the thread --------------------------------------------------------------------------------------------------

    def watch(self, writer: StreamWriter) -> None:
        """See to it that what waits in this writer is sealed."""
        self._queue.add(writer)
        if self._thread is None:
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
            for writer in list(self._queue):
                if self._attend(writer):
                    self._queue.discard(writer)
            if self._inline.wants_checkpoint:
                with contextlib.suppress(apsw.Error, StoreError, OSError):
                    self._checkpoint()
            if self._strong and time.monotonic() - self._said_at > SAY_SECONDS:
                self._said_at = time.monotonic()
                self.say_mismatches([writer.stream_id for writer in list(self._strong)], self.background)
            if self._copier is not None and time.monotonic() >= self._copier.due and not self._stopping:
                self._copy()
            self._wake.wait(timeout=self._pause())
            self._wake.clear()
        if self._copier is not None:
            self._copy(time.monotonic() + CLOSE_SECONDS)
            self._copier.close()

    def _attend(self, writer: StreamWriter) -> bool:
        """Whether nothing of this writer waits any more; where there is no sealer, seal it."""
        if self.sealing_process.usable:
            self.sealing_process.ensure()
            trouble = self.sealing_process.trouble() if writer.waits > STALLED_SECONDS else ""
            if trouble:
                busy = any(word in trouble for word in ("Locked", "Busy", "WalFull"))
                self._complain(trouble, LOG_JOURNAL_SPOOLED if busy else LOG_SQLITE_WRITE_FAILED)
            ignored = writer.waits > IGNORED_SECONDS and not trouble
            if not ignored and not writer.orphaned:
                return writer.reap()
        return writer.drain(self.background)

    def _pause(self) -> float:
        """How long the thread sleeps when nobody wakes it."""
        pause = 1.0 if self._strong else 30.0
        return pause if self._copier is None else min(pause, max(self._copier.due - time.monotonic(), 0.01))

    def _copy(self, until: float = float("inf")) -> None:
        """Carry to the network folder what is new, what is open in the journal included."""
        assert self._copier is not None
        self._copier.round([writer.identity for writer in list(self._strong)], until)

    def _checkpoint(self) -> None:
        """Move the log into the database, as far as readers allow, on the thread's time."""
        self.background()
        if self._background.checkpoint():
            self._inline.wal_pages = 0

    # --- the end -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Seal every stream of this process and leave; what the store does not take stays in the journal."""
        for writer in list(self._strong):
            writer.close()
        self._stopping = True
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5 if self._copier is None else 5 + CLOSE_SECONDS)
        self._inline.close()
        self._background.close()
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


def end_sessions(folder: Path) -> None:
    """Close this process's sessions with stores in `folder`, so that it can be removed."""
    for path in [path for path in _SESSIONS if folder in (path, *path.parents)]:
        _SESSIONS[path].close()


def _refusal(error: Exception) -> LogConstant:
    """What to say of an error of the store: it is busy, its disk failed, or something else is wrong with it."""
    if isinstance(error, (StoreLocked, WalFull, apsw.BusyError, apsw.LockedError)):
        return LOG_JOURNAL_SPOOLED
    disk = isinstance(error, (StoreFull, apsw.FullError, apsw.IOError, OSError))
    return LOG_SQLITE_DISK_FAILED if disk else LOG_SQLITE_WRITE_FAILED


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
    _still_end_by_ctrl_c()


def _still_end_by_ctrl_c() -> None:
    """Have Python die of SIGINT where Ctrl-C ended its program, as it would without us: a shell's loop ends only then.

    It remembers that in a flag, which running any text as code clears; dataclasses do that when their module is
    imported, and closing imports some. An interrupt that leaves such a text sets the flag.
    """
    if getattr(sys, "last_type", None) is KeyboardInterrupt and not hasattr(sys, "ps1"):
        with contextlib.suppress(KeyboardInterrupt):
            exec("raise KeyboardInterrupt")


def _after_fork_in_child() -> None:
    for session in _SESSIONS.values():
        session.abandon()
    _SESSIONS.clear()
    forget_after_fork()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_after_fork_in_child)
