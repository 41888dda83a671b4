"""How far files of log lines were imported, so that the same lines never come twice: it comes into `logs.db` with them.

A file is recognised by what is in it, not by its name: by its first line, and then by a checksum over everything that
was read of it. One that has grown, or was renamed by a rotation, is known again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from cornerman.core.errors import StoreError, StoreNotFound

from .connection import translated
from .liveness import lock_byte
from .logs.database import LOGS, connect_logs, fetch
from .logs.spool import Source

IMPORT: Final = "import/"
"""What the names of these sources begin with."""
TURN: Final = "log-import"
"""Locked by the process that imports: two that read the same file would both think that it is new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogImport:
    """One file, as far as it was read."""

    id: str
    source: str
    head: str
    """SHA-256 of its first line."""
    chain: str
    """SHA-256 of its first `bytes` bytes, unpacked."""
    bytes: int
    after: int = 0
    """So many records of what follows those bytes came, too: the lines of several may belong together."""
    records: int
    run_id: str = ""
    last_us: int | None = None
    """The time of its last line that has one: those after it that have none take it."""

    def as_source(self) -> Source:
        return Source(IMPORT + self.id, msgspec.json.encode(self).decode())


@contextlib.contextmanager
def importing(store: Path) -> Iterator[None]:
    """StoreError while another process imports."""
    descriptor = os.open(store / TURN, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not lock_byte(descriptor):
            raise StoreError(
                f"Another import-logs brings lines into {store}.", "When it has ended the same command goes on."
            )
        yield
    finally:
        os.close(descriptor)


def known(store: Path, head: str) -> list[LogImport]:
    """The imports of files that begin with this line, those that went furthest first."""
    try:
        connection = connect_logs(store)
    except StoreNotFound:
        return []
    try:
        with translated(store, LOGS):
            rows = fetch(connection, "select read from source where name glob ?", (f"{IMPORT}*",))
    finally:
        connection.close()
    found = []
    for (read,) in rows:
        with contextlib.suppress(msgspec.DecodeError):
            state = _DECODER.decode(read)
            if state.head == head:
                found.append(state)
    return sorted(found, key=lambda state: -state.bytes)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


_DECODER = msgspec.json.Decoder(LogImport)
