"""How far files of log lines were imported: `log_imports/<id>.json`, so that the same lines never come twice.

A file is recognised by what is in it, not by its name: by its first line, and then by a checksum over everything that
was read of it. One that has grown, or was renamed by a rotation, is known again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

FOLDER: Final = "log_imports"


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
    records: int
    run_id: str = ""
    last_us: int | None = None
    """The time of its last line that has one: those after it that have none take it."""


def keep(store: Path, state: LogImport) -> None:
    """Write down how far an import is. OSError where that cannot be written."""
    place = store / FOLDER / f"{state.id}.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = place.with_suffix(f".{os.getpid()}.new")
    aside.write_bytes(msgspec.json.encode(state))
    aside.replace(place)


def known(store: Path, head: str) -> list[LogImport]:
    """The imports of files that begin with this line, those that went furthest first."""
    found = []
    for place in (store / FOLDER).glob("*.json"):
        with contextlib.suppress(OSError, msgspec.DecodeError):
            state = _DECODER.decode(place.read_bytes())
            if state.head == head:
                found.append(state)
    return sorted(found, key=lambda state: -state.bytes)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


_DECODER = msgspec.json.Decoder(LogImport)
