"""Taking log records away: those of a deleted run, and the oldest where there are too many or too old ones.

Blocks of that run alone go as they are; of blocks that have others' records too, the rest is written anew. Each
transaction takes some blocks, so that nobody waits long. Counts are those of the blocks: they stay exact.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import numpy as np

from cornerman.core.errors import StoreError

from .backlog import left
from .block import BlockDamaged
from .blocks import read_rows, remove_block, write_block
from .database import FILE, create_logs, fetch, removed, writing
from .ingest import Ingestor, count_lost
from .spool import spools

BLOCKS = 16
"""Blocks of one transaction."""


def delete_run_logs(path: Path, run_id: str) -> int:
    """Remove every log record and sample of a run; the bytes freed. StoreError where that cannot be."""
    if not (path / FILE).exists() and not spools(path) and not left(path):
        return 0
    ingestor = Ingestor(path, busy_ms=5000)
    try:
        ingestor.turn()  # else what waits in a spool would come later
        connection = ingestor.connection()
        with writing(connection, path):
            connection.execute("insert or ignore into deleted_run values (?)", (run_id,))
            connection.execute(
                "delete from source where name glob 'import/*' and json_extract(read, '$.run_id') = ?", (run_id,)
            )
        freed = remove_records(connection, path, lambda: _kinds_of(connection, run_id))
        with writing(connection, path):
            connection.execute("delete from sample where run_id = ?", (run_id,))
            connection.execute("delete from log_run where run_id = ?", (run_id,))
        return freed
    finally:
        ingestor.close()


def remove_records(
    connection: apsw.Connection, path: Path, kinds_now: Callable[[], set[int]], before: int | None = None
) -> int:
    """Remove the records of some kinds, or those of them before an id; the bytes freed. Kinds without any go too."""
    freed, after, more = 0, 0, True
    while more:
        with writing(connection, path):
            kinds = kinds_now()
            found = _blocks_with(connection, kinds, after, before)
            for id, first_id, last_id, size, own in found[:BLOCKS]:
                whole = own and (before is None or last_id < before)
                freed += size - (0 if whole else _rewrite(connection, id, kinds, before))
                if whole:
                    remove_block(connection, id)
                after = first_id
            more = len(found) > BLOCKS
            if not more and before is None:
                for table, key in (("kind", "id"), ("replica_kind", "kind")):
                    connection.executemany(f"delete from {table} where {key} = ?", [(kind,) for kind in kinds])
            if kinds and (found or before is None):
                removed(connection)
    give_back(connection)
    return freed


def prune_logs(path: Path, *, max_bytes: int = 0, older_than_us: int | None = None) -> int:
    """Remove the oldest blocks until the rest fits, and those that are older; how many records went. 0: no limit."""
    if not (path / FILE).exists() or not (max_bytes or older_than_us is not None):
        return 0
    connection, gone = create_logs(path), 0
    try:
        while True:
            blocks = _too_much(connection, max_bytes, older_than_us)
            if not blocks:
                break
            with writing(connection, path):
                for id, count in blocks:
                    remove_block(connection, id)
                    gone += count
                removed(connection)
        if older_than_us is not None:
            with writing(connection, path):
                connection.execute("delete from sample where time_us < ?", (older_than_us,))
        if gone:
            with writing(connection, path):
                _forget_kinds(connection)
            give_back(connection)
    finally:
        connection.close()
    return gone


class Retention:
    """Prunes now and then, as the settings say: asked by whoever brings records in."""

    SECONDS = 60.0

    def __init__(self, path: Path, max_bytes: int, max_age_days: float) -> None:
        self.path, self.max_bytes, self.max_age_days = path, max_bytes, max_age_days
        self._next = 0.0

    def turn(self) -> int:
        """How many records went; most of the time it is not time yet."""
        if not (self.max_bytes or self.max_age_days) or time.monotonic() < self._next:
            return 0
        self._next = time.monotonic() + self.SECONDS
        older = time.time_ns() // 1000 - int(self.max_age_days * 86_400e6) if self.max_age_days else None
        try:
            return prune_logs(self.path, max_bytes=self.max_bytes, older_than_us=older)
        except StoreError:  # locked now: the next minute
            return 0


def log_bytes(connection: apsw.Connection) -> int:
    """What all blocks take."""
    return int(fetch(connection, "select coalesce(sum(bytes), 0) from block")[0][0])


def give_back(connection: apsw.Connection) -> None:
    """Return freed pages to the disk, a few at a time."""
    for _ in range(64):
        if not fetch(connection, "pragma freelist_count")[0][0]:
            break
        fetch(connection, "pragma incremental_vacuum(2048)")


def _too_much(connection: apsw.Connection, max_bytes: int, older_than_us: int | None) -> list[tuple[int, int]]:
    """Blocks that are too much, a transaction's worth: those that are too old wherever they stand, for a clock may have
    stood wrong and files are imported late; else the first."""
    if older_than_us is not None:
        old = "select id, count from block where max_us < ? order by first_id limit ?"
        if found := fetch(connection, old, (older_than_us, BLOCKS)):
            return found
    excess = log_bytes(connection) - max_bytes if max_bytes else 0
    found = []
    for id, count, size in fetch(connection, "select id, count, bytes from block order by first_id limit ?", (BLOCKS,)):
        if excess <= 0:
            break
        excess -= size
        found.append((id, count))
    return found


def _kinds_of(connection: apsw.Connection, run_id: str) -> set[int]:
    return {id for (id,) in connection.execute("select id from kind where run_id = ?", (run_id,))}


def _blocks_with(
    connection: apsw.Connection, kinds: set[int], after: int, before: int | None
) -> list[tuple[int, int, int, int, bool]]:
    """The next blocks with records of these kinds: id, first and last id, bytes, and whether they have no others."""
    wanted = np.array(sorted(kinds), np.uint32)
    found: list[tuple[int, int, int, int, bool]] = []
    rows: Any = connection.execute(
        "select id, first_id, last_id, bytes, kinds from block where first_id > ? and first_id < ? order by first_id",
        (after, 2**62 if before is None else before),
    )
    for *head, blob in rows:
        here = np.isin(np.frombuffer(blob, "<u4", len(blob) // 4), wanted)
        if here.any():
            found.append((*head, bool(here.all())))
            if len(found) > BLOCKS:
                break
    return found


def _rewrite(connection: apsw.Connection, id: int, kinds: set[int], before: int | None) -> int:
    """A block without the records of these kinds before an id; the bytes of what is left."""
    sealed, count = fetch(connection, "select sealed, count from block where id = ?", (id,))[0]
    try:
        rows = read_rows(connection, id, partly=True)
    except BlockDamaged:  # whose its records are can no longer be told
        remove_block(connection, id)
        count_lost(connection, "damaged", count)
        return 0
    end = 2**62 if before is None else before
    left = rows.where([kind not in kinds or own >= end for kind, own in zip(rows.kind, rows.id, strict=True)])
    remove_block(connection, id)
    if not len(left):
        return 0
    new = write_block(connection, left, sealed=bool(sealed))
    return int(fetch(connection, "select bytes from block where id = ?", (new,))[0][0])


def _forget_kinds(connection: apsw.Connection) -> None:
    """Kinds that no block has any more, and runs of which nothing is left."""
    used: set[int] = set()
    for (blob,) in connection.execute("select kinds from block"):
        used.update(np.frombuffer(blob, "<u4", len(blob) // 4).tolist())
    gone = [(id,) for (id,) in connection.execute("select id from kind") if id not in used]
    connection.executemany("delete from kind where id = ?", gone)
    connection.executemany("delete from replica_kind where kind = ?", gone)
    connection.execute("delete from log_run where run_id not in (select run_id from kind)")
    removed(connection)
