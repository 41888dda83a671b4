"""The state of a store as its files tell it, without repairing or recording anything: what `cornerman doctor` reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from .connection import connect, format_of, translated
from .liveness import alive
from .location import DATABASE, JOURNAL


class JournalState(NamedTuple):
    """What one process has in the journal. Segments of a dead one wait to be sealed; readers see them nevertheless."""

    process: str
    pid: int | None
    alive: bool
    segments: int
    bytes: int


def journals(path: Path) -> list[JournalState]:
    """Every process that has something in the journal of the store at `path`."""
    journal = path / JOURNAL
    names = {entry.name.removesuffix(".lock") for entry in journal.iterdir()} if journal.is_dir() else set()
    return [_journal(path, name) for name in sorted(names)]


def _journal(path: Path, name: str) -> JournalState:
    folder = path / JOURNAL / name
    segments = list(folder.glob("*.seg")) if folder.is_dir() else []
    return JournalState(name, _pid(path, name), alive(path, name), len(segments), sum(map(_size, segments)))


def _pid(path: Path, name: str) -> int | None:
    try:
        return int((path / JOURNAL / f"{name}.lock").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def database_bytes(path: Path) -> int:
    return _size(path / DATABASE)


def wal_bytes(path: Path) -> int:
    """The size of the write-ahead log: large only while a reader holds its transaction open."""
    return _size(path / f"{DATABASE}-wal")


def _size(file: Path) -> int:
    try:
        return os.stat(file).st_size
    except OSError:
        return 0


def store_format(path: Path) -> int:
    """The number of the store's format; StoreError where it cannot be read."""
    connection = connect(path)
    try:
        return format_of(connection, path)
    finally:
        connection.close()


def integrity(path: Path, *, thorough: bool = True, limit: int = 10) -> list[str]:
    """What SQLite finds wrong with its file; empty where nothing is. Thorough reads all of it, else the structure."""
    connection = connect(path)
    try:
        with translated(path):
            check = "integrity_check" if thorough else "quick_check"
            found = [str(row[0]) for row in connection.execute(f"pragma {check}({limit})")]
    finally:
        connection.close()
    return [] if found == ["ok"] else found
