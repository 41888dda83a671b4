"""Who is alive: a record lock that the kernel lets go of when its process ends, however it ends.

POSIX record locks, not `flock`: a forked child would keep the latter for its dead parent. They have one trap: closing
*any* descriptor of the file gives the lock up, so a process opens its lock file once and never looks at it again.

The first byte of a process's lock file says that it lives; who holds the second may seal what it has written, before
and after its death; the third is held for the moments in which the file is made its own, or removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import time
from functools import cache
from pathlib import Path

from cornerman.core.ids import new_ulid

from .location import ELSEWHERE, JOURNAL

_FLOCK = struct.Struct("hhqqi4x")  # struct flock on 64-bit Linux: type, whence, start, length, pid
_LIFE, _SEALING, _NAMING = 0, 1, 2


class Process:
    """This process as the journal knows it: a name, a folder, and a lock held until the process is gone."""

    def __init__(self, store: Path) -> None:
        self.pid = os.getpid()
        (store / JOURNAL).mkdir(parents=True, exist_ok=True)
        self.name, self._descriptor = _locked(store)
        self.folder = store / JOURNAL / self.name
        self.folder.mkdir()
        _OWN.add(lock_path(store, self.name))

    def take_sealing(self) -> bool:
        """Ask for the right to seal this process's streams, without waiting for it."""
        return lock_byte(self._descriptor, _SEALING)

    def give_sealing(self) -> None:
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, _SEALING)

    def leave(self) -> None:
        """Give up the lock and, where nothing is left to seal, the folder."""
        lock = self.folder.with_name(self.name + ".lock")
        try:
            self.folder.rmdir()
            lock.unlink(missing_ok=True)
        except OSError:
            pass  # segments are left for recovery, or the store has gone
        os.close(self._descriptor)
        _OWN.discard(lock)


_OWN: set[Path] = set()


def _locked(store: Path) -> tuple[str, int]:
    """A new name and its locked file. The lock comes before the folder: recovery removes a folder that nobody locks."""
    while True:
        name = new_ulid()
        lock = lock_path(store, name)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        with contextlib.suppress(OSError):
            named = lock_byte(descriptor, _NAMING) and os.stat(lock).st_ino == os.fstat(descriptor).st_ino
            if named and lock_byte(descriptor):
                os.write(descriptor, f"{os.getpid()} {boot_id()}\n".encode())
                fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, _NAMING)
                return name, descriptor
        os.close(descriptor)  # recovery was quicker: it took the new file for a dead process's


def lock_path(store: Path, process: str) -> Path:
    return store / JOURNAL / f"{process}.lock"


def alive(store: Path, process: str) -> bool:
    """Whether the process of this name still runs on this host."""
    lock = lock_path(store, process)
    if lock in _OWN:
        return True
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return _seen_lately(store, process)
    except OSError:  # a store that may only be read: ask the kernel by pid instead
        return _alive_by_pid(lock)
    try:
        return holder(descriptor) is not None
    finally:
        os.close(descriptor)


def seen_elsewhere(store: Path, process: str, until_us: int) -> None:
    """A process of another node was there: it counts as alive until then, unless it is seen again."""
    sign = store / ELSEWHERE / process
    with contextlib.suppress(OSError):
        sign.parent.mkdir(exist_ok=True)
        sign.touch()
        os.utime(sign, ns=(until_us * 1000, until_us * 1000))


def _seen_lately(store: Path, process: str) -> bool:
    try:
        return os.stat(store / ELSEWHERE / process).st_mtime_ns > time.time_ns()
    except OSError:
        return False


def lock_byte(descriptor: int, byte: int = _LIFE) -> bool:
    """Lock one byte of a file, without waiting; False where another process has it."""
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
    except OSError:
        return False
    return True


class Neighbour:
    """Another process's place in the journal, for the one who seals what that process writes, or wrote."""

    def __init__(self, store: Path, process: str, *, make: bool = False) -> None:
        self.folder = store / JOURNAL / process
        self._lock = lock_path(store, process)
        self._descriptor = os.open(self._lock, os.O_RDWR | os.O_CLOEXEC | os.O_CREAT * make, 0o644)

    @property
    def alive(self) -> bool:
        return holder(self._descriptor) is not None

    def take_sealing(self) -> bool:
        return lock_byte(self._descriptor, _SEALING)

    def give_sealing(self) -> None:
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, _SEALING)

    def bury(self) -> None:
        """Remove an empty folder and its lock, unless somebody has just taken that name."""
        if lock_byte(self._descriptor, _NAMING) and not self.alive:
            if self.folder.exists():
                self.folder.rmdir()
            self._lock.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of it, and with the file of whatever was locked in it."""
        os.close(self._descriptor)


def holder(descriptor: int) -> int | None:
    """The pid that holds the lock that says it lives, or None."""
    asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _LIFE, 1, 0)
    kind, _, _, _, pid = _FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    return None if kind == fcntl.F_UNLCK else pid


@cache
def boot_id() -> str:
    """Which boot of the kernel this is: pids mean nothing beyond it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


def _alive_by_pid(lock: Path) -> bool:
    try:
        pid, boot = lock.read_text().split()
    except (OSError, ValueError):
        return False
    return boot == boot_id() and Path(f"/proc/{pid}").exists()


def forget_after_fork() -> None:
    """In a forked child: the parent's locks are not ours, and must be asked for like anybody's."""
    _OWN.clear()
