"""Whether the log records are whole: what each block says of itself against what is in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import numpy as np

from cornerman.core.errors import CornermanError, StoreNotFound

from ..connection import snapshot, translated
from .block import SLICES, packed
from .blocks import read_rows
from .database import FILE, connect_logs, fetch
from .removal import log_bytes
from .spool import opened, spools


def log_problems(path: Path) -> Iterator[str]:
    """What is wrong with `logs.db`; nothing where all is well, or where there is none."""
    if not (path / FILE).exists():
        return
    try:
        connection = connect_logs(path)
    except StoreNotFound:
        return
    except CornermanError as error:
        yield error.what
        return
    try:
        with translated(path), snapshot(connection):
            yield from integrity(connection)
            yield from _blocks(connection)
    except CornermanError as error:
        yield error.what
    finally:
        connection.close()


def file_problems(path: Path, *, thorough: bool = True) -> list[str]:
    """What SQLite finds wrong with `logs.db`; nothing where there is none."""
    if not (path / FILE).exists():
        return []
    connection = connect_logs(path)
    try:
        with translated(path):
            return integrity(connection, thorough=thorough)
    finally:
        connection.close()


def integrity(connection: apsw.Connection, *, thorough: bool = True) -> list[str]:
    """What SQLite finds wrong with the file."""
    check = "integrity_check" if thorough else "quick_check"
    found = [str(row[0]) for row in connection.execute(f"pragma {check}(10)")]
    return [] if found == ["ok"] else [f"SQLite says: {message}" for message in found]


def _blocks(connection: apsw.Connection) -> Iterator[str]:
    kinds = {id for (id,) in connection.execute("select id from kind")}
    last = 0
    heads = fetch(
        connection,
        "select id, first_id, last_id, count, min_us, max_us, sealed, bytes, kinds, counts, ranges"
        " from block order by first_id",
    )
    for head in heads:
        if head[1] <= last:
            yield f"block {head[0]} begins with record {head[1]}, but the one before ends with {last}"
        last = head[2]
        try:
            yield from _block(connection, head, kinds)
        except CornermanError as error:
            yield f"block {head[0]} (records {head[1]} to {head[2]}) does not decode: {error.what}"
    orphans = f"select count(*) from block_text where id / {SLICES} not in (select id from block)"
    if (found := int(fetch(connection, orphans)[0][0])) > 0:
        yield f"{found} texts belong to no block"


def _block(connection: apsw.Connection, head: tuple[Any, ...], kinds: set[int]) -> Iterator[str]:
    """A block is what writing its records again would make."""
    id, sealed = head[0], head[6]
    rows = read_rows(connection, id)
    own = np.frombuffer(head[8], "<u4")  # in the order of the node that made it
    if set(own.tolist()) != set(rows.kind):
        yield f"block {id} names other kinds than its records have"
        return
    again = packed(rows, own, sealed=bool(sealed))
    said = dict(zip(("first id", "last id", "count", "first time", "last time"), head[1:6], strict=True))
    now = (again.first_id, again.last_id, again.count, again.min_us, again.max_us)
    for (name, value), found in zip(said.items(), now, strict=True):
        if value != found:
            yield f"block {id} says {name} {value}, its records {found}"
    if (head[8], head[9]) != (again.kinds, again.counts):
        yield f"block {id} counts its kinds otherwise than its records do"
    if head[10] != again.ranges:
        yield f"block {id} says other ranges of episode, step, env or pid than its records have"
    if unknown := set(own.tolist()) - kinds:
        yield f"block {id} has {len(unknown)} kinds that are not in the table of kinds"
    stored = fetch(connection, "select words, slices from block_grams where block = ?", (id,))
    if sealed and (not stored or tuple(stored[0]) != again.sets):
        yield f"block {id} has another set of pieces than its texts make: a search could miss some"


class LogState:
    """The log records of a store at a glance: what `cornerman doctor` reads."""

    def __init__(self, path: Path) -> None:
        self.records = self.bytes = self.kinds = self.waiting = 0
        self.lost: dict[str, int] = {}
        """Records that were not kept, by cause."""
        for spool in spools(path):
            with opened(spool) as reading:
                self.waiting += reading.size if reading is not None else 0
        if not (path / FILE).exists():
            return
        connection = connect_logs(path)
        try:
            with translated(path), snapshot(connection):
                self.records = fetch(connection, "select coalesce(sum(count), 0) from block")[0][0]
                self.bytes = log_bytes(connection)
                self.kinds = fetch(connection, "select count(*) from kind")[0][0]
                self.lost = dict(fetch(connection, "select cause, count from loss"))
                done = dict(fetch(connection, "select name, offset from spool"))
        finally:
            connection.close()
        self.waiting = max(0, self.waiting - sum(done.get(spool.stem, 0) for spool in spools(path)))
