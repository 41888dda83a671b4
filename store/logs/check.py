"""Whether the log records are whole: what each block says of itself against what is in it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import apsw
import numpy as np

from cornerman.core.errors import CornermanError, StoreNotFound
from cornerman.core.logs.port import Damaged

from ..connection import snapshot, translated
from .block import SLICES, BlockDamaged, packed
from .blocks import read_columns, read_rows, read_slice
from .database import FILE, LOGS, connect_logs, fetch
from .index import SELECT_HEADS, sound_heads
from .removal import log_bytes
from .spool import newer_than_we_know, opened, parse, spools


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
        with translated(path, LOGS), snapshot(connection):
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
        with translated(path, LOGS):
            return integrity(connection, thorough=thorough)
    finally:
        connection.close()


def damaged(path: Path) -> Damaged:
    """What readers will not be able to read, found without making records of what they can."""
    if not (path / FILE).exists():
        return Damaged()
    connection = connect_logs(path)
    try:
        with translated(path, LOGS), snapshot(connection):
            heads = fetch(connection, SELECT_HEADS)
            known = np.array([id for (id,) in fetch(connection, "select id from kind")], np.int64)
            sound = sound_heads(heads, partial(_places, known))
            found = [_unreadable(connection, *head) for head in zip(heads, sound, strict=True)]
        return Damaged(sum(one.records for one in found), sum(one.texts for one in found))
    finally:
        connection.close()


def _unreadable(connection: apsw.Connection, head: tuple[Any, ...], sound: bool) -> Damaged:
    id, _, _, count, _, _, kinds, *_ = head
    if not sound:
        return Damaged(records=max(0, count))
    try:
        columns = read_columns(connection, id, count, len(kinds) // 4)
        columns.check()
    except BlockDamaged:
        return Damaged(records=count)
    texts = 0
    for number, (begin, end) in enumerate(pairwise([*columns.bounds, count])):
        try:
            read_slice(connection, id, columns, number)
        except BlockDamaged:
            texts += end - begin
    return Damaged(texts=texts)


def integrity(connection: apsw.Connection, *, thorough: bool = True) -> list[str]:
    """What SQLite finds wrong with the file."""
    check = "integrity_check" if thorough else "quick_check"
    found = [str(row[0]) for row in connection.execute(f"pragma {check}(10)")]
    return [] if found == ["ok"] else [f"SQLite says: {message}" for message in found]


def _blocks(connection: apsw.Connection) -> Iterator[str]:
    kinds = np.array([id for (id,) in fetch(connection, "select id from kind order by id")], np.int64)
    last = 0
    heads = fetch(connection, SELECT_HEADS)
    sound = sound_heads(heads, partial(_places, kinds))
    for head, is_one in zip(heads, sound, strict=True):
        if head[1] <= last:
            yield f"block {head[0]} begins with record {head[1]}, but the one before ends with {last}"
        last = head[2]
        try:
            yield from _block(connection, head, is_one)
        except CornermanError as error:
            yield f"block {head[0]} (records {head[1]} to {head[2]}) does not decode: {error.what}"
    orphans = f"select count(*) from block_text where id / {SLICES} not in (select id from block)"
    if (found := int(fetch(connection, orphans)[0][0])) > 0:
        yield f"{found} texts belong to no block"


def _block(connection: apsw.Connection, head: tuple[Any, ...], is_one: bool) -> Iterator[str]:
    """A block is what writing its records again would make."""
    id, *numbers, kinds, counts, ranges, sealed = head
    if not is_one:
        yield f"block {id} has a head that does not agree with itself, or kinds that are not in the table of kinds"
        return
    rows = read_rows(connection, id)
    own = np.frombuffer(kinds, "<u4")  # in the order of the node that made it
    if set(own.tolist()) != set(rows.kind):
        yield f"block {id} names other kinds than its records have"
        return
    again = packed(rows, own, sealed=bool(sealed))
    said = dict(zip(("first id", "last id", "count", "first time", "last time"), numbers, strict=True))
    now = (again.first_id, again.last_id, again.count, again.min_us, again.max_us)
    for (name, value), found in zip(said.items(), now, strict=True):
        if value != found:
            yield f"block {id} says {name} {value}, its records {found}"
    if (kinds, counts) != (again.kinds, again.counts):
        yield f"block {id} counts its kinds otherwise than its records do"
    if ranges != again.ranges:
        yield f"block {id} says other ranges of episode, step, env or pid than its records have"
    stored = fetch(connection, "select words, slices from block_grams where block = ?", (id,))
    if sealed and (not stored or tuple(stored[0]) != again.sets):
        yield f"block {id} has another set of pieces than its texts make: a search could miss some"


def _places(kinds: Any, ids: Any) -> Any:
    return np.where(np.isin(ids, kinds), 0, -1)


HEAD_BYTES = 1024
"""Of a spool that have its head."""


class LogState:
    """The log records of a store at a glance: what `cornerman doctor` reads."""

    def __init__(self, path: Path) -> None:
        self.records = self.bytes = self.kinds = self.waiting = 0
        self.newer = 0
        """Spools of a later Cornerman."""
        self.lost: dict[str, int] = {}
        """Records that were not kept, by cause."""
        for spool in spools(path):
            with opened(spool) as reading:
                if reading is not None:
                    self.waiting += reading.size
                    self.newer += newer_than_we_know(parse(reading.read(0, HEAD_BYTES), 0).items)
        if not (path / FILE).exists():
            return
        connection = connect_logs(path)
        try:
            with translated(path, LOGS), snapshot(connection):
                self.records = fetch(connection, "select coalesce(sum(count), 0) from block")[0][0]
                self.bytes = log_bytes(connection)
                self.kinds = fetch(connection, "select count(*) from kind")[0][0]
                self.lost = dict(fetch(connection, "select cause, count from loss"))
                done = dict(fetch(connection, "select name, offset from spool"))
        finally:
            connection.close()
        self.waiting = max(0, self.waiting - sum(done.get(spool.stem, 0) for spool in spools(path)))
